from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from annotator.choices import AssignmentKind
from annotator.judging import assigning, voting
from annotator.models import Assignment, Campaign, Member, Pair, Vote
from annotator.scoring.consensus_writer import score_campaign
from tests.factories import AssignmentFactory, CampaignFactory, MemberFactory, PairFactory, VoteFactory

pytestmark = pytest.mark.django_db


def judge(member: Member, votes: int, choice: str = "a") -> list[Assignment]:
    """So many answers in a row, as somebody gives them."""
    answered: list[Assignment] = []
    while len(answered) < votes:
        seats = assigning.next_assignments(member=member)
        if not seats:
            break
        voting.cast_vote(assignment_id=seats[0].pk, by=member.user, choices={"overall": choice})
        answered += seats
    return answered


def campaign_with(*, pairs: int, gold: int = 0, **rates: float | int) -> Campaign:
    campaign = CampaignFactory(votes_wanted=5, **rates)
    PairFactory.create_batch(pairs, campaign=campaign)
    PairFactory.create_batch(gold, campaign=campaign, gold_choice="a")
    return campaign


def kinds(seats: list[Assignment]) -> Counter[str]:
    return Counter(seat.kind for seat in seats)


def test_gold_comes_at_the_campaigns_rate_and_never_twice_to_one_annotator():
    campaign = campaign_with(pairs=120, gold=60, gold_rate=0.2)
    members = MemberFactory.create_batch(4, campaign=campaign)

    given = [judge(member, 100) for member in members]

    share = sum(kinds(seats)["gold"] for seats in given) / 400
    assert 0.13 < share < 0.27  # 3.5 standard deviations
    for seats in given:
        gold = [seat.pair_id for seat in seats if seat.kind == AssignmentKind.GOLD]
        assert len(gold) == len(set(gold))
        assert set(gold) <= set(Pair.objects.filter(gold_choice="a").values_list("pk", flat=True))


def test_no_two_annotators_meet_gold_at_the_same_places():
    campaign = campaign_with(pairs=120, gold=60, gold_rate=0.2)
    members = MemberFactory.create_batch(3, campaign=campaign)

    places = [tuple(n for n, seat in enumerate(judge(member, 60)) if seat.kind == "gold") for member in members]

    assert len(set(places)) == 3
    assert len({after - before for row in places for before, after in itertools.pairwise(row)}) > 4, "places follow a rule"


def test_when_the_gold_runs_out_the_places_are_regular():
    campaign = campaign_with(pairs=60, gold=3, gold_rate=0.5)
    member = MemberFactory(campaign=campaign)

    assert kinds(judge(member, 60)) == {"regular": 57, "gold": 3}


def test_gold_takes_no_seat_and_is_no_part_of_any_consensus():
    campaign = campaign_with(pairs=20, gold=20, gold_rate=0.5)
    for member in MemberFactory.create_batch(2, campaign=campaign):
        judge(member, 40)

    gold = Pair.objects.filter(gold_choice="a")
    assert Vote.objects.filter(assignment__kind="gold").count() > 10
    assert set(gold.values_list("seats_taken", "seats_a_on_left", "state")) == {(0, 0, "open")}
    assert score_campaign(campaign=campaign) == 20


def test_the_sides_of_a_gold_pair_alternate_from_annotator_to_annotator():
    campaign = campaign_with(pairs=20, gold=5, gold_rate=0.5)
    for member in MemberFactory.create_batch(6, campaign=campaign):
        judge(member, 25)

    for pair in Pair.objects.filter(gold_choice="a"):
        sides = list(pair.assignments.filter(kind="gold").order_by("pk").values_list("a_on_left", flat=True))
        assert len(sides) > 1
        assert all(before != after for before, after in itertools.pairwise(sides))


def test_what_somebody_judged_before_it_was_gold_is_no_check_for_them():
    campaign = campaign_with(pairs=30, gold_rate=0.5)
    member = MemberFactory(campaign=campaign)
    judged = judge(member, 10)
    Pair.objects.filter(pk__in=[seat.pair_id for seat in judged]).update(gold_choice="b")

    assert kinds(judge(member, 20)) == {"regular": 20}


@pytest.mark.parametrize(
    "changes",
    [{"gold_use": "training"}, {"state": "held"}, {"gold_in_review_since": datetime(2026, 1, 1, tzinfo=UTC)}],
    ids=["training", "held", "in review"],
)
def test_gold_that_is_for_training_or_held_or_in_review_is_not_mixed_in(changes):
    campaign = campaign_with(pairs=40, gold=10, gold_rate=0.5)
    Pair.objects.filter(gold_choice="a").update(**changes)

    assert kinds(judge(MemberFactory(campaign=campaign), 40)) == {"regular": 40}


def test_gold_whose_lease_ran_out_may_come_again_as_the_same_assignment():
    campaign = campaign_with(pairs=30, gold=1, gold_rate=0.5)
    member = MemberFactory(campaign=campaign)
    expired = AssignmentFactory(member=member, pair=Pair.objects.get(gold_choice="a"), kind="gold", state="expired")

    judge(member, 31)

    expired.refresh_from_db()
    assert expired.state == "answered"


def test_nobody_gets_gold_alone_when_the_work_is_done():
    campaign = campaign_with(pairs=3, gold=30, gold_rate=0.5)
    member = MemberFactory(campaign=campaign)

    seats = judge(member, 100)

    assert kinds(seats)["regular"] == 3
    assert kinds(seats)["gold"] <= 3
    assert assigning.next_assignments(member=member) == []


def test_an_earlier_pair_comes_again_once_with_its_sides_swapped():
    campaign = campaign_with(pairs=150, repeat_rate=0.25, repeat_after=20)
    member = MemberFactory(campaign=campaign)

    seats = judge(member, 150)

    first = {seat.pair_id: (place, seat.a_on_left) for place, seat in enumerate(seats) if seat.kind == "regular"}
    again = {seat.pair_id: (place, seat.a_on_left) for place, seat in enumerate(seats) if seat.kind == "repeat"}
    assert len(again) == kinds(seats)["repeat"]
    assert 15 < len(again) < 50
    for pair, (place, a_on_left) in again.items():
        assert place - first[pair][0] > 20
        assert a_on_left != first[pair][1]


def test_a_repeat_takes_no_seat_and_is_no_further_vote():
    campaign = campaign_with(pairs=60, repeat_rate=0.25, repeat_after=5)
    judge(MemberFactory(campaign=campaign), 1000)  # until nothing is left

    assert set(Pair.objects.values_list("seats_taken", flat=True)) == {1}
    assert Vote.objects.filter(assignment__kind="repeat").exists()
    assert score_campaign(campaign=campaign) == 60
    assert all(pair.consensus.get().n_votes == 1 for pair in Pair.objects.all())


def test_what_was_taken_back_or_held_does_not_come_again():
    campaign = campaign_with(pairs=100, repeat_rate=0.25, repeat_after=1)
    member = MemberFactory(campaign=campaign)
    early = timezone.now() - timedelta(hours=1)
    held = VoteFactory(
        assignment__member=member,
        assignment__pair=PairFactory(campaign=campaign, state="held"),
        assignment__state="answered",
        assignment__closed_at=early,
    ).assignment
    returned = AssignmentFactory(member=member, pair=PairFactory(campaign=campaign), state="returned", closed_at=early)

    again = {seat.pair_id for seat in judge(member, 80) if seat.kind == "repeat"}

    assert again
    assert not again & {held.pair_id, returned.pair_id}


def test_a_limit_counts_what_is_mixed_in_as_well():
    campaign = campaign_with(pairs=50, gold=50, gold_rate=0.5, limit_total=12)

    assert len(judge_to_the_limit(MemberFactory(campaign=campaign))) == 12


def judge_to_the_limit(member: Member) -> list[Assignment]:
    answered: list[Assignment] = []
    try:
        while True:
            member.refresh_from_db()
            answered += judge(member, 1)
    except assigning.NotAllowed as limit:
        assert limit.code == "limit_total"  # noqa: PT017
    return answered
