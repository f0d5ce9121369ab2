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
    PairingRule.RING: "each image was paired with its two neighbours on a ring in random order",
}
METHOD_WORDS = {
    ConsensusMethod.MAJORITY: (
        "Labels are by majority vote. Every vote has the same weight, the soft label is the share of each choice, and the label"
        " is `tie` if two or more choices lead."
    ),
    ConsensusMethod.DAWID_SKENE: (
        "Labels are by the method of Dawid and Skene, which estimates the errors of each annotator from the votes and weights"
        f" them accordingly, with {SMOOTHING:g} prior votes in each cell of a confusion matrix. It was run on the votes of all"
        " splits together. The soft label is its posterior. The vote counts are in the same row."
    ),
}


def introduction(facts: Facts) -> str:
    days = f", cast from {facts.first_vote} to {facts.last_vote}" if facts.first_vote else ""
    return (
        f"Human preferences over generated images: {number(facts.pairs, 'pair')} of images of the same prompt,"
        f" {number(facts.prompts, 'prompt')}, {number(len(facts.generators), 'generator')},"
        f" {number(facts.statistics['votes_counted'], 'vote')} by {number(len(facts.votes_by_annotator), 'annotator')}{days}.\n\n"
        "Annotators saw two images side by side below their prompt, without the names of the generators. The side of each image"
        " was balanced and is recorded with each vote. Collected with Diptych."
    )


def questions(facts: Facts) -> str:
    lines = [
        f"- **{question['text']}** (`{question['slug']}`). Choices: {listed(words(question['choices']))}"
        for question in facts.questions
    ]
    if facts.secondary_questions:
        lines.append(
            f"\nThe first question is primary. `{BINARIZED.config}`, `{DIFFUSION_DPO.config}`, `{LEADERBOARD.config}` and the"
            f" columns without a suffix in `{PAIRS.config}` use it. The other questions have the same columns in `{PAIRS.config}`"
            f" with their short name as a suffix, such as `label_{facts.secondary_questions[0]}`, and rows of their own in"
            f" `{VOTES.config}`."
        )
    return "\n".join(lines)


def making(facts: Facts) -> str:
    rules = facts.rules
    if not rules:
        return METHOD_WORDS[ConsensusMethod(facts.method)]
    overlap = f"The target was {number(rules['votes_wanted'], 'vote')} per pair"
    if rules["votes_max"] > rules["votes_wanted"]:
        overlap += (
            f", and more, up to {rules['votes_max']}, until the leading answer was {rules['stop_confidence']:.0%} probable. Pairs"
            " with disagreement have more votes"
        )
    return (
        "Both images of a pair have the same prompt. Which of the two is `a` was chosen at random at import. If a prompt had more"
        f" than two images, {PAIRING_WORDS[PairingRule(rules['pairing_rule'])]}.\n\n"
        f"{overlap}. Nobody judged a pair twice, except as a check. {METHOD_WORDS[ConsensusMethod(facts.method)]}"
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
        f"### Version {guideline['version']}\n\n{number(votes[guideline['version']], 'vote')} were cast under this version.\n\n"
        + quoted(guideline["text"])
        for guideline in facts.guidelines
        if votes[guideline["version"]] or guideline["version"] == newest
    )


def people(facts: Facts, pictures: dict[str, str]) -> str:
    votes = facts.votes_by_annotator
    if not votes:
        return "No votes yet."
    tenth = max(1, round(len(votes) / 10))
    came = f" {number(facts.crowd_people, 'person', 'people')} came from a crowd platform." if facts.crowd_people else ""
    machines = facts.machines.get("votes", 0)
    rows = [
        ("annotators with counted votes", f"{len(votes):,}"),
        ("votes per annotator, median", f"{median(votes):,.0f}"),
        ("votes of the most active annotator", f"{votes[0]:,} ({share(votes[0], sum(votes))})"),
        ("share of votes by the most active 10 % of annotators", share(sum(votes[:tenth]), sum(votes))),
        ("Gini coefficient of votes per annotator (0: all equal)", f"{facts.statistics['concentration']['gini']:.2f}"),
    ]
    left_out = (
        f"\n\n{number(machines, 'vote')} by {number(facts.machines['members'], 'machine annotator')} are in no config. All"
        " configs contain votes of people only."
        if machines
        else ""
    )
    return (
        f"Annotators were admitted by the managers of the campaign and are listed by random pseudonyms.{came} People who withdrew"
        " consent are left out with all their votes."
        f"\n\n{table(rows)}\n\n{pictures.get('annotators', '')}{left_out}"
    ).strip()


def figures(facts: Facts, pictures: dict[str, str]) -> str:
    judged = facts.pairs - facts.overlap.get("0", 0)
    votes = facts.statistics["votes_counted"]
    mean = f"{votes / judged:.2f}" if judged else "–"
    rows = [
        ("pairs", f"{facts.pairs:,}"),
        ("… with at least one vote", f"{judged:,}"),
        ("… with a known answer (gold)", f"{facts.gold_pairs:,}"),
        ("prompts", f"{facts.prompts:,}"),
        ("generators", listed(facts.generators) or NOT_STATED),
        ("counted votes", f"{votes:,}"),
        ("mean votes per pair with votes", mean),
    ]
    parts = [table(rows), overlap_table(facts), pictures.get("overlap", ""), label_table(facts), pictures.get("labels", "")]
    return "\n\n".join(part for part in parts if part)


def overlap_table(facts: Facts) -> str:
    rows = "\n".join(f"| {votes} | {pairs:,} |" for votes, pairs in facts.overlap.items())
    return f"| votes per pair | pairs |\n|---:|---:|\n{rows}" if rows else ""


def label_table(facts: Facts) -> str:
    meanings = {choice.value: f"for {CHOICE_WORDS[choice]}" for choice in Choice}
    meanings[Label.TIE.value] = "two or more choices lead"
    labels = facts.labels.get(facts.primary, {})
    rows = "\n".join(f"| `{label}` | {meanings[label]} | {labels.get(label, 0):,} |" for label in Label.values)
    return f"| label | | pairs |\n|---|---|---:|\n{rows}\n| none | no votes yet | {facts.overlap.get('0', 0):,} |"


def agreement(facts: Facts) -> str:
    questions = facts.statistics["agreement"]
    if not any(question["agreement"]["pairs"] for question in questions):
        return "No pair has two votes, so agreement cannot be measured."
    rows = []
    for question in questions:
        alpha = question["agreement"]
        interval = f"{alpha['lower']:.3f} to {alpha['upper']:.3f}" if alpha["lower"] is not None else "–"
        value = f"{alpha['alpha']:.3f}" if alpha["alpha"] is not None else "not defined: all votes are the same"
        rows.append(f"| `{question['question']}` | {value} | {interval} | {alpha['pairs']:,} | {alpha['votes']:,} |")
    mean = (
        f"On the primary question, two votes on the same pair agree in {facts.agreement:.1%} of cases (mean over pairs)."
        if facts.agreement is not None
        else ""
    )
    return (
        "Krippendorff's alpha for nominal choices: 1 is full agreement, 0 is chance level. The 95 % interval is a bootstrap over"
        f" pairs with {RESAMPLES:,} resamples. Only pairs with two or more votes are used.\n\n"
        "| question | alpha | interval | pairs | votes on them |\n|---|---:|---|---:|---:|\n" + "\n".join(rows) + f"\n\n{mean}"
    ).strip()


def quality(facts: Facts) -> str:
    parts = [gold(facts), repeats(facts), limits_on_people(facts), review(facts), left_out_votes(facts)]
    return "\n\n".join(part for part in parts if part)


def gold(facts: Facts) -> str:
    found = facts.statistics["gold"]
    votes = found["accuracy"]["n"]
    if not votes:
        return f"No votes on the {number(facts.gold_pairs, 'gold pair')} of this campaign."
    return (
        f"Gold pairs, which have a known answer, were mixed in and looked like other pairs:"
        f" {interval_of(found['accuracy'])} of {number(votes, 'answer')} by"
        f" {number(found['annotators'], 'annotator')} were correct. They are in `{VOTES.config}` with the kind `gold`"
        " and are not used for labels."
    )


def repeats(facts: Facts) -> str:
    alike = facts.statistics["gold"]["repeats_alike"]
    if not alike["n"]:
        return ""
    return (
        f"Pairs shown again to the same person, with sides swapped, got the same answer in {interval_of(alike)} of"
        f" {number(alike['n'], 'case')}."
    )


def limits_on_people(facts: Facts) -> str:
    rules = facts.rules
    parts = [
        (f"{rules.get('gold_rate') or 0:.0%} gold pairs", rules.get("gold_rate")),
        (f"{rules.get('repeat_rate') or 0:.0%} repeats", rules.get("repeat_rate")),
        (f"at most {rules.get('limit_per_day') or 0:,} votes per person and day", rules.get("limit_per_day")),
        (f"at most {rules.get('limit_total') or 0:,} votes per person", rules.get("limit_total")),
        (f"at most {rules.get('limit_share') or 0:.0%} of all votes per person", rules.get("limit_share")),
    ]
    set_rules = [text for text, value in parts if value]
    return f"Rules when this release was built: {listed(set_rules)}." if set_rules else ""


def review(facts: Facts) -> str:
    """The rules by which annotators are judged, and what was done by them. What suspensions removed is among the void votes."""
    rules = "\n".join(
        f"- {Outcome(rule['outcome']).label}: {Measure(rule['measure']).label.lower()}, threshold {rule['threshold']:g}, at least"
        f" {number(rule['minimum'], 'answer')}"
        for rule in facts.review_rules
    )
    acts = ", ".join(
        f"{ActionKind(act['kind']).label.lower()} {act['acts']:,} ({number(act['people'], 'person', 'people')},"
        f" {act['by_rule']:,} by a rule)"
        for act in facts.acts
    )
    said = [
        f"Annotators were reviewed by these rules:\n\n{rules}" if rules else "No review rules were on.",
        f"Actions taken: {acts}." if acts else "No actions were taken.",
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
        lines.append(f"- {total(its):,} on the question `{question['slug']}`, which has its own labels")
    if not lines:
        return f"All votes in `{VOTES.config}` are counted."
    return f"`{VOTES.config}` also contains votes that are not used for labels of the primary question:\n\n" + "\n".join(lines)


def position_bias(facts: Facts) -> str:
    left = facts.statistics["position"]["left"]
    if not left["n"]:
        return "No votes for one of the two images, so position bias cannot be measured."
    return (
        f"Of {number(left['n'], 'vote')} for one of the images, {interval_of(left)}"
        " chose the left image. Sides were balanced, so about half are expected without a bias. The column `a_on_left` gives the"
        " side of image `a` in each vote."
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
        return f"No leaderboard, and `{LEADERBOARD.config}` is an empty table: {facts.no_leaderboard}."
    rows = "\n".join(
        f"| {cell(row['generator'])} | {row['score']:.3f} | {row['lower']:.3f} to {row['upper']:.3f}"
        f" | {row['n_comparisons']:,} | {row['n_wins']:,} | {row['n_ties']:,} |"
        for row in facts.leaderboard
    )
    left_out = (
        f" {number(facts.without_generators, 'pair')} were not used: a generator is not stated, or is the same for both images."
        if facts.without_generators
        else ""
    )
    return (
        "Bradley–Terry scores from the counted votes of all splits on the primary question. A tie is half a win for each"
        f" generator. Do not read differences smaller than the intervals.{left_out}\n\n"
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
        f"### `{layout.config}`\n\nOne row is {layout.row_is}. {its.total():,} rows ({sizes}).",
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
        (facts.held_with_winner, "held by the managers"),
    ]
    left_out = sum(pairs for pairs, _ in reasons)
    if not left_out:
        return f"It contains all pairs of `{PAIRS.config}`."
    lines = "\n".join(f"- {pairs:,} {reason}" for pairs, reason in reasons if pairs)
    return f"It leaves out {number(left_out, 'pair')} of `{PAIRS.config}`:\n\n{lines}"


def splits(facts: Facts) -> str:
    shares = [f"{share:.0%} to {split}" for split, share in zip(SPLITS, facts.shares, strict=True)]
    return (
        "The split of a pair and its votes depends on a hash of the prompt text:"
        f" {listed(shares)}. No prompt is in two splits. A prompt is in the same split in every config, release and campaign that"
        " uses these shares. A small dataset may lack a split. The leaderboard covers all splits."
    )


LOADING = """\
From the Diptych site: set `HF_ENDPOINT` to its address followed by `/hub`, and `HF_TOKEN` if the data is not public. From
another Hub where it was published: use its name there. `revision` is a release (`v1`) or a revision of 40 digits, which always
means the same content.

```python
from datasets import load_dataset

pairs = load_dataset("{repository}", revision="v1")  # the default config, {default}
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
labels = duckdb.read_parquet(f"{{folder}}/{pairs}/*.parquet").aggregate("label, count(*)")
```

Each row of `{pairs}` can be recomputed from the rows of `{votes}` with the same `pair_id`: use the votes on that question with
kind `regular` and a null `void_reason`.
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
        "The preferences are those of these annotators under this guideline. Other people may prefer other images.",
        "The managers chose prompts, generators and settings. The same generators may do better or worse with other settings.",
        "Times are measured by the annotators' browsers and include breaks.",
    ]
    if judged and sum(votes) / judged < FEW_VOTES:
        known.append(
            f"Pairs with votes have {sum(votes) / judged:.2f} votes on average. A label from one or two votes is weak evidence."
        )
    if alpha is not None and alpha < LOW_ALPHA:
        known.append(f"Agreement is low (alpha {alpha:.2f}). Train on soft labels, or on pairs with high confidence.")
    if votes and votes[0] / sum(votes) > LARGE_SHARE:
        known.append(f"One annotator gave {share(votes[0], sum(votes))} of the votes.")
    if len(facts.languages) == 1:
        known.append(f"All prompts with a stated language are in one language: {facts.languages[0]}.")
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
    title = re.sub(r"[{}\\]", "", " ".join(facts.name.split()))
    return fenced(
        f"@misc{{{key},\n  title = {{{title}}},\n{year}  note = {{Human preferences over generated images, collected with"
        " Diptych; state the release and revision}\n}",
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
