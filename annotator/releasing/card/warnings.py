"""When a reader of the card must not trust its figures, in plain sentences: adaptive overlap, few people, few prompts."""

from __future__ import annotations

from annotator.choices import PairingRule
from annotator.releasing.card.facts import Facts
from annotator.releasing.card.phrases import number
from annotator.releasing.dataset.configs import VOTES
from annotator.scoring.statistics.agreement import FEW_PROMPTS

# With fewer people than this, one person is more than a tenth of all tastes that were asked.
FEW_PEOPLE = 10
FEW_EFFECTIVE = 5.0  # as concentrated as votes of so many people who all gave equally many


def warnings(facts: Facts) -> list[str]:
    """Those that apply."""
    return [warning for warning in (adaptive_overlap(facts), few_people(facts), few_prompts(facts)) if warning]


def adaptive_overlap(facts: Facts) -> str:
    overlap = facts.statistics["overlap"]
    advice = f"To measure agreement, use the votes with `is_first` in `{VOTES.config}`, or the pairs with `is_audit`."
    if facts.overlap_is_adaptive:
        how = (
            "votes on a pair stopped when its leading answer was probable enough, on"
            f" {number(overlap['pairs_stopped_early'], 'pair')} before {overlap['votes_max']} votes"
        )
        if facts.rules.get("pairing_rule") == PairingRule.INFORMATION_GAIN:
            how = "the pairing rule gave more votes to pairs that say more about the order of the generators"
        return (
            f"Overlap was adaptive: {how}. So the number of votes on a pair depends on the answers. Over all votes, people can"
            f" seem to agree more than they do, and generators to differ less. {advice}"
        )
    if overlap["pairs_beyond"]:
        return (
            f"{number(overlap['pairs_beyond'], 'pair')} have more than {number(overlap['votes_wanted'], 'vote')}: the rules were"
            " changed, or voided votes restored. If overlap was adaptive before, the number of votes on a pair depends on the"
            f" answers. {advice}"
        )
    return ""


def few_people(facts: Facts) -> str:
    votes = facts.votes_by_annotator
    if not votes:
        return ""
    effective = sum(votes) ** 2 / sum(each**2 for each in votes)
    if len(votes) >= FEW_PEOPLE and effective >= FEW_EFFECTIVE:
        return ""
    who = f"Only {number(len(votes), 'person', 'people')} voted"
    if len(votes) >= FEW_PEOPLE:
        who = f"A few people gave most of the votes: as many as if {effective:.1f} people had given equally many"
    return f"{who}. The results show the taste of these people. No interval says how far other people would differ."


def few_prompts(facts: Facts) -> str:
    if not 0 < facts.prompts_voted < FEW_PROMPTS:
        return ""
    have = "has" if facts.prompts_voted == 1 else "have"
    return (
        f"Only {number(facts.prompts_voted, 'prompt')} {have} votes. Votes on the same prompt depend on each other: with other"
        " prompts the results may differ, and the intervals are rough."
    )
