"""Helpers shared by the models: constraint builders and defaults."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import BaseConstraint, CheckConstraint, Func, Q, TextChoices

from annotator.models.lookalikes import skeleton

SHA256_PATTERN = r"^[0-9a-f]{64}$"
SLUG_PATTERN = r"^[a-z0-9]+([._-][a-z0-9]+)*$"
LANGUAGE_PATTERN = r"^([a-z]{2,3}(-[a-z]{2,8})?)?$"  # as in settings.LANGUAGES; empty for none
PLATFORM_ID_PATTERN = r"^[A-Za-z0-9_-]{6,64}$"  # as crowd platforms name people, studies and sessions


def one_of(field: str, choices: type[TextChoices], *, name: str) -> CheckConstraint:
    """The column holds one of the values of `choices` (or is null where the field allows it)."""
    return CheckConstraint(condition=Q(**{f"{field}__in": choices.values}), name=name)


class ForeignKeyPair(BaseConstraint):
    """A foreign key of two columns, which no field of Django's is: both are those of one and the same row of `to`.

    It keeps a row from referring to what belongs to another campaign (or prompt). A field it stands in for has
    `db_constraint=False`, so that a row that is written is looked up once and not twice. In `to` the two columns are unique
    together, and that constraint is made first.
    """

    def __init__(self, *, fields: Sequence[str], to: str, to_fields: Sequence[str], name: str) -> None:
        super().__init__(name=name)
        self.fields, self.to, self.to_fields = tuple(fields), to, tuple(to_fields)

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        parent = model._meta.apps.get_model(self.to)
        quote = schema_editor.quote_name
        own, its = (
            ", ".join(quote(of._meta.get_field(name).column) for name in names)
            for of, names in ((model, self.fields), (parent, self.to_fields))
        )
        return (
            f"CONSTRAINT {quote(self.name)} FOREIGN KEY ({own}) REFERENCES {quote(parent._meta.db_table)} ({its})"
            " DEFERRABLE INITIALLY DEFERRED"
        )

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        return f"ALTER TABLE {schema_editor.quote_name(model._meta.db_table)} ADD {self.constraint_sql(model, schema_editor)}"

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        return (
            f"ALTER TABLE {schema_editor.quote_name(model._meta.db_table)} DROP CONSTRAINT {schema_editor.quote_name(self.name)}"
        )

    def validate(
        self, model: type[models.Model], instance: models.Model, exclude: Iterable[str] | None = None, using: str = ""
    ) -> None:
        """Leaves it to the database: no form offers what belongs to another campaign."""

    def deconstruct(self) -> tuple[str, tuple[()], dict[str, Any]]:
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, (), {"fields": self.fields, "to": self.to, "to_fields": self.to_fields, "name": self.name}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ForeignKeyPair) and self.deconstruct() == other.deconstruct()


def in_campaign(field: str, to: str, *, name: str) -> ForeignKeyPair:
    """What the row refers to belongs to the same campaign as the row."""
    return ForeignKeyPair(fields=["campaign", field], to=f"annotator.{to}", to_fields=["campaign", "id"], name=name)


def random_public_id() -> str:
    """16 random hex digits: an address or a pseudonym from which nothing can be read or guessed."""
    return secrets.token_hex(8)


if TYPE_CHECKING:
    TextField = models.Field[str, str]
else:
    TextField = models.Field


class TransactionId(TextField):
    """The number of a transaction, which the server hands out in the order in which they begin to write. Text in Python."""

    def db_type(self, connection: Any) -> str:
        return "xid8"


class ThisTransaction(Func):
    """The number of the transaction that is under way."""

    function = "pg_current_xact_id"
    arity = 0

    def __init__(self, *expressions: Any, **extra: Any) -> None:
        super().__init__(*expressions, output_field=TransactionId(), **extra)


class SkeletonField(models.CharField):
    """What a name looks like (models.lookalikes), kept with each row, so that the database refuses two that look alike.

    Empty for crowd users, whose names nobody chooses, and for names from before this field that looked like another's.
    """

    def __init__(self, *args: Any, of: str = "username", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of = of

    def pre_save(self, model_instance: models.Model, add: bool) -> str | None:
        if getattr(model_instance, self.attname) is not None or (add and not getattr(model_instance, "is_crowd", False)):
            setattr(model_instance, self.attname, skeleton(getattr(model_instance, self.of)))
        kept: str | None = getattr(model_instance, self.attname)
        return kept
