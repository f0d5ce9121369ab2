"""The card's sections on how far the votes can be trusted: agreement, checks, review, position bias."""

from __future__ import annotations

from typing import Any

from annotator.choices import ActionKind, AssignmentKind, Measure, Outcome, VoidReason
from annotator.releasing.card.facts import Facts
from annotator.releasing.card.phrases import interval_of, listed, number, total
from annotator.releasing.dataset.configs import VOTES
from annotator.releasing.dataset.vote_files import is_live_regular
from annotator.scoring.statistics.agreement import RESAMPLES
from annotator.scoring.statistics.schema import AUDIT_PAIRS, FIRST_VOTES


def agreement(facts: Facts) -> str:
    questions = facts.statistics["agreement"]
    wanted = facts.statistics["overlap"]["votes_wanted"]
    parts = [which_votes(facts)]
    figures = [(row["question"], each) for row in questions for each in (row["agreement"], row["audit"]) if each]
    if not any(each["pairs"] for _, each in figures):
        return "\n\n".join([*parts, "No pair has two of these votes, so agreement cannot be measured."])
    rows = "\n".join(
        agreement_row(question, each) for question, each in figures if wanted > 1 or each["votes_used"] == AUDIT_PAIRS
    )
    parts += [
        "Krippendorff's alpha: 1 is full agreement, 0 is what answers by chance would give. The nominal one takes any two answers"
        " as equally different. The ordinal one has an order, `a`, then ties, then `b`: a tie is nearer to either image than they"
        f" are to each other. The 95 % intervals are a bootstrap over prompts with {RESAMPLES:,} resamples, widened by what"
        " annotators add to the variance: they say how a figure would differ with other prompts and other annotators. Only pairs"
        " with two or more of these votes are used.\n\n"
        "| question | votes | alpha, nominal | interval | alpha, ordinal | interval | pairs | prompts | votes on them |\n"
        f"|---|---|---:|---|---:|---|---:|---:|---:|\n{rows}",
        *(primary_figures(each) for _, each in figures[: 2 if questions[0]["audit"] else 1]),
        stopping(facts),
    ]
    return "\n\n".join(part for part in parts if part)


def which_votes(facts: Facts) -> str:
    """Of which votes agreement is."""
    overlap = facts.statistics["overlap"]
    first = f"the first {number(overlap['votes_wanted'], 'counted vote')} on each pair"
    said = f"Agreement is measured on {first}, in the order in which they were given (`is_first` in `{VOTES.config}`)."
    if facts.overlap_is_adaptive or overlap["pairs_beyond"]:
        said += (
            " Later votes are left out: with adaptive overlap a pair gets them because people disagree, and votes stop because"
            " people agree. Over all votes, even answers by chance look like agreement."
        )
    if facts.overlap_is_adaptive and overlap["pairs_audit"]:
        said += (
            f" {number(overlap['pairs_audit'], 'pair')} were drawn at import as audit pairs (`is_audit`): they get all"
            f" {overlap['votes_max']} votes whatever people answer, so all of their votes can be used."
        )
    return said


VOTES_WORDS = {FIRST_VOTES: "first {}", AUDIT_PAIRS: "all {} of audit pairs"}


def agreement_row(question: str, figures: dict[str, Any]) -> str:
    nominal = {"value": figures["alpha"], "lower": figures["lower"], "upper": figures["upper"]}
    undefined = "not defined: all votes are the same" if figures["pairs"] else "–"
    cells = [
        f"`{question}`",
        VOTES_WORDS[figures["votes_used"]].format(figures["votes_per_pair"]),
        *(
            cell
            for each in (nominal, figures["ordinal"])
            for cell in (f"{each['value']:.3f}" if each["value"] is not None else undefined, interval_3(each))
        ),
        f"{figures['pairs']:,}",
        f"{figures['prompts']:,}",
        f"{figures['votes']:,}",
    ]
    return f"| {' | '.join(cells)} |"


def interval_3(estimate: dict[str, Any]) -> str:
    return f"{estimate['lower']:.3f} to {estimate['upper']:.3f}" if estimate["lower"] is not None else "–"


def primary_figures(figures: dict[str, Any]) -> str:
    """In words, on the primary question."""
    if figures["same_answer"]["value"] is None:
        return ""
    of_what = "On audit pairs, with all votes" if figures["votes_used"] == AUDIT_PAIRS else "On the primary question"
    same = percent_of(figures["same_answer"])
    said = [f"{of_what}, two of these votes on the same pair are the same in {same} of cases (mean over pairs)."]
    if figures["unanimous"]["n"]:
        said.append(
            f"Of {number(figures['unanimous']['n'], 'pair')} with {figures['votes_per_pair']} of these votes,"
            f" {interval_of(figures['unanimous'])} are unanimous. The leading answer has"
            f" {percent_of(figures['leading_share'])} of a pair's votes on average, and the entropy of its shares is"
            f" {figures['entropy']['value']:.2f} bits."
        )
    return " ".join(said)


def stopping(facts: Facts) -> str:
    """What adaptive overlap saved and cost."""
    found, overlap = facts.statistics["stopping"], facts.statistics["overlap"]
    if not found:
        return ""
    most = overlap["votes_max"]
    if not found["audit_pairs_complete"]:
        return "What the stopping rule of adaptive overlap saves and costs is not known: no audit pair has all its votes."
    differs = found["label_differs"]
    said = (
        f"The stopping rule was replayed on {number(found['audit_pairs_complete'], 'audit pair')} with all {most} votes. It uses"
        f" {found['votes_per_pair']['value']:.2f} votes per pair, and saves {percent_of(found['votes_saved'])} of the votes that"
        f" {most} on every pair would take. It stops {interval_of(found['stopped_early'])} of them early."
    )
    if differs["n"]:
        said += f" Of those, {interval_of(differs)} have another label after all votes."
    return said


def percent_of(estimate: dict[str, Any]) -> str:
    """A share with its interval, if it has one."""
    interval = f" (95 % interval {estimate['lower']:.1%} to {estimate['upper']:.1%})" if estimate["lower"] is not None else ""
    return f"{estimate['value']:.1%}{interval}"


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
        f" {number(rule['minimum'], 'answer')}{versions(rule.get('version'), rule.get('test_version'))}"
        for rule in facts.review_rules
    )
    actions = ", ".join(
        f"{ActionKind(action['kind']).label.lower()} {action['actions']:,} ({number(action['people'], 'person', 'people')},"
        f" {action['by_rule']:,} by a rule)"
        for action in facts.actions
    )
    said = [
        f"Annotators were reviewed by these rules:\n\n{rules}" if rules else "No review rules were on.",
        f"Actions taken: {actions}." if actions else "No actions were taken.",
    ]
    if facts.rule_actions:
        said.append("Actions by rules:\n\n" + "\n".join(rule_action(action) for action in facts.rule_actions))
    return "\n\n".join(said)


def rule_action(action: dict[str, Any]) -> str:
    """What one version of a rule did."""
    went_by = f", threshold {action['threshold']:g}, at least {number(action['minimum'], 'answer')}" if action["minimum"] else ""
    return (
        f"- {ActionKind(action['kind']).label}: {Measure(action['measure']).label.lower()}{went_by}"
        f"{versions(action['rule_version'], action['test_version'])}: {number(action['people'], 'person', 'people')}, of"
        f" {number(action['actions'], 'action')} {action['automatic']:,} automatic"
    )


def versions(rule_version: int | None, test_version: int | None) -> str:
    if rule_version is None:
        return " (version not recorded)"
    return f" (rule version {rule_version}, test version {test_version})"


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
    first = f", among the first {facts.statistics['overlap']['votes_wanted']} on each pair" if facts.overlap_is_adaptive else ""
    return (
        f"Of {number(left['n'], 'vote')} for one of the images{first}, {interval_of(left)}"
        " chose the left image; the interval takes votes on one prompt, and of one person, as dependent. Sides were balanced, so"
        " about half are expected without a bias. The column `a_on_left` gives the side of image `a` in each vote."
    )
