"""A leaderboard as the statistics page shows it: which one, its rows with a small chart, and who beats whom as a heat map."""

from __future__ import annotations

from typing import Any

CHART_WIDTH = 200  # units of the small charts
STEPS = 10  # of the heat map, from never to always
FEW = 20  # prompts or people, below which intervals say little of others
SEPARATOR = "/"  # between question and category; no slug has it


def address_of(board: dict[str, Any]) -> str:
    """How a page's address names it."""
    return f"{board['question']}{SEPARATOR}{board['category'] or ''}"


def chosen(boards: list[dict[str, Any]], asked: str | None, default: dict[str, Any]) -> dict[str, Any]:
    """The one that is asked for; the default, where there is none of that name."""
    return next((board for board in boards if address_of(board) == asked), default)


def choices(boards: list[dict[str, Any]], shown: dict[str, Any]) -> list[dict[str, Any]]:
    """One per leaderboard: its address, its words and whether it is shown."""
    questions = {board["question"] for board in boards}

    def words(board: dict[str, Any]) -> str:
        category = board["category"] or "all prompts"
        return f"{board['question']} · {category}" if len(questions) > 1 else category

    return [
        {"value": address_of(board), "words": words(board), "is_shown": address_of(board) == address_of(shown)}
        for board in boards
    ]


def rows_of(board: dict[str, Any]) -> list[dict[str, Any]]:
    """The generators, each with its place, and where its score and its interval are on the chart."""
    generators = board["generators"]
    ends = [row[end] for row in generators for end in ("lower", "upper") if row[end] is not None]
    low, high = min(ends, default=0.0), max(ends, default=1.0)

    def at(score: float) -> str:
        return f"{4 + (score - low) / ((high - low) or 1.0) * (CHART_WIDTH - 8):.1f}"

    return [
        {
            **row,
            "place": place,
            "chart": {name: at(row[name]) for name in ("score", "lower", "upper")} if row["score"] is not None else None,
        }
        for place, row in enumerate(generators, 1)
    ]


def heat_map(board: dict[str, Any]) -> list[dict[str, Any]]:
    """A row per generator, with a cell for each: P(row beats column), its step of the colour scale, and whether it is clear."""
    lower, upper = board["p_beats_lower"], board["p_beats_upper"]

    def cell(i: int, j: int, p: float | None) -> dict[str, Any] | None:
        if p is None:
            return None
        return {
            "p": p,
            "lower": lower[i][j],
            "upper": upper[i][j],
            "step": round(p * STEPS),
            "is_clear": not lower[i][j] <= 0.5 <= upper[i][j],
        }

    return [
        {"place": i + 1, "generator": row["generator"], "cells": [cell(i, j, p) for j, p in enumerate(values)]}
        for i, (row, values) in enumerate(zip(board["generators"], board["p_beats"], strict=False))
    ]


def weaknesses(board: dict[str, Any]) -> list[str]:
    """What makes this leaderboard weak, in sentences."""
    found = []
    for number, one, many in ((board["annotators"], "person", "people"), (board["prompts"], "prompt", "prompts")):
        if 0 < number < FEW:
            found.append(f"Only {number} {one if number == 1 else many}: the intervals say little of other {many}.")
    return found
