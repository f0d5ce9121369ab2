"""The card's sections on how far the votes can be trusted: agreement, checks, review, position bias."""

from __future__ import annotations

from annotator.choices import ActionKind, AssignmentKind, Measure, Outcome, VoidReason
from annotator.releasing.card.facts import Facts
from annotator.releasing.card.phrases import interval_of, listed, number, total
from annotator.releasing.dataset.configs import VOTES
from annotator.releasing.dataset.vote_files import is_live_regular
from annotator.scoring.statistics.compute import RESAMPLES


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
        f"Gold pairs, which have a known answer, were mixed in and looked like other pairs. Correct answers:"
        f" {interval_of(found['accuracy'])} of {number(votes, 'answer')} by {number(found['annotators'], 'annotator')}."
        f" Votes on gold pairs are in `{VOTES.config}` with the kind `gold` and are not used for labels."
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
