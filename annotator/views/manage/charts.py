"""Charts: the numbers of a figure, as the page's script draws them and as the table beside it says them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.formats import date_format

from annotator.views.manage.stats import DASH, whole

DAY = 86_400


@dataclass(frozen=True)
class Series:
    """One line or row of bars. `lower` and `upper` are an interval around each value. `colour` names a token of tokens.css."""

    label: str
    values: list[float | None]
    colour: str = "accent"
    is_bars: bool = False
    lower: list[float | None] = field(default_factory=list)
    upper: list[float | None] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # beside each value in the table


@dataclass(frozen=True)
class Mark:
    """A moment on the time axis, and what happened then."""

    at: float
    words: str


@dataclass(frozen=True)
class Chart:
    """`of` says of which votes it is. `at` are seconds since 1970; `heads` says the same in the table."""

    name: str
    title: str
    of: str
    at: list[float]
    heads: list[str]
    series: list[Series]
    is_share: bool = False
    marks: list[Mark] = field(default_factory=list)

    @property
    def script_id(self) -> str:
        return f"chart-{self.name}"

    def as_json(self) -> dict[str, Any]:
        """What the script needs."""
        series = [{name: value for name, value in asdict(row).items() if name != "notes"} for row in self.series]
        return {"at": self.at, "series": series, "isShare": self.is_share, "marks": [asdict(mark) for mark in self.marks]}

    @property
    def rows(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The newest first: each with its values and notes in words."""
        rows = [
            (head, [(self._words(row.values[place]), row.notes[place] if row.notes else "") for row in self.series])
            for place, head in enumerate(self.heads)
        ]
        return rows[::-1]

    def _words(self, value: float | None) -> str:
        if value is None:
            return DASH
        return f"{100 * value:.0f} %" if self.is_share else whole(round(value))


def noon_of(day: str) -> float:
    """Where a day stands on the axis."""
    return datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()


def day_words(day: str) -> str:
    found = parse_date(day)
    return date_format(found, "j M Y") if found else day


def rate_series(label: str, rates: list[dict[str, Any]], colour: str) -> Series:
    """Of rates of the statistics document: with intervals, and how many votes each is of."""
    return Series(
        label,
        [rate["rate"] for rate in rates],
        colour,
        lower=[rate["lower"] if rate["n"] else None for rate in rates],
        upper=[rate["upper"] if rate["n"] else None for rate in rates],
        notes=[
            f"{100 * rate['lower']:.0f}–{100 * rate['upper']:.0f} %, n = {whole(rate['n'])}" if rate["n"] else ""
            for rate in rates
        ],
    )
