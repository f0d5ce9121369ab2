"""The card's section on how sure labels are: what confidence is, what it rests on, and how often it came true."""

from __future__ import annotations

from typing import Any

from annotator.releasing.card.facts import Facts
from annotator.releasing.card.phrases import number

SURE_PAIRS = 300  # with two votes or more; below, the prior is rough


def confidence(facts: Facts) -> str:
    found = [each for each in facts.statistics["confidence"] if each["pairs"]]
    if not found:
        return ""
    said = (
        "`confidence` is the probability that the label is what most of the campaign's population would answer, estimated from"
        " the votes on the pair and from how people split on all pairs of this release. `share` is the share of the votes on the"
        " label, and no probability: after one vote it is 1. To leave out doubtful labels, filter by `confidence`. The figures"
        " below are of labels by majority."
    )
    return "\n\n".join([said, *(part for each in found for part in of_question(each, many=len(found) > 1))])


def of_question(found: dict[str, Any], *, many: bool) -> list[str]:
    prior, of = found["prior"], f" (`{found['question']}`)" if many else ""
    parts = [
        f"Mean confidence{of} is {found['mean']:.0%}; {found['share_sure']:.0%} of the labels have 90 % or more.",
        f"Two people agree on a pair {prior['agreement']:.0%} of the time, {prior['with_the_first']:.0%} of people are with the"
        f" most common answer on average, and {prior['nearly_even']:.0%} of the pairs are nearly even.",
    ]
    if not prior["pairs_with_two_votes"]:
        parts.append("**No pair has two votes, so how much people agree is not known.** Confidence is a guess at what is usual.")
    elif prior["pairs_with_two_votes"] < SURE_PAIRS:
        pairs = number(prior["pairs_with_two_votes"], "pair")
        parts.append(f"This was learned from {pairs} with two votes or more, which is few: it is rough.")
    if found["calibration"]:
        parts.append(calibration(found["calibration"]))
    return parts


def calibration(found: dict[str, Any]) -> str:
    rows = "\n".join(
        f"| {row['said']:.2f} | {row['came_true']:.2f} | {row['lower']:.2f} to {row['upper']:.2f} | {row['pairs']:,} |"
        for row in found["rows"]
    )
    votes, pairs = number(found["votes_known"], "vote"), number(found["pairs"], "pair")
    return (
        f"How often it came true: by the first {votes} of {pairs}, the probability that the label is also"
        " the most common of the pair's other votes, and how often it was.\n\n"
        f"| said | came true | interval | pairs |\n|---:|---:|---|---:|\n{rows}"
    )
