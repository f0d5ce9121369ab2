"""What somebody gets of their own answer. That it is what the serializer shows is in tests/api/test_fast_path.py."""

from __future__ import annotations

import pytest

from annotator.judging.own_votes import own_votes
from tests.factories import AssignmentFactory, QuestionFactory, VoteFactory

pytestmark = pytest.mark.django_db


def test_the_votes_come_in_the_order_of_their_questions_with_all_questions():
    seat = AssignmentFactory()
    campaign = seat.member.campaign
    second = QuestionFactory(campaign=campaign, slug="beauty", position=1, choices=["a", "b"])
    votes = [VoteFactory(assignment=seat, question=question) for question in (second, campaign.questions.get(position=0))]

    first, last = own_votes([vote.pk for vote in votes])

    assert [first.question, last.question] == ["overall", "beauty"]
    assert [question["slug"] for question in first.campaign_questions] == ["overall", "beauty"]
    assert (first.pair_id, first.annotator_id, first.knows_ids) == (seat.pair_id, seat.member.public_id, False)


@pytest.mark.parametrize("change", [{"role": "reviewer"}, {"kind": "machine"}])
def test_reviewers_and_machines_know_the_ids(change):
    seat = AssignmentFactory(**{f"member__{name}": value for name, value in change.items()})
    vote = VoteFactory(assignment=seat, question=seat.member.campaign.questions.get())

    assert own_votes([vote.pk])[0].knows_ids
