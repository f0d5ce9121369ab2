"""Which statements would run on all shards, were the tables of campaigns spread over servers by `campaign_id`.

Citus sends a statement to one server where each table in it that is spread has its `campaign_id` compared with something. What
is looked at here is the text, table by table: `FROM annotator_vote vote` needs `vote.campaign_id = …` or `… = vote.campaign_id`
(or IN), and an INSERT the column. What a subquery says of its table without an alias counts for all without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.apps import apps

_COLUMN = "campaign_id"
_TABLE = re.compile(
    r"\b(?P<verb>FROM|JOIN|INTO|UPDATE)\s+(?:ONLY\s+)?\"?(?P<table>annotator_\w+)\"?"
    r"(?:\s+(?:AS\s+)?\"?(?P<alias>(?!(?:ON|SET|WHERE|CROSS|JOIN|LEFT|INNER|ORDER|GROUP|LIMIT|VALUES|SELECT|USING|FOR|UNION|RETURNING)\b)"
    r"[A-Za-z_]\w*)\"?)?(?P<columns>\s*\([^)]*\))?",
    re.IGNORECASE,
)
# What PostgreSQL writes of a statement with `log_statement = all`; further lines of it begin with a tab.
_LOGGED = re.compile(r"LOG:\s+(?:duration: \S+ ms\s+)?(?:statement|execute [^:]*|parse [^:]*|bind [^:]*): (?P<sql>.*)")


def spread_tables() -> frozenset[str]:
    """Those whose rows are of one campaign and say of which."""
    models = apps.get_app_config("annotator").get_models()
    return frozenset(
        model._meta.db_table for model in models if _COLUMN in {field.column for field in model._meta.local_concrete_fields}
    )


def crossing_tables(sql: str, spread: frozenset[str]) -> list[str]:
    """The spread tables that the statement would look for on all shards, in their order."""
    found: list[str] = []
    for use in _TABLE.finditer(sql):
        table = use["table"]
        if table not in spread or table in found:
            continue
        is_told = _COLUMN in (use["columns"] or "") if use["verb"].upper() == "INTO" else _is_compared(sql, use["alias"] or table)
        if not (is_told or (use["alias"] is None and _is_compared(sql, ""))):
            found.append(table)
    return found


def _is_compared(sql: str, name: str) -> bool:
    column = rf"\"?{name}\"?\.\"?{_COLUMN}\"?" if name else rf"(?<![.\w\"])\"?{_COLUMN}\"?"
    return re.search(rf"{column}\s*(=|IN\b)|=\s*{column}(?!\w)", sql, re.IGNORECASE) is not None


def statements_of_files(root: Path) -> Iterator[tuple[str, str]]:
    """Each `.sql` file below, with its path from there."""
    for file in sorted(root.rglob("*.sql")):
        yield str(file.relative_to(root)), file.read_text()


def statements_of_log(lines: Iterable[str]) -> Iterator[str]:
    """What a log of PostgreSQL has of statements, each once."""
    known: set[str] = set()
    said: list[str] = []
    for line in [*lines, ""]:
        if line.startswith("\t") and said:
            said.append(line.strip())
            continue
        sql = " ".join(said)
        if said and sql not in known:
            known.add(sql)
            yield sql
        logged = _LOGGED.search(line)
        said = [logged["sql"].strip()] if logged else []
