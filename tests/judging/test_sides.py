"""On which side `a` stands: what balances the pair, else what balances the annotator, else a coin."""

from __future__ import annotations

from collections import Counter

import pytest

from annotator.judging import assigning, voting
from annotator.models import Assignment, Pair
from tests.factories import CampaignFactory, MemberFactory, PairFactory
from tests.judging.test_assigning import assert_counters_are_true

pytestmark = pytest.mark.django_db


def test_sides_are_balanced_on_each_pair_within_one_seat():
    campaign = CampaignFactory(votes_wanted=5)
    PairFactory.create_batch(8, campaign=campaign)
    for member in MemberFactory.create_batch(5, campaign=campaign):
        assigning.refill_queue(member_id=member.pk)

    assert {pair.seats_a_on_left for pair in Pair.objects.all()} <= {2, 3}
    assert_counters_are_true(campaign)


def test_sides_are_balanced_for_each_annotator():
    campaign = CampaignFactory(votes_wanted=1)
    PairFactory.create_batch(200, campaign=campaign)
    member = MemberFactory(campaign=campaign)
    while queue := assigning.next_assignments(member=member):
        voting.skip_assignment(assignment_id=queue[0].pk, by=member.user)

    sides = Counter(Assignment.objects.filter(member=member).values_list("a_on_left", flat=True))
    assert abs(sides[True] - sides[False]) <= 2


@pytest.mark.parametrize(
    ("seats_taken", "seats_a_on_left", "side_balance", "a_on_left"),
    [
        (1, 0, 5, True),  # the pair comes before the annotator
        (1, 1, -5, False),
        (3, 2, -1, False),
        (0, 0, -1, True),
        (2, 1, 1, False),
    ],
)
def test_a_side_balances_the_pair_then_the_annotator(seats_taken, seats_a_on_left, side_balance, a_on_left):
    member = MemberFactory(side_balance=side_balance)
    PairFactory(campaign=member.campaign, votes_wanted=5, seats_taken=seats_taken, seats_a_on_left=seats_a_on_left)

    assigning.refill_queue(member_id=member.pk)

    assert member.assignments.get().a_on_left is a_on_left
    member.refresh_from_db()
    assert member.side_balance == side_balance + (1 if a_on_left else -1)


def test_who_leans_to_one_side_is_brought_back_and_no_further():
    member = MemberFactory(side_balance=-3)
    PairFactory.create_batch(9, campaign=member.campaign)

    assigning.refill_queue(member_id=member.pk)

    sides = list(member.assignments.order_by("pk").values_list("a_on_left", flat=True))
    assert sides[:3] == [True] * 3
    assert all(one != other for one, other in zip(sides[3::2], sides[4::2], strict=True))
    member.refresh_from_db()
    assert member.side_balance == 0


def test_a_side_that_balances_nothing_is_a_coin():
    campaign = CampaignFactory()
    PairFactory(campaign=campaign, votes_wanted=100)
    members = MemberFactory.create_batch(60, campaign=campaign)
    for member in members:
        Pair.objects.filter(campaign=campaign).update(seats_taken=2, seats_a_on_left=1)
        assigning.refill_queue(member_id=member.pk)

    sides = Counter(Assignment.objects.values_list("a_on_left", flat=True))
    assert 6 < sides[True] < 54  # 6.2 standard deviations
