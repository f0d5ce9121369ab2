"""Pieces of the card's text: numbers with their nouns, lists, tables, quotes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from annotator.choices import Choice
from annotator.releasing.dataset.configs import SPLITS, Layout
from annotator.releasing.dataset.parquet import Written
from annotator.releasing.dataset.vote_files import VoteCount

CHOICE_WORDS = {Choice.A: "`a`", Choice.B: "`b`", Choice.BOTH_GOOD: "both good", Choice.BOTH_BAD: "both bad"}
NOT_STATED = "not stated"


def interval_of(rate: dict[str, Any]) -> str:
    """A rate of the statistics with its exact 95 % interval."""
    return f"{rate['rate']:.1%} (95 % interval {rate['lower']:.1%} to {rate['upper']:.1%})"


def share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def config_and_split(file: Written) -> tuple[str, str]:
    config, _, name = file.path.partition("/")
    return config, name.partition("-")[0]


def splits_of(layout: Layout, shards: list[Written]) -> list[str]:
    """The splits that the config has files of."""
    present = {config_and_split(file) for file in shards}
    return [split for split in SPLITS if (layout.config, split) in present]


def total(counts: Iterable[VoteCount]) -> int:
    return sum(count.votes for count in counts)


def number(count: int, noun: str, several: str = "") -> str:
    return f"{count:,} {noun if count == 1 else several or f'{noun}s'}"


def words(choices: Iterable[str]) -> list[str]:
    return [CHOICE_WORDS[choice] for choice in Choice if choice in choices]


def listed(names: Iterable[str]) -> str:
    *first, last = list(names) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def quoted(markdown: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in markdown.strip().splitlines())


def fenced(text: str, language: str = "") -> str:
    """As it is; the fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def table(rows: Iterable[tuple[str, str]]) -> str:
    return "| | |\n|---|---|\n" + "\n".join(f"| {cell(name)} | {cell(value)} |" for name, value in rows)


def cell(text: str) -> str:
    """A text inside a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def type_of(feature: dict[str, Any]) -> str:
    if feature["_type"] == "ClassLabel":
        return "ClassLabel: " + ", ".join(f"{code} {name}" for code, name in enumerate(feature["names"]))
    return feature.get("dtype", feature["_type"])
