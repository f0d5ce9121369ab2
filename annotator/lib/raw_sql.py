"""Hand-written SQL for the few queries that cost more to build than to run: whole in a `.sql` file, its rows typed by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, cast, get_args, get_type_hints

from django.db import DEFAULT_DB_ALIAS, connections, models

from annotator.lib.postgres.base import DatabaseWrapper

T = TypeVar("T")

_columns: dict[str, tuple[str, ...]] = {}
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Statement:
    """SQL with `$1`, `$2` … as PostgreSQL itself has it, and the names of the parameters in that order.

    psycopg takes `%(name)s` apart at every call where a statement is longer than 4,096 characters, which costs a vote a tenth
    of its time.
    """

    text: str
    names: tuple[str, ...]


def statement(sql: str) -> Statement:
    """From SQL with `%(name)s::type` for its parameters."""
    text = without_comments(sql)
    names = list(dict.fromkeys(_PLACEHOLDER.findall(text)))
    return Statement(_PLACEHOLDER.sub(lambda found: f"${names.index(found[1]) + 1}", text), tuple(names))


def without_comments(sql: str) -> str:
    """Without the lines that are comments, which the server need not read each time."""
    return "\n".join(line.rstrip() for line in sql.splitlines() if line.strip() and not line.lstrip().startswith("--"))


def read_sql(module: str, name: str) -> str:
    """The text of `<name>.sql` beside a module (its `__file__`), for a cursor of Django's."""
    return without_comments(Path(module).with_name(f"{name}.sql").read_text())


def read_statement(module: str, name: str) -> Statement:
    """The one in `<name>.sql` beside a module (its `__file__`)."""
    return statement(read_sql(module, name))


@dataclass(frozen=True)
class Result:
    """What a statement returned: the names of its columns, and its rows."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def as_rows(self, shape: type[T]) -> list[T]:
        """The rows as instances of a dataclass. Other columns may be there: a statement can have rows of two shapes in one.

        A field that is a model is read from the columns named `field.column`; what the statement leaves out is deferred. One
        that may be None is None where the primary key is. Any other field is the column of its name.
        """
        return list(map(_reader(cast(Any, shape), self.names), self.rows))

    def first(self, shape: type[T]) -> T:
        """The first row. Raises IndexError where there is none."""
        return cast(T, _reader(cast(Any, shape), self.names)(self.rows[0]))


def fetch_prepared(query: Statement, parameters: Mapping[str, Any]) -> Result:
    """Run a statement that is prepared once for a connection. Parameters must carry their types in the SQL."""
    with cast(DatabaseWrapper, connections[DEFAULT_DB_ALIAS]).prepared_cursor() as cursor:
        cursor.execute(query.text, [parameters[name] for name in query.names])
        if query.text not in _columns:  # making the description takes longer than reading the rows
            _columns[query.text] = tuple(column.name for column in cursor.description)
        return Result(_columns[query.text], cursor.fetchall())


@cache
def _reader(shape: Hashable, names: tuple[str, ...]) -> Callable[[tuple[Any, ...]], Any]:
    """Raises ValueError, at the first row, for a field without a column."""
    places = {name: place for place, name in enumerate(names)}
    parts = [_part(field, hint, places) for field, hint in get_type_hints(shape).items()]
    build = cast(Callable[..., Any], shape)
    return lambda row: build(*(part(row) for part in parts))


def _part(field: str, hint: Any, places: Mapping[str, int]) -> Callable[[tuple[Any, ...]], Any]:
    model = next((kind for kind in (hint, *get_args(hint)) if isinstance(kind, type) and issubclass(kind, models.Model)), None)
    if model is None:
        if field not in places:
            raise ValueError(f"The statement has no column {field!r}.")
        return itemgetter(places[field])
    attnames = [item.attname for item in model._meta.concrete_fields if f"{field}.{item.column}" in places]
    columns = [places[f"{field}.{item.column}"] for item in model._meta.concrete_fields if f"{field}.{item.column}" in places]
    key = places.get(f"{field}.{model._meta.pk.column}")
    if key is None or len(columns) < 2:
        raise ValueError(f"The statement has no columns for {field!r}, the primary key and another at least.")
    values = itemgetter(*columns)

    def instance(row: tuple[Any, ...]) -> models.Model:
        return model.from_db(DEFAULT_DB_ALIAS, attnames, values(row))

    if NoneType in get_args(hint):
        return lambda row: None if row[key] is None else instance(row)
    return instance
