"""The card's sections on how the data came about, from the facts to Markdown. One without anything to say is empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from statistics import median
from typing import Any

from annotator.choices import RULES_IN_BATCHES, Choice, ConsensusMethod, Label, PairingRule
from annotator.releasing.card.facts import Facts
from annotator.releasing.card.phrases import CHOICE_WORDS, NOT_STATED, listed, literal, number, quoted, share, table, words
from annotator.releasing.dataset.configs import BINARIZED, DIFFUSION_DPO, LEADERBOARD, MACHINE_VOTES, PAIRS, VOTES
from annotator.scoring.labels import SMOOTHING

PAIRING_WORDS = {
    PairingRule.ALL_PAIRS: "every image was paired with every other",
    PairingRule.RING: "each image was paired with its two neighbours on a ring in random order",
    PairingRule.RANDOM_M: "each image was paired with {pairs_per_image} others at random, or with all where there were fewer",
    PairingRule.SWISS: (
        "each image was paired with its two neighbours on a ring in random order, and then, round by round, with an image that"
        " had won about the same share of its votes, until it was in {pairs_per_image} pairs"
    ),
    PairingRule.INFORMATION_GAIN: (
        "each image was paired with its two neighbours on a ring in random order, and then votes were asked for where they said"
        " most about the order of the images, until each was in {pairs_per_image} comparisons; {random_pair_share:.0%} of these"
        " were drawn from all pairs alike"
    ),
}
METHOD_WORDS = {
    ConsensusMethod.MAJORITY: (
        "Labels are by majority vote. Every vote has the same weight, and the label is `tie` if two or more choices lead. The"
        " soft label estimates the share of the population that would give each choice."
    ),
    ConsensusMethod.ONE_COIN: (
        "Labels are by the one-coin method of Dawid and Skene, which estimates from the votes how often each annotator is right,"
        f" and weights them accordingly, with {SMOOTHING:g} prior votes on each choice. It was run on the votes of all splits"
        " together. The soft label is its posterior. The vote counts are in the same row."
    ),
    ConsensusMethod.MACE: (
        "Labels are by MACE (Hovy et al. 2013), which estimates from the votes how often each annotator answers without looking,"
        " and what they answer then, and weights them accordingly (variational Bayes, 10 starting points). It was run on the"
        " votes of all splits together. The soft label is its posterior. The vote counts are in the same row."
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
        f"- **{literal(question['text'])}** (`{question['slug']}`). Choices: {listed(words(question['choices']))}"
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
        return labelling(facts)
    overlap = f"The target was {number(rules['votes_wanted'], 'vote')} per pair"
    if rules["votes_max"] > rules["votes_wanted"] and rules["pairing_rule"] == PairingRule.INFORMATION_GAIN:
        overlap += f", and more, up to {rules['votes_max']}, where the order of two images was open"
    elif rules["votes_max"] > rules["votes_wanted"]:
        overlap += (
            f", and more, up to {rules['votes_max']}, until the label was {rules['stop_confidence']:.0%} probable. Pairs"
            " with disagreement have more votes"
        )
    return (
        "Both images of a pair have the same prompt. Which of the two is `a` was chosen at random at import. If a prompt had more"
        f" than two images, {pairing_in_words(rules)}.\n\n"
        f"{overlap}. Nobody judged a pair twice, except as a check. {labelling(facts)}"
    )


def pairing_in_words(rules: Mapping[str, Any]) -> str:
    """What the pairing rule did. Where not all pairs had the same chance, also what to do about it."""
    rule = PairingRule(rules["pairing_rule"])
    words = PAIRING_WORDS[rule].format_map(rules)
    if rule in RULES_IN_BATCHES:
        words += (
            f". Votes decided on the later pairs, so that some kinds of pairs are there more often than others. A weight of 1 /"
            f" `inclusion_probability` in `{PAIRS.config}` makes up for it"
        )
    return words


def labelling(facts: Facts) -> str:
    """How labels were made from votes, why so, and where that is not to be trusted."""
    found = facts.statistics.get("label_methods", [])
    methods = dict.fromkeys(row["method"] for row in found) or [facts.method]
    parts = [METHOD_WORDS[ConsensusMethod(method)] for method in methods]
    for row in found:
        of = f" (`{row['question']}`)" if len(found) > 1 else ""
        if facts.method == ConsensusMethod.AUTO:
            name = ConsensusMethod(row["method"]).label
            parts.append(f"The method was chosen by how well it predicts votes that it has not seen{of}: {name}. {row['reason']}")
        if not row["converged"]:
            parts.append(
                f"**The method had not converged when it stopped{of}.** Its soft labels and some labels would have moved on. Use"
                " the vote counts in the same row, or a majority of them, where that matters."
            )
    return "\n\n".join(parts)


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
        f"### Version {guideline['version']}\n\nVotes under this version: {votes[guideline['version']]:,}.\n\n"
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
        f"\n\nLabels are from votes of people only. `{MACHINE_VOTES.config}` has {number(machines, 'vote')} by"
        f" {number(facts.machines['members'], 'machine annotator')}."
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
        ("generators", listed(map(literal, facts.generators)) or NOT_STATED),
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
