"""What the document says of a campaign's pace and of its days: see schema.py."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rate:
    """A rate, `k` of `n`, with its exact (Clopper–Pearson) interval; where votes hang together, for as many as they are worth."""

    k: int
    n: int
    rate: float | None
    lower: float
    upper: float


@dataclass(frozen=True)
class Day:
    """The votes of one day (UTC)."""

    day: str
    votes: int
    annotators: int


@dataclass(frozen=True)
class Throughput:
    """Votes per hour and day, and the time per vote."""

    votes_last_hour: int
    votes_last_day: int
    days: list[Day]  # the last 30 days with votes, newest first
    median_elapsed_ms: float | None  # of the annotators' medians
    median_votes_per_hour: float | None  # of the annotators' votes in each hour in which they voted


@dataclass(frozen=True)
class HistoryDay:
    """One day (UTC) on which somebody answered. Only votes that count are in the rates; each vote is of the day it was given."""

    day: str
    votes: int  # regular votes of people that count
    votes_void: int  # regular votes of this day that a suspension made void
    annotators: int
    gold: Rate  # correct answers to gold pairs
    left: Rate  # the left image, of the votes for one image
    agreement: Rate  # votes that match the majority of the other annotators of their pair


@dataclass(frozen=True)
class HistoryHour:
    """The votes that count of one hour (UTC)."""

    hour: str  # its first moment
    votes: int


@dataclass(frozen=True)
class History:
    """How the campaign went: its last 30 days with answers, and the last 48 hours, both the oldest first."""

    days: list[HistoryDay] = field(default_factory=list)
    hours: list[HistoryHour] = field(default_factory=list)
