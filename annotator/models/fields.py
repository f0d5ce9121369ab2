"""Helpers shared by the models: constraint builders and defaults."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import CheckConstraint, Func, Q, TextChoices

SHA256_PATTERN = r"^[0-9a-f]{64}$"
SLUG_PATTERN = r"^[a-z0-9]+([._-][a-z0-9]+)*$"
PLATFORM_ID_PATTERN = r"^[A-Za-z0-9_-]{6,64}$"  # as crowd platforms name people, studies and sessions


def one_of(field: str, choices: type[TextChoices], *, name: str) -> CheckConstraint:
    """The column holds one of the values of `choices` (or is null where the field allows it)."""
    return CheckConstraint(condition=Q(**{f"{field}__in": choices.values}), name=name)


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
