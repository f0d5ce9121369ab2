"""Leaderboards of made-up figures, as the statistics have them."""

from __future__ import annotations

from typing import Any


def ranked(name: str, score: float, **figures: Any) -> dict[str, Any]:
    return {
        "generator": name,
        "score": score,
        "lower": score - 0.5,
        "upper": score + 0.5,
        "standard_error": 0.25,
        "rank_lower": 1,
        "rank_upper": 2,
        "p_first": 0.5,
        "n_comparisons": 1200,
        "n_wins": 900,
        "n_losses": 297,
        "n_ties": 3,
        **figures,
    }


def board(*generators: dict[str, Any], **figures: Any) -> dict[str, Any]:
    """In it the better of two beats the other with 0.75, which is clear for neighbours only in the other direction of doubt."""
    size = len(generators)

    def matrix(add: float) -> list[list[float | None]]:
        return [[None if i == j else (0.75 if i < j else 0.25) + add for j in range(size)] for i in range(size)]

    return {
        "refusal": None,
        "generators": list(generators),
        "question": "overall",
        "category": None,
        "votes": 1200,
        "votes_left_out": 0,
        "votes_per_pair": None,
        "prompts": 60,
        "annotators": 30,
        "p_beats": matrix(0.0),
        "p_beats_lower": matrix(-0.1),
        "p_beats_upper": matrix(0.1),
        "p_above": matrix(0.24),
        "order_changes": [],
        "side": None,
        "davidson": None,
        **figures,
    }
