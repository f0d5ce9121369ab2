"""Model instances out of hand-written SQL, for the few queries whose SQL costs more to build than to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections, models

from annotator.lib.postgres.base import DatabaseWrapper

M = TypeVar("M", bound=models.Model)


def fetch_prepared(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement that is prepared once for a connection. Parameters must carry their types in the SQL."""
    with cast(DatabaseWrapper, connections[DEFAULT_DB_ALIAS]).prepared_cursor() as cursor:
        cursor.execute(sql, parameters)
        return cast("list[tuple[Any, ...]]", cursor.fetchall())


class Columns(Generic[M]):
    """Some columns of a model under an alias: their SQL, and the instance that a row of them is. The rest is deferred.

    Raises FieldDoesNotExist for a name that is no field, when the module is imported.
    """

    def __init__(self, model: type[M], alias: str, *names: str) -> None:
        wanted = {model._meta.get_field(name) for name in names}
        fields = [field for field in model._meta.concrete_fields if field in wanted or not names]
        self.model = model
        self.attnames = [field.attname for field in fields]
        self.sql = ", ".join(f"{alias}.{field.column}" for field in fields)

    def instance(self, values: Sequence[Any]) -> M:
        return self.model.from_db(DEFAULT_DB_ALIAS, self.attnames, values)


class RowReader:
    """Takes one row apart, in the order in which its columns were selected."""

    def __init__(self, row: Sequence[Any]) -> None:
        self._row = row
        self.at = 0

    def take(self, columns: Columns[M]) -> M:
        start, self.at = self.at, self.at + len(columns.attnames)
        return columns.instance(self._row[start : self.at])

    def take_value(self) -> Any:
        self.at += 1
        return self._row[self.at - 1]

    def peek(self) -> Any:
        """The value that is next, without taking it."""
        return self._row[self.at]
