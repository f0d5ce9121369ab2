"""What is known of one pair."""

from __future__ import annotations

import pytest

from annotator.choices import MemberState
from annotator.scoring.pair_record import flags_on, label_steps, majority, votes_on
from tests.factories import FlagFactory, PairFactory, VoteFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("counts", "label"),
    [
        ({"a": 2, "b": 1, "both_good": 0, "both_bad": 0}, "a"),
        ({"a": 1, "b": 1, "both_good": 0, "both_bad": 0}, "tie"),
        ({"a": 0, "b": 0, "both_good": 0, "both_bad": 1}, "both_bad"),
    ],
)
def test_the_majority_of_counts(counts: dict[str, int], label: str) -> None:
    assert majority(counts) == label


def test_only_votes_that_count_are_steps_to_the_label() -> None:
    pair = PairFactory()
    seat = {"assignment__pair": pair, "assignment__member__campaign": pair.campaign, "assignment__state": "answered"}
    VoteFactory(**seat, choice="a")
    VoteFactory(**seat, choice="b", assignment__kind="repeat")
    VoteFactory(**seat, choice="b", assignment__member__state=MemberState.WITHDRAWN)
    VoteFactory(**seat, choice="b", assignment__member__kind="machine")
    VoteFactory(**seat, choice="b", assignment__a_on_left=False)
    VoteFactory()
    FlagFactory(assignment__pair=pair, assignment__member__campaign=pair.campaign)

    votes = votes_on(pair)
    steps = label_steps(votes, pair.campaign.questions.get())

    assert [given.counts for given in votes] == [True, False, False, False, True]
    assert [(step.label, step.counts["a"], step.counts["b"]) for step in steps] == [("a", 1, 0), ("tie", 1, 1)]
    assert steps[-1].given.side == "left"
    assert len(flags_on(pair)) == 1
