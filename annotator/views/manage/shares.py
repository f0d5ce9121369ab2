"""Shares of people's answers in words, with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotator.consensus.binomial import wilson
from annotator.models import Member

# Column, heading, and the counts that its share is of.
SHARES = [
    ("gold", "Gold accuracy", "gold_right", "gold_count"),
    ("repeats", "Repeat consistency", "repeat_same", "repeat_count"),
    ("left", "Left share", "left_count", "side_count"),
    ("fast", "Too fast", "fast_count", "timed_count"),
    ("agreement", "Differs from most", "differed_count", "shared_count"),
]


@dataclass(frozen=True)
class Share:
    """A share as a table shows it; `words` is "–" where there are no answers."""

    heading: str
    words: str
    interval: str
    counts: str


def shares_of(members: list[Member], heading: str, part: str, whole: str) -> list[Share]:
    parts, wholes = (np.array([getattr(member.stats, name) for member in members]) for name in (part, whole))
    lower, upper = wilson(parts, wholes)
    return [
        Share(
            heading=heading,
            words=f"{k / n:.0%}".replace("%", " %") if n else "–",
            interval=f"{100 * low:.0f}–{100 * high:.0f} %" if n else "",
            counts=f"{k} of {n}" if n else "none yet",
        )
        for k, n, low, high in zip(parts.tolist(), wholes.tolist(), lower.tolist(), upper.tolist(), strict=True)
    ]


def number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form).replace("-", "−")


def share_words_of(heading: str, k: int, n: int) -> Share:
    """One share, of k of n."""
    lower, upper = wilson(k, n)
    return Share(
        heading=heading,
        words=f"{k / n:.0%}".replace("%", " %") if n else "–",
        interval=f"{100 * float(lower):.0f}–{100 * float(upper):.0f} %" if n else "",
        counts=f"{k:,} of {n:,}" if n else "none yet",
    )
