"""Tables in Markdown, made of rows of results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.support.results import Row

Cell = Callable[[Row], Any]
NOTHING = "–"
BUSY = 1.5  # load before anything is measured


@dataclass(frozen=True)
class Column:
    title: str
    cell: Cell
    form: str = "{}"


def of(name: str, title: str, form: str = "{}") -> Column:
    """The figure of that name."""
    return Column(title, lambda row: row.get(name), form)


def table(rows: Iterable[Row], columns: Sequence[Column]) -> str:
    """Columns without a figure in any row are left out. Figures stand to the right, words to the left."""
    listed = list(rows)
    shown = [column for column in columns if any(column.cell(row) is not None for row in listed)]
    are_words = [all(isinstance(column.cell(row), str) for row in listed) for column in shown]
    lines = [[column.title for column in shown], ["---" if is_word else "---:" for is_word in are_words]]
    lines += [[_text(column.cell(row), column.form) for column in shown] for row in listed]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def measured(rows: Sequence[Row]) -> str:
    """Where the rows are from, as a sentence."""
    places = dict.fromkeys(f"{row['date']}, commit {row['commit']}, {row['machine']}" for row in rows)
    rounds = {row.get("rounds") for row in rows} - {None}
    of_rounds = f"; medians of {rounds.pop()} rounds" if len(rounds) == 1 and rounds != {1} else ""
    load = max((row.get("load", 0.0) for row in rows), default=0.0)
    busy = f" The machine was busy with other work (a load of {load:.0f}): on a quiet one, all is faster." if load > BUSY else ""
    return f"Measured on {'; '.join(places)}{of_rounds}.{busy}"


def _text(value: Any, form: str) -> str:
    return NOTHING if value is None else form.format(value)
