"""The card's text, section by section: from the facts to Markdown. A section without anything to say is empty."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from statistics import median
from typing import Any

from django.conf import settings

from annotator.choices import (
    ActionKind,
    AssignmentKind,
    Choice,
    ConsensusMethod,
    Label,
    Measure,
    Outcome,
    PairingRule,
    VoidReason,
)
from annotator.releasing.card.facts import Facts
from annotator.releasing.dataset.configs import (
    BINARIZED,
    DEFAULT_CONFIG,
    DIFFUSION_DPO,
    LEADERBOARD,
    PAIRS,
    SPLITS,
    VOTES,
    Layout,
)
from annotator.releasing.dataset.parquet import Written
from annotator.releasing.dataset.vote_files import VoteCount, is_live_regular
from annotator.scoring.labels import SMOOTHING
from annotator.scoring.statistics.compute import RESAMPLES

UNDECIDED = (Label.BOTH_GOOD, Label.BOTH_BAD, Label.TIE)
CHOICE_WORDS = {Choice.A: "`a`", Choice.B: "`b`", Choice.BOTH_GOOD: "both good", Choice.BOTH_BAD: "both bad"}
NAMED_MAX = 20  # categories and languages that are listed
NOT_STATED = "not stated"
FEW_VOTES = 2.0  # votes on a pair, below which a label says little
LOW_ALPHA = 0.4
LARGE_SHARE = 0.1  # of the votes by one person

PAIRING_WORDS = {
    PairingRule.ALL_PAIRS: "every image was paired with every other",
    PairingRule.RING: "each image was paired with its two neighbours on a shuffled ring",
}
METHOD_WORDS = {
    ConsensusMethod.MAJORITY: (
        "Labels are by majority: each vote that counts is worth the same, the soft label is the share of each choice, and where"
        " two or more choices lead the label is `tie`."
    ),
    ConsensusMethod.DAWID_SKENE: (
        "Labels are by the method of Dawid and Skene, which learns from the votes how each annotator errs and weighs them by"
        f" it, with {SMOOTHING:g} votes beforehand in each cell of a confusion matrix. It was run on the votes of all splits"
        " together; the soft label is its posterior. The counts of the votes are beside it."
    ),
}


def introduction(facts: Facts) -> str:
    days = f", cast from {facts.first_vote} to {facts.last_vote}" if facts.first_vote else ""
    return (
        f"Human preferences over generated images: {number(facts.pairs, 'pair')} of images of the same prompt,"
        f" {number(facts.prompts, 'prompt')}, {number(len(facts.generators), 'generator')},"
        f" {number(facts.statistics['votes_counted'], 'vote')} by {number(len(facts.votes_by_annotator), 'annotator')}{days}.\n\n"
        "Each annotator saw two images side by side under their prompt, without knowing what had made them. Which image stood on"
        " which side was balanced over the annotators and is recorded with each vote. Collected with Diptych."
    )


def questions(facts: Facts) -> str:
    lines = [
        f"- **{question['text']}** (`{question['slug']}`), answered with {listed(words(question['choices']))}"
        for question in facts.questions
    ]
    if facts.secondary_questions:
        lines.append(
            f"\nThe first question is the primary one: it decides `{BINARIZED.config}`, `{DIFFUSION_DPO.config}` and"
            f" `{LEADERBOARD.config}`, and the columns of `{PAIRS.config}` whose names have no ending. The others have the same"
            f" columns there with their names at the end, such as `label_{facts.secondary_questions[0]}`, and rows of their own"
            f" in `{VOTES.config}`."
        )
    return "\n".join(lines)


def making(facts: Facts) -> str:
    rules = facts.rules
    if not rules:
        return METHOD_WORDS[ConsensusMethod(facts.method)]
    overlap = f"Each pair was to be judged by {number(rules['votes_wanted'], 'person', 'people')}"
    if rules["votes_max"] > rules["votes_wanted"]:
        overlap += (
            f", and by more, up to {rules['votes_max']}, until the leading answer was {rules['stop_confidence']:.0%} probable:"
            " pairs that people argue over have more votes"
        )
    return (
        "Both images of a pair are of the same prompt. Which of the two is `a` was drawn at random when they came in. Where more"
        f" than two images of a prompt came together, {PAIRING_WORDS[PairingRule(rules['pairing_rule'])]}.\n\n"
        f"{overlap}; nobody judged a pair twice but as a check. {METHOD_WORDS[ConsensusMethod(facts.method)]}"
    )


def guidelines(facts: Facts) -> str:
    """Every version that was in force, in full. Quoted, so that its headings are not taken for the card's."""
    if not facts.guidelines:
        return ""
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


def people(facts: Facts, pictures: dict[str, str]) -> str:
    votes = facts.votes_by_annotator
    if not votes:
        return "Nobody yet."
    tenth = max(1, round(len(votes) / 10))
    came = f" {number(facts.crowd_people, 'person', 'people')} came from a crowd platform." if facts.crowd_people else ""
    machines = facts.machines.get("votes", 0)
    rows = [
        ("annotators whose votes count", f"{len(votes):,}"),
        ("votes of one, in the middle (median)", f"{median(votes):,.0f}"),
        ("votes of the most active", f"{votes[0]:,} ({share(votes[0], sum(votes))})"),
        ("share of the votes of the most active tenth", share(sum(votes[:tenth]), sum(votes))),
        ("Gini coefficient of the votes (0: all vote as much)", f"{facts.statistics['concentration']['gini']:.2f}"),
    ]
    left_out = (
        f"\n\n{number(machines, 'vote')} by {number(facts.machines['members'], 'machine annotator')} are in no config: what is"
        " here is the judgment of people."
        if machines
        else ""
    )
    return (
        f"People who were let in by the managers, each under a pseudonym that says nothing else.{came} People who withdrew their"
        " consent are left out with all their votes."
        f"\n\n{table(rows)}\n\n{pictures.get('annotators', '')}{left_out}"
    ).strip()


def figures(facts: Facts, pictures: dict[str, str]) -> str:
    judged = facts.pairs - facts.overlap.get("0", 0)
    votes = facts.statistics["votes_counted"]
    mean = f"{votes / judged:.2f}" if judged else "–"
    rows = [
        ("pairs", f"{facts.pairs:,}"),
        ("… judged at least once", f"{judged:,}"),
        ("… with a known answer (gold)", f"{facts.gold_pairs:,}"),
        ("prompts", f"{facts.prompts:,}"),
        ("generators", listed(facts.generators) or NOT_STATED),
        ("votes that count", f"{votes:,}"),
        ("votes on a judged pair, on average", mean),
    ]
    parts = [table(rows), overlap_table(facts), pictures.get("overlap", ""), label_table(facts), pictures.get("labels", "")]
    return "\n\n".join(part for part in parts if part)


def overlap_table(facts: Facts) -> str:
    rows = "\n".join(f"| {votes} | {pairs:,} |" for votes, pairs in facts.overlap.items())
    return f"| votes on a pair | pairs |\n|---:|---:|\n{rows}" if rows else ""


def label_table(facts: Facts) -> str:
    meanings = {choice.value: f"for {CHOICE_WORDS[choice]}" for choice in Choice}
    meanings[Label.TIE.value] = "two or more choices lead"
    labels = facts.labels.get(facts.primary, {})
    rows = "\n".join(f"| `{label}` | {meanings[label]} | {labels.get(label, 0):,} |" for label in Label.values)
    return f"| label | | pairs |\n|---|---|---:|\n{rows}\n| none | no votes yet | {facts.overlap.get('0', 0):,} |"


def agreement(facts: Facts) -> str:
    questions = facts.statistics["agreement"]
    if not any(question["agreement"]["pairs"] for question in questions):
        return "No pair has two votes, so nothing can be said of how far people agree."
    rows = []
    for question in questions:
        alpha = question["agreement"]
        interval = f"{alpha['lower']:.3f} to {alpha['upper']:.3f}" if alpha["lower"] is not None else "–"
        value = f"{alpha['alpha']:.3f}" if alpha["alpha"] is not None else "not defined: all votes are alike"
        rows.append(f"| `{question['question']}` | {value} | {interval} | {alpha['pairs']:,} | {alpha['votes']:,} |")
    mean = (
        f"On the primary question two votes on a pair agree in {facts.agreement:.1%} of the cases, averaged over the pairs."
        if facts.agreement is not None
        else ""
    )
    return (
        "Krippendorff's alpha for choices without an order: 1 is full agreement, 0 what chance would give. The interval (95 %) is"
        f" by bootstrap over the pairs, {RESAMPLES:,} times. Only pairs with two votes or more say anything.\n\n"
        "| question | alpha | interval | pairs | votes on them |\n|---|---:|---|---:|---:|\n" + "\n".join(rows) + f"\n\n{mean}"
    ).strip()


def quality(facts: Facts) -> str:
    parts = [gold(facts), repeats(facts), limits_on_people(facts), review(facts), left_out_votes(facts)]
    return "\n\n".join(part for part in parts if part)


def gold(facts: Facts) -> str:
    found = facts.statistics["gold"]
    votes = found["accuracy"]["n"]
    if not votes:
        return f"No gold pairs were judged, of {number(facts.gold_pairs, 'gold pair')}."
    return (
        f"Gold pairs, whose answer the managers knew, were mixed in and looked like the others:"
        f" {interval_of(found['accuracy'])} of {number(votes, 'answer')} by"
        f" {number(found['annotators'], 'annotator')} were right. They are in `{VOTES.config}` with the kind `gold`"
        " and make no label."
    )


def repeats(facts: Facts) -> str:
    alike = facts.statistics["gold"]["repeats_alike"]
    if not alike["n"]:
        return ""
    return (
        f"Pairs shown to the same person once more, with the sides swapped, got the same answer in {interval_of(alike)} of"
        f" {number(alike['n'], 'case')}."
    )


def limits_on_people(facts: Facts) -> str:
    rules = facts.rules
    limits = [
        (f"{rules.get('gold_rate') or 0:.0%} of a person's pairs gold", rules.get("gold_rate")),
        (f"{rules.get('repeat_rate') or 0:.0%} repeats", rules.get("repeat_rate")),
        (f"{rules.get('limit_per_day'):,} votes a day" if rules.get("limit_per_day") else "", rules.get("limit_per_day")),
        (f"{rules.get('limit_total'):,} votes in all" if rules.get("limit_total") else "", rules.get("limit_total")),
        (f"{rules.get('limit_share') or 0:.0%} of all votes by one person", rules.get("limit_share")),
    ]
    said = [words for words, limit in limits if limit]
    return f"The rules when this was made: at most {listed(said)}." if said else ""


def review(facts: Facts) -> str:
    """The rules by which annotators are judged, and what was done by them. What suspensions removed is among the void votes."""
    rules = "\n".join(
        f"- {Outcome(rule['outcome']).label}: {Measure(rule['measure']).label.lower()}, threshold {rule['threshold']:g}, from"
        f" {number(rule['minimum'], 'answer')} on"
        for rule in facts.review_rules
    )
    acts = ", ".join(
        f"{ActionKind(act['kind']).label.lower()} {act['acts']:,} ({number(act['people'], 'person', 'people')},"
        f" {act['by_rule']:,} by a rule)"
        for act in facts.acts
    )
    said = [
        f"Annotators were reviewed by these rules:\n\n{rules}" if rules else "No rule for the review of annotators was in force.",
        f"What was done: {acts}." if acts else "Nothing was done about anybody.",
    ]
    return "\n\n".join(said)


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
        lines.append(f"- {total(its):,} on the question `{question['slug']}`, which has labels of its own")
    if not lines:
        return f"Every vote in `{VOTES.config}` counts."
    return f"In `{VOTES.config}` there are also votes that make no label of the primary question:\n\n" + "\n".join(lines)


def position_bias(facts: Facts) -> str:
    left = facts.statistics["position"]["left"]
    if not left["n"]:
        return "No votes for one of two images, so nothing can be said of it."
    return (
        f"Of {number(left['n'], 'vote')} for one of the images, {interval_of(left)}"
        " were for the one on the left. Without a bias it would be about half, since sides were balanced. Each vote says on which"
        " side `a` stood (`a_on_left`)."
    )


def coverage(facts: Facts) -> str:
    parts = []
    for word, covered in (("category", "categories"), ("language", "languages")):
        ranked = sorted(facts.statistics[covered], key=lambda row: (-row["pairs"], row["name"]))
        rows = "\n".join(
            f"| {cell(row['name']) or NOT_STATED} | {row['pairs']:,} | {row['votes']:,} |" for row in ranked[:NAMED_MAX]
        )
        if not rows:
            continue
        more = f"\n\nand {len(ranked) - NAMED_MAX:,} more." if len(ranked) > NAMED_MAX else ""
        parts.append(f"| {word} | pairs | votes |\n|---|---:|---:|\n{rows}{more}")
    return "\n\n".join(parts)


def leaderboard(facts: Facts, pictures: dict[str, str]) -> str:
    if not facts.leaderboard:
        return f"There is none, and `{LEADERBOARD.config}` is an empty table: {facts.no_leaderboard}."
    rows = "\n".join(
        f"| {cell(row['generator'])} | {row['score']:.3f} | {row['lower']:.3f} to {row['upper']:.3f}"
        f" | {row['n_comparisons']:,} | {row['n_wins']:,} | {row['n_ties']:,} |"
        for row in facts.leaderboard
    )
    left_out = (
        f" {number(facts.without_generators, 'pair')} could not be used: a generator is not stated, or it is the same for both."
        if facts.without_generators
        else ""
    )
    return (
        "Bradley–Terry scores from the votes that count on the primary question, those of all splits; a tie is half a win"
        f" for each. Differences smaller than the intervals mean nothing.{left_out}\n\n"
        "| generator | score | interval (95 %) | comparisons | wins | ties |\n|---|---:|---|---:|---:|---:|\n"
        f"{rows}\n\n{pictures.get('leaderboard', '')}"
    ).strip()


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
        left_out_pairs(facts) if layout in (BINARIZED, DIFFUSION_DPO) else "",
        f"| column | type | |\n|---|---|---|\n{columns}",
    ]
    return "\n\n".join(part for part in parts if part)


def left_out_pairs(facts: Facts) -> str:
    """By the configs that have only pairs with a winner."""
    labels = facts.labels.get(facts.primary, {})
    reasons = [
        (facts.overlap.get("0", 0), "without votes"),
        *((labels.get(label, 0), f"with the label `{label.value}`") for label in UNDECIDED),
        (facts.held_with_winner, "that the managers took out of circulation"),
    ]
    left_out = sum(pairs for pairs, _ in reasons)
    if not left_out:
        return f"It leaves out none of the pairs of `{PAIRS.config}`."
    lines = "\n".join(f"- {pairs:,} {reason}" for pairs, reason in reasons if pairs)
    return f"It leaves out {number(left_out, 'pair')} of `{PAIRS.config}`:\n\n{lines}"


def splits(facts: Facts) -> str:
    shares = [f"{share:.0%} to {split}" for split, share in zip(SPLITS, facts.shares, strict=True)]
    return (
        "A pair and its votes are in the split of their prompt, which is drawn by the hash of the prompt's text:"
        f" {listed(shares)}. So no prompt is in two splits, and the same prompt is in the same split in every config, and in"
        " every release and campaign with these shares. A small dataset may lack a split. The leaderboard is over all of them."
    )


LOADING = """\
From the site that made it, with `HF_ENDPOINT` set to its address and `/hub`, and with `HF_TOKEN` where the data is not public;
or from another Hub where it was published, under its name there. `revision` takes a release (`v1`) or the 40 digits that name
its content for ever.

```python
from datasets import load_dataset

pairs = load_dataset("{repository}", revision="v1")  # the default config, {default}
votes = load_dataset("{repository}", "{votes}", revision="v1", split="train")
```

All files, by `huggingface_hub`. It fails where the revision cannot be had, and never falls back to another one:

```python
from huggingface_hub import snapshot_download

folder = snapshot_download("{repository}", repo_type="dataset", revision="v1")
```

A table from that folder, by pandas or DuckDB:

```python
import duckdb
import pandas as pd

votes = pd.read_parquet(f"{{folder}}/{votes}")
labels = duckdb.read_parquet(f"{{folder}}/{pairs}/*.parquet").aggregate("label, count(*)")
```

Each row of `{pairs}` can be recomputed from the rows of `{votes}` with its `pair_id`: take those of kind `regular` on the
question whose `void_reason` is null.
"""


def loading(facts: Facts) -> str:
    repository = f"{settings.HUB_NAMESPACE}/{facts.slug}"
    return LOADING.format(repository=repository, default=DEFAULT_CONFIG, votes=VOTES.config, pairs=PAIRS.config).strip()


def limits(facts: Facts) -> str:
    judged = facts.pairs - facts.overlap.get("0", 0)
    votes = facts.votes_by_annotator
    alphas = [question["agreement"]["alpha"] for question in facts.statistics["agreement"]]
    alpha = alphas[0] if alphas else None
    known = [
        "Preferences are those of these annotators, under this guideline. They are no measure of what others would prefer.",
        "The managers chose prompts, generators and settings; other settings of the same generators may do better or worse.",
        "Times are measured by the annotators' browsers and include whatever they did meanwhile.",
    ]
    if judged and sum(votes) / judged < FEW_VOTES:
        known.append(
            f"A judged pair has {sum(votes) / judged:.2f} votes on average: a label of one or two votes is weak evidence."
        )
    if alpha is not None and alpha < LOW_ALPHA:
        known.append(f"People agree little (alpha {alpha:.2f}): train on soft labels, or on pairs with a high confidence.")
    if votes and votes[0] / sum(votes) > LARGE_SHARE:
        known.append(f"One annotator gave {share(votes[0], sum(votes))} of the votes.")
    if len(facts.languages) == 1:
        known.append(f"All prompts whose language is stated are in one: {facts.languages[0]}.")
    if facts.overlap.get("0"):
        known.append(f"{number(facts.overlap['0'], 'pair')} had no votes when this was made.")
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
        else "No licence was stated for this dataset. Ask its makers before you use it beyond what the law allows."
    )
    return f"{texts or 'The campaign asked for no consent text of its own.'}\n\n{said}"


def citing(facts: Facts) -> str:
    if facts.citation.strip():
        return fenced(facts.citation.strip())
    year = f"  year = {{{facts.last_vote[:4]}}},\n" if facts.last_vote else ""
    key = re.sub(r"[^a-z0-9]", "", facts.slug)
    title = re.sub(r"[{}\\]", "", " ".join(facts.name.split()))
    return fenced(
        f"@misc{{{key},\n  title = {{{title}}},\n{year}  note = {{Human preferences over generated images, collected with"
        " Diptych; state the release and its revision}\n}",
        "bibtex",
    )


# --- words


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
