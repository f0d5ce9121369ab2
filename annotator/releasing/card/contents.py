"""The card's sections on what is in the data: coverage, configs, splits, limits, licence."""

from __future__ import annotations

import re
from collections import Counter

from django.conf import settings

from annotator.choices import COMPACT_CONFIGS, Label
from annotator.releasing.card.facts import Facts
from annotator.releasing.card.phrases import (
    NOT_STATED,
    config_and_split,
    fenced,
    listed,
    literal,
    number,
    quoted,
    share,
    splits_of,
    type_of,
)
from annotator.releasing.card.warnings import warnings
from annotator.releasing.dataset.compact import LABELS
from annotator.releasing.dataset.configs import PAIRS, VOTES, layouts_for
from annotator.releasing.dataset.layout import SPLITS, Layout
from annotator.releasing.dataset.parquet import Written

UNDECIDED = (Label.BOTH_GOOD, Label.BOTH_BAD, Label.TIE)
NAMED_MAX = 20  # categories and languages that are listed
FEW_VOTES = 2.0  # votes on a pair, below which a label says little
LOW_ALPHA = 0.4
LARGE_SHARE = 0.1  # of the votes by one person
NO_ROWS = "It has no rows here. Its file has the columns; `datasets` cannot load a table without rows, so it does not list it."
LOADING = """\
From the Diptych site: set `HF_ENDPOINT` to its address followed by `/hub`, and `HF_TOKEN` if the data is not public. From
another Hub where it was published: use its name there. `revision` is a release (`v1`) or a revision of 40 digits, which always
means the same content.

```python
from datasets import load_dataset

{default} = load_dataset("{repository}", revision="v1")  # the default config
votes = load_dataset("{repository}", "{votes}", revision="v1", split="train")
```

All files, with `huggingface_hub`. This fails if the revision is not available, and never uses another one:

```python
from huggingface_hub import snapshot_download

folder = snapshot_download("{repository}", repo_type="dataset", revision="v1")
```

A table from that folder, with pandas or DuckDB:

```python
import duckdb
import pandas as pd

votes = pd.read_parquet(f"{{folder}}/{votes}")
{counted} = duckdb.read_parquet(f"{{folder}}/{counted}/*.parquet").aggregate("{column}, count(*)")
```
{joined}
Each label can be recomputed from the rows of `{votes}` with the same `pair_id`: use the votes on that question with
kind `regular` and a null `void_reason`. Agreement can be recomputed from those with `is_first`.
"""
JOINED = """
The pairs with their labels on the primary question, and the images of one of them. Nothing is in this release twice, and a later
release shares the files of `images` with it:

```python
pairs = duckdb.sql(
    f"SELECT * FROM '{{folder}}/pair_info/*.parquet' JOIN '{{folder}}/labels/*.parquet' USING (pair_id) WHERE question = 0"
).df()
images = load_dataset("{repository}", "images", revision="v1", split="train")
rows = {{sha256: row for row, sha256 in enumerate(images["sha256"])}}
image_a, image_b = (images[rows[pairs[f"sha256_{{slot}}"][0]]]["image"] for slot in "ab")
```
"""


def coverage(facts: Facts) -> str:
    parts = []
    for word, covered in (("category", "categories"), ("language", "languages")):
        ranked = sorted(facts.statistics[covered], key=lambda row: (-row["pairs"], row["name"]))
        rows = "\n".join(
            f"| {literal(row['name']) or NOT_STATED} | {row['pairs']:,} | {row['votes']:,} |" for row in ranked[:NAMED_MAX]
        )
        if not rows:
            continue
        more = f"\n\nand {len(ranked) - NAMED_MAX:,} more." if len(ranked) > NAMED_MAX else ""
        parts.append(f"| {word} | pairs | votes |\n|---|---:|---:|\n{rows}{more}")
    return "\n\n".join(parts)


def config_section(layout: Layout, facts: Facts, shards: list[Written]) -> str:
    its = Counter[str]()
    for file in shards:
        config, split = config_and_split(file)
        if config == layout.config:
            its[split] += file.rows
    sizes = ", ".join(f"{split} {its[split]:,}" for split in splits_of(layout, shards))
    columns = "\n".join(f"| `{column.name}` | {type_of(column.feature)} | {column.meaning} |" for column in layout.columns)
    counted = f"{its.total():,} rows ({sizes})." if its.total() else NO_ROWS
    parts = [
        f"### `{layout.config}`\n\nOne row is {layout.row_is}. {counted}",
        left_out_pairs(facts, layout, its.total()) if layout.leaves_out else "",
        f"| column | type | |\n|---|---|---|\n{columns}",
    ]
    return "\n\n".join(part for part in parts if part)


def left_out_pairs(facts: Facts, layout: Layout, rows: int) -> str:
    """Which pairs are not in a config, and why."""
    labels = facts.labels.get(layout.question or facts.primary, {})
    reasons = []
    if layout.leaves_out == "same_generator":
        reasons = [(facts.without_generators, "of which a model is not stated, or both are the same")]
    else:
        reasons = [(facts.pairs - sum(labels.values()), "without votes")]
        if layout.leaves_out == "undecided":
            reasons += [(labels.get(label, 0), f"with the label `{label.value}`") for label in UNDECIDED]
        if layout.leaves_out == "undecided" and not layout.question:
            reasons.append((facts.held_with_winner, "held by the managers"))
            reasons.append((facts.taken_down_with_winner, "with an image that was taken down"))
        else:
            rest = facts.pairs - rows - sum(pairs for pairs, _ in reasons)
            reasons.append((max(rest, 0), "held by the managers or with an image that was taken down"))
    left_out = sum(pairs for pairs, _ in reasons)
    if not left_out:
        return f"It contains all pairs of `{PAIRS.config}`."
    lines = "\n".join(f"- {pairs:,} {reason}" for pairs, reason in reasons if pairs)
    return f"It leaves out {number(left_out, 'pair')} of `{PAIRS.config}`:\n\n{lines}"


def splits(facts: Facts) -> str:
    if facts.is_all_in_train:
        return (
            "All rows are in `train`: there are too few prompts. Drawn by the hash of the prompt text, some config would have had"
            " rows in other splits only. A later release with more prompts may have several splits, with some of these prompts in"
            " its test split: do not test there what you trained on this release."
        )
    shares = [f"{share:.0%} to {split}" for split, share in zip(SPLITS, facts.shares, strict=True)]
    return (
        "The split of a pair and its votes depends on a hash of the prompt text:"
        f" {listed(shares)}. No prompt is in two splits. A prompt is in the same split in every config, release and campaign that"
        " uses these shares. A small dataset may lack a split. Leaderboards cover all splits."
    )


def loading(facts: Facts) -> str:
    repository = f"{settings.HUB_NAMESPACE}/{facts.slug}"
    configs = [layout.config for layout in layouts_for(facts.secondary_questions, facts.configs)]
    counted = next(config for config in (PAIRS.config, LABELS.config, VOTES.config) if config in configs)
    return LOADING.format(
        repository=repository,
        default=configs[0],
        votes=VOTES.config,
        counted=counted,
        column="choice" if counted == VOTES.config else "label",
        joined=JOINED.format(repository=repository) if set(COMPACT_CONFIGS) <= set(configs) else "",
    ).strip()


def limits(facts: Facts) -> str:
    judged = facts.pairs - facts.overlap.get("0", 0)
    votes = facts.votes_by_annotator
    alphas = [question["agreement"]["alpha"] for question in facts.statistics["agreement"]]
    alpha = alphas[0] if alphas else None
    known = [
        "The preferences are those of these annotators under this guideline. Other people may prefer other images.",
        "The managers chose prompts, generators and settings. The same generators may do better or worse with other settings.",
        "Times are measured by the annotators' browsers and include breaks.",
    ]
    known += warnings(facts)
    if judged and sum(votes) / judged < FEW_VOTES:
        known.append(
            f"Pairs with votes have {sum(votes) / judged:.2f} votes on average. A label from one or two votes is weak evidence."
        )
    if alpha is not None and alpha < LOW_ALPHA:
        known.append(
            f"Agreement is low (alpha {alpha:.2f} on the first votes). Train on soft labels, or on pairs with high confidence."
        )
    if votes and votes[0] / sum(votes) > LARGE_SHARE:
        known.append(f"One annotator gave {share(votes[0], sum(votes))} of the votes.")
    if len(facts.languages) == 1:
        known.append(f"All prompts with a stated language are in one language: {literal(facts.languages[0])}.")
    if facts.overlap.get("0"):
        known.append(f"{number(facts.overlap['0'], 'pair')} had no votes when this release was built.")
    return "\n".join(f"- {each}" for each in known)


def consent(facts: Facts) -> str:
    texts = "\n\n".join(
        f"Version {each['version']} of the consent text, accepted by {number(each['people'], 'person', 'people')}:\n\n"
        + quoted(each["text"])
        for each in facts.consents
        if each["people"] or each["version"] == facts.consents[-1]["version"]
    )
    said = (
        f"Licence: `{facts.licence}`."
        if facts.licence
        else "No licence was stated for this dataset. Ask its authors before you use it beyond what the law allows."
    )
    return f"{texts or 'The campaign had no consent text.'}\n\n{said}"


def citing(facts: Facts) -> str:
    if facts.citation.strip():
        return fenced(facts.citation.strip())
    year = f"  year = {{{facts.last_vote[:4]}}},\n" if facts.last_vote else ""
    key = re.sub(r"[^a-z0-9]", "", facts.slug)
    title = re.sub(r"[{}<>\\]", "", " ".join(facts.name.split()))
    return fenced(
        f"@misc{{{key},\n  title = {{{title}}},\n{year}  note = {{Human preferences over generated images, collected with"
        " Diptych; state the release and revision}\n}",
        "bibtex",
    )
