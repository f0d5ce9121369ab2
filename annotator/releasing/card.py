"""The dataset card: README.md with the YAML that clients read and the text that people judge the data by.

It says nothing of the release's number or of when it was built: the same votes give the same card, and so the same revision.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from annotator.choices import AssignmentKind, Choice, Label, VoidReason
from annotator.releasing.cuts import DEFAULT_SHARES
from annotator.releasing.layouts import BINARIZED, DEFAULT_CONFIG, LAYOUTS, PAIRS, SPLITS, VOTES, Layout
from annotator.releasing.parquet import Written
from annotator.releasing.staging import Facts, VoteCount

SIZE_CATEGORIES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
TAGS = ["human-feedback", "preference", "pairwise-comparison", "text-to-image", "diptych"]
UNDECIDED = (Label.BOTH_GOOD, Label.BOTH_BAD, Label.TIE)
CHOICE_WORDS = {Choice.A: "`a`", Choice.B: "`b`", Choice.BOTH_GOOD: "both good", Choice.BOTH_BAD: "both bad"}


def write_card(target: Path, *, facts: Facts, shards: Iterable[Written]) -> Written:
    """Write README.md. `shards` are the release's other files."""
    text = card(facts, list(shards)).encode()
    with target.open("wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Written(path=target.name, size=len(text), sha256=hashlib.sha256(text).hexdigest())


def card(facts: Facts, shards: list[Written]) -> str:
    sections = [
        f"---\n{yaml.safe_dump(front_matter(facts, shards), sort_keys=False, allow_unicode=True, width=120)}---",
        f"# {facts.name}",
        facts.description.strip(),
        introduction(facts),
        "## What was asked\n\n" + questions(facts),
        *(["## The guideline\n\n" + guidelines(facts)] if facts.guidelines else []),
        "## In figures\n\n" + figures(facts),
        "## The configs\n\n" + "\n\n".join(config_section(layout, facts, shards) for layout in LAYOUTS),
        "## Splits\n\n" + splits(),
        "## How to load it\n\n" + loading(facts),
        "## Licence\n\nNo licence was stated for this dataset. Ask its makers before you use it beyond what the law allows.",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


# --- what clients read


def front_matter(facts: Facts, shards: list[Written]) -> dict[str, Any]:
    """The YAML. No licence: none is known. Sizes are exact, since clients check the numbers of rows."""
    matter: dict[str, Any] = {
        "pretty_name": facts.name,
        "task_categories": ["text-to-image"],
        "tags": TAGS,
        "size_categories": [size_category(facts.pairs)],
    }
    if languages := sorted({match[0] for tag in facts.languages if (match := re.match(r"[a-z]{2,3}(?![A-Za-z])", tag))}):
        matter["language"] = languages
    matter["configs"] = [
        {
            "config_name": layout.config,
            **({"default": True} if layout.config == DEFAULT_CONFIG else {}),
            "data_files": [{"split": split, "path": f"{layout.config}/{split}-*"} for split in splits_of(layout, shards)],
        }
        for layout in LAYOUTS
    ]
    matter["dataset_info"] = [dataset_info(layout, shards) for layout in LAYOUTS]
    return matter


def dataset_info(layout: Layout, shards: list[Written]) -> dict[str, Any]:
    its = [file for file in shards if config_and_split(file)[0] == layout.config]
    return {
        "config_name": layout.config,
        "features": [column.yaml for column in layout.columns],
        "splits": [
            {
                "name": split,
                "num_bytes": sum(file.num_bytes for file in its if config_and_split(file)[1] == split),
                "num_examples": sum(file.rows for file in its if config_and_split(file)[1] == split),
            }
            for split in splits_of(layout, shards)
        ],
        "download_size": sum(file.size for file in its),
        "dataset_size": sum(file.num_bytes for file in its),
    }


def splits_of(layout: Layout, shards: list[Written]) -> list[str]:
    """The splits that the config has files of."""
    present = {config_and_split(file) for file in shards}
    return [split for split in SPLITS if (layout.config, split) in present]


def config_and_split(file: Written) -> tuple[str, str]:
    config, _, name = file.path.partition("/")
    return config, name.partition("-")[0]


def size_category(rows: int) -> str:
    return next((name for limit, name in SIZE_CATEGORIES if rows < limit), "n>10M")


# --- what people read


def introduction(facts: Facts) -> str:
    counted = counted_votes(facts)
    annotators = len({count.annotator_id for count in counted})
    return (
        f"Human preferences over generated images: {number(facts.pairs, 'pair')} of images of the same prompt,"
        f" {number(facts.prompts, 'prompt')}, {number(len(facts.generators), 'generator')},"
        f" {number(total(counted), 'vote')} by {number(annotators, 'annotator')}.\n\n"
        "Each annotator saw two images side by side under their prompt, without knowing what had made them. Which image stood on"
        " which side was balanced over the annotators and is recorded with each vote. People who withdrew their consent are left"
        " out. Collected with Diptych."
    )


def questions(facts: Facts) -> str:
    lines = [
        f"- **{question['text']}** (`{question['slug']}`), answered with {listed(words(question['choices']))}"
        for question in facts.questions
    ]
    if len(facts.questions) > 1:
        lines.append(
            f"\nThe first question is the primary one: labels and counts in `{PAIRS.config}` and `{BINARIZED.config}` are of it."
            f" The answers to the others are in `{VOTES.config}`."
        )
    return "\n".join(lines)


def guidelines(facts: Facts) -> str:
    """Every version that was in force, in full. Quoted, so that its headings are not taken for the card's."""
    votes = Counter[int]()
    for count in facts.votes:
        if count.guideline_version is not None:
            votes[count.guideline_version] += count.votes
    newest = facts.guidelines[-1]["version"]
    return "\n\n".join(
        f"### Version {guideline['version']}\n\n{number(votes[guideline['version']], 'vote')} cast under it.\n\n"
        + quoted(guideline["text"])
        for guideline in facts.guidelines
        if votes[guideline["version"]] or guideline["version"] == newest
    )


def figures(facts: Facts) -> str:
    judged = facts.pairs - facts.overlap.get("0", 0)
    counted = counted_votes(facts)
    mean = f"{total(counted) / judged:.2f}" if judged else "–"
    agreement = f"{facts.agreement:.3f}" if facts.agreement is not None else "–"
    rows = [
        ("pairs", f"{facts.pairs:,}"),
        ("… judged at least once", f"{judged:,}"),
        ("… with a known answer (gold)", f"{facts.gold_pairs:,}"),
        ("prompts", f"{facts.prompts:,}"),
        ("generators", listed(facts.generators) or "not stated"),
        ("votes that count", f"{total(counted):,}"),
        ("votes on a judged pair, on average", mean),
        ("share of the pairs of votes on a pair that agree, on average", agreement),
    ]
    table = "| | |\n|---|---|\n" + "\n".join(f"| {cell(name)} | {cell(value)} |" for name, value in rows)
    return "\n\n".join([table, overlap_table(facts), label_table(facts), left_out_votes(facts)]).strip()


def overlap_table(facts: Facts) -> str:
    rows = "\n".join(f"| {votes} | {pairs:,} |" for votes, pairs in facts.overlap.items())
    return f"| votes on a pair | pairs |\n|---:|---:|\n{rows}" if rows else ""


def label_table(facts: Facts) -> str:
    meanings = {choice.value: f"most votes for {CHOICE_WORDS[choice]}" for choice in Choice}
    meanings[Label.TIE.value] = "two or more choices lead"
    rows = "\n".join(f"| `{label}` | {meanings[label]} | {facts.labels.get(label, 0):,} |" for label in Label.values)
    return f"| label | | pairs |\n|---|---|---:|\n{rows}\n| none | no votes yet | {facts.overlap.get('0', 0):,} |"


def left_out_votes(facts: Facts) -> str:
    """Which votes are in the votes config and in no label."""
    lines = []
    for reason in VoidReason:
        if votes := total(count for count in facts.votes if count.void_reason == reason):
            lines.append(f"- {votes:,} void: {reason.label.lower()} (`void_reason` is `{reason.value}`)")
    for kind in AssignmentKind:
        its = [count for count in facts.votes if count.kind == kind and count.void_reason is None]
        if kind != AssignmentKind.REGULAR and its:
            lines.append(f"- {total(its):,} of kind `{kind.value}`")
    for question in facts.questions[1:]:
        its = [count for count in facts.votes if count.question == question["slug"] and is_live_regular(count)]
        lines.append(f"- {total(its):,} on the question `{question['slug']}`")
    if not lines:
        return f"Every vote in `{VOTES.config}` counts."
    return f"In `{VOTES.config}` there are also votes that make no label:\n\n" + "\n".join(lines)


def config_section(layout: Layout, facts: Facts, shards: list[Written]) -> str:
    its = Counter[str]()
    for file in shards:
        config, split = config_and_split(file)
        if config == layout.config:
            its[split] += file.rows
    sizes = ", ".join(f"{split} {its[split]:,}" for split in splits_of(layout, shards))
    columns = "\n".join(f"| `{column.name}` | {cell(type_of(column.feature))} | {column.meaning} |" for column in layout.columns)
    parts = [
        f"### `{layout.config}`\n\nA row is {layout.row_is}: {its.total():,} in all ({sizes}).",
        left_out_of_binarized(facts) if layout is BINARIZED else "",
        f"| column | type | |\n|---|---|---|\n{columns}",
    ]
    return "\n\n".join(part for part in parts if part)


def left_out_of_binarized(facts: Facts) -> str:
    reasons = [
        (facts.overlap.get("0", 0), "without votes"),
        *((facts.labels.get(label, 0), f"with the label `{label.value}`") for label in UNDECIDED),
        (facts.held_with_winner, "that the managers took out of circulation"),
    ]
    left_out = sum(pairs for pairs, _ in reasons)
    if not left_out:
        return f"It leaves out none of the pairs of `{PAIRS.config}`."
    lines = "\n".join(f"- {pairs:,} {reason}" for pairs, reason in reasons if pairs)
    return f"It leaves out {number(left_out, 'pair')} of `{PAIRS.config}`:\n\n{lines}"


def splits() -> str:
    shares = [f"{share:.0%} to {split}" for split, share in zip(SPLITS, DEFAULT_SHARES, strict=True)]
    return (
        "A pair and its votes are in the split of their prompt, which is drawn by the hash of the prompt's text:"
        f" {listed(shares)}. So no prompt is in two splits, the same prompt is in the same split in every config, release and"
        " campaign, and a small dataset may lack a split."
    )


def loading(facts: Facts) -> str:
    repository = f"{settings.HUB_NAMESPACE}/{facts.slug}"
    return (
        "```python\n"
        "from datasets import load_dataset\n\n"
        f'pairs = load_dataset("path/to/this/folder")  # the default config, {DEFAULT_CONFIG}\n'
        f'votes = load_dataset("path/to/this/folder", "{VOTES.config}", split="train")\n'
        f'pairs = load_dataset("{repository}", revision="…")  # from a Hub, by revision\n'
        "```\n\n"
        f"Each row of `{PAIRS.config}` can be recomputed from the rows of `{VOTES.config}` with its `pair_id`: take those of kind"
        " `regular` on the primary question whose `void_reason` is null."
    )


# --- words


def counted_votes(facts: Facts) -> list[VoteCount]:
    primary = facts.questions[0]["slug"] if facts.questions else None
    return [count for count in facts.votes if count.question == primary and is_live_regular(count)]


def is_live_regular(count: VoteCount) -> bool:
    return count.kind == AssignmentKind.REGULAR and count.void_reason is None


def total(counts: Iterable[VoteCount]) -> int:
    return sum(count.votes for count in counts)


def number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def words(choices: Iterable[str]) -> list[str]:
    return [CHOICE_WORDS[choice] for choice in Choice if choice in choices]


def listed(names: Iterable[str]) -> str:
    *first, last = list(names) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def quoted(markdown: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in markdown.strip().splitlines())


def cell(text: str) -> str:
    """A text inside a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def type_of(feature: dict[str, Any]) -> str:
    if feature["_type"] == "ClassLabel":
        return "ClassLabel: " + ", ".join(f"{code} {name}" for code, name in enumerate(feature["names"]))
    return feature.get("dtype", feature["_type"])
