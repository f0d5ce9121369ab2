"""Pieces of the card's text: numbers with their nouns, lists, tables, quotes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from annotator.choices import Choice
from annotator.releasing.dataset.columns import Feature
from annotator.releasing.dataset.layout import SPLITS, Layout
from annotator.releasing.dataset.parquet import Written
from annotator.releasing.dataset.vote_files import VoteCount

CHOICE_WORDS = {Choice.A: "`a`", Choice.B: "`b`", Choice.BOTH_GOOD: "both good", Choice.BOTH_BAD: "both bad"}
NOT_STATED = "not stated"

SPECIAL = re.compile(r"[\\`*\[\]~$|]|(?<![^\W_])_|_(?![^\W_])|^[-+#>=]")
ENTITY = re.compile(r"&(?=#|\w)")
AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^\s<>]*)>")
LINK = re.compile(r"\](?=\(\s*(?!https?://|mailto:|#)|:(?!\s*https?://))")  # or a definition of one
RUNS_CODE = re.compile(r"\b(javascript|vbscript):", re.IGNORECASE)


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


def literal(text: str) -> str:
    """A text from people on one line, also in a table: it is read as it was written, and nothing in it is Markdown or HTML."""
    return defused(ENTITY.sub("&amp;", SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))))


def quoted(markdown: str) -> str:
    """Markdown from managers as a quote, so that its headings are not taken for the card's.

    Its tags are read as text, and it has no links but those to the web: sites that show cards do not all clean them.
    """
    bare = AUTOLINK.sub(r"\1", markdown.strip())
    linked = LINK.sub(r"\\\g<0>", bare)
    return "\n".join(f"> {line}".rstrip() for line in defused(linked).splitlines())


def defused(text: str) -> str:
    """Without HTML, and without a scheme that runs code: for a reader both look as before."""
    return RUNS_CODE.sub(r"\1&#58;", text.replace("<", "&lt;"))


def fenced(text: str, language: str = "") -> str:
    """As it is; the fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Of texts that are Markdown already."""
    return "| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows)


def type_of(feature: Feature) -> str:
    if isinstance(feature, list):
        return f"list of {type_of(feature[0])}"
    if "_type" not in feature:
        return "{" + ", ".join(f"{name}: {type_of(inner)}" for name, inner in feature.items()) + "}"
    if feature["_type"] == "ClassLabel":
        return "ClassLabel: " + ", ".join(f"{code} {name}" for code, name in enumerate(feature["names"]))
    return str(feature.get("dtype", feature["_type"]))
