"""The rolled-up counters, checked against counting the votes themselves, and what members did lately."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from annotator.choices import AssignmentKind, AssignmentState, CampaignState, PairState, VoidReason
from annotator.models import Assignment, Campaign, CampaignProgress, Pair, Vote
from annotator.scoring import progress
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    ConsensusFactory,
    GuidelineFactory,
    ImportFactory,
    MemberFactory,
    PairFactory,
    VoteFactory,
)

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def seat(member, pair, state=AssignmentState.OPEN, *, ago=timedelta(0), kind=AssignmentKind.REGULAR, choice="a") -> Assignment:
    """A seat as assigning and voting leave it: counted on the pair where it is live, with its vote where it is answered."""
    closed_at = None if state == AssignmentState.OPEN else NOW - ago
    assignment = AssignmentFactory(member=member, pair=pair, state=state, closed_at=closed_at, kind=kind)
    if kind == AssignmentKind.REGULAR and state in (AssignmentState.OPEN, AssignmentState.ANSWERED):
        Pair.objects.filter(pk=pair.pk).update(seats_taken=pair.seats_taken + 1)
        pair.refresh_from_db()
    if state == AssignmentState.ANSWERED:
        VoteFactory(assignment=assignment, created_at=closed_at, choice=choice)
    return assignment


def votes_counted(campaign: Campaign) -> int:
    """What `votes_live` stands for, counted vote by vote."""
    return (
        Vote.objects.live()
        .filter(assignment__kind=AssignmentKind.REGULAR, question__campaign=campaign, question__position=0)
        .filter(assignment__pair__gold_choice=None)
        .exclude(assignment__pair__state=PairState.HELD)
        .count()
    )


def test_it_counts_a_new_campaign_as_empty() -> None:
    campaign = CampaignFactory(progress_row=None)

    counted = progress.roll_up(campaign=campaign, now=NOW)

    assert (counted.pairs_total, counted.votes_wanted, counted.votes_live, counted.label_counts) == (0, 0, 0, {})
    assert counted.updated_at == NOW


def test_it_counts_pairs_seats_and_votes() -> None:
    campaign = CampaignFactory(votes_wanted=3, progress_row=None)
    ann, bob = MemberFactory.create_batch(2, campaign=campaign)
    fresh, begun, settled, held, gold = PairFactory.create_batch(5, campaign=campaign)
    seat(ann, begun, AssignmentState.ANSWERED, ago=timedelta(minutes=59))
    seat(bob, begun, AssignmentState.OPEN)
    seat(ann, settled, AssignmentState.ANSWERED, ago=timedelta(hours=2))
    seat(bob, settled, AssignmentState.ANSWERED, ago=timedelta(minutes=61))
    seat(ann, held, AssignmentState.ANSWERED, ago=timedelta(minutes=30))
    seat(bob, held, AssignmentState.OPEN)
    seat(bob, fresh, AssignmentState.SKIPPED)
    seat(bob, gold, AssignmentState.ANSWERED, kind=AssignmentKind.GOLD, ago=timedelta(minutes=1))
    Pair.objects.filter(pk=settled.pk).update(state=PairState.SETTLED, votes_wanted=2)
    Pair.objects.filter(pk=held.pk).update(state=PairState.HELD)
    Pair.objects.filter(pk=gold.pk).update(gold_choice="a")

    counted = progress.roll_up(campaign=campaign, now=NOW)

    assert (counted.pairs_total, counted.pairs_settled, counted.pairs_held) == (5, 1, 1)
    assert counted.votes_wanted == 3 + 3 + 2  # fresh, begun, settled
    assert counted.votes_live == votes_counted(campaign) == 3
    assert counted.seats_open == 2
    assert (counted.votes_last_hour, counted.annotators_last_hour) == (2, 2)


def test_it_leaves_out_void_votes_and_other_campaigns() -> None:
    campaign = CampaignFactory(progress_row=None)
    member = MemberFactory(campaign=campaign)
    returned = seat(member, PairFactory(campaign=campaign), AssignmentState.RETURNED)
    VoteFactory(assignment=returned, void_reason=VoidReason.SUSPENDED, voided_at=NOW)
    other = MemberFactory(campaign__progress_row=None)
    seat(other, PairFactory(campaign=other.campaign), AssignmentState.ANSWERED)

    counted = progress.roll_up(campaign=campaign, now=NOW)

    assert counted.votes_live == votes_counted(campaign) == 0
    assert (counted.pairs_total, counted.votes_last_hour) == (1, 0)
    assert progress.roll_up(campaign=other.campaign, now=NOW).votes_live == 1


def test_it_counts_scored_pairs_by_label() -> None:
    campaign = CampaignFactory(progress_row=None)
    for label in ("a", "a", "tie"):
        ConsensusFactory(pair=PairFactory(campaign=campaign), label=label)
    ConsensusFactory(label="b")

    assert progress.roll_up(campaign=campaign, now=NOW).label_counts == {"a": 2, "tie": 1}


def test_an_older_count_never_replaces_a_newer_one() -> None:
    campaign = CampaignFactory(progress_row=None)
    progress.roll_up(campaign=campaign, now=NOW)
    PairFactory(campaign=campaign)

    assert progress.roll_up(campaign=campaign, now=NOW - timedelta(seconds=1)).pairs_total == 0
    assert progress.roll_up(campaign=campaign, now=NOW).pairs_total == 1


def test_a_count_from_before_the_clock_was_set_back_is_replaced() -> None:
    campaign = CampaignFactory(progress_row=None)
    progress.roll_up(campaign=campaign, now=NOW + timedelta(hours=1))
    PairFactory(campaign=campaign)

    assert progress.campaigns_to_roll_up(now=NOW) == [campaign]
    assert progress.roll_up(campaign=campaign, now=NOW).pairs_total == 1


def test_it_takes_two_statements(django_assert_num_queries) -> None:
    campaign = CampaignFactory()
    with django_assert_num_queries(2):
        progress.roll_up(campaign=campaign, now=NOW)


def due(campaign: Campaign, age: timedelta) -> bool:
    CampaignProgress.objects.filter(campaign=campaign).update(updated_at=NOW - age)
    return campaign in progress.campaigns_to_roll_up(now=NOW)


@pytest.mark.parametrize(
    ("state", "fresh", "stale"),
    [
        (CampaignState.OPEN, timedelta(seconds=4), timedelta(seconds=5)),
        (CampaignState.PAUSED, timedelta(seconds=14), timedelta(seconds=15)),
        (CampaignState.DRAFT, timedelta(seconds=59), timedelta(minutes=1)),
        (CampaignState.CLOSED, timedelta(seconds=299), timedelta(minutes=5)),
    ],
)
def test_a_campaign_is_due_by_its_state(state: CampaignState, fresh: timedelta, stale: timedelta) -> None:
    campaign = CampaignFactory(state=state)
    assert not due(campaign, fresh)
    assert due(campaign, stale)


def test_a_draft_is_due_while_pairs_are_imported_and_once_more_after_that() -> None:
    campaign = CampaignFactory(state=CampaignState.DRAFT)
    import_ = ImportFactory(campaign=campaign)
    assert due(campaign, timedelta(seconds=5))
    import_.finished_at = NOW - timedelta(seconds=4)
    import_.save()
    assert due(campaign, timedelta(seconds=5))
    assert not due(campaign, timedelta(seconds=3))


def test_a_big_campaign_is_due_less_often() -> None:
    campaign = CampaignFactory()
    CampaignProgress.objects.filter(campaign=campaign).update(pairs_total=1_000_000)
    assert not due(campaign, timedelta(seconds=19))
    assert due(campaign, timedelta(seconds=20))


def test_a_campaign_without_counters_is_due() -> None:
    campaign = CampaignFactory(progress_row=None)
    assert progress.campaigns_to_roll_up(now=NOW) == [campaign]


def test_campaigns_to_roll_up_are_found_with_one_query(django_assert_num_queries) -> None:
    CampaignFactory.create_batch(3)
    with django_assert_num_queries(1):
        progress.campaigns_to_roll_up(now=NOW)


@pytest.mark.parametrize(
    ("votes_live", "votes_wanted", "votes_last_hour", "share", "left"),
    [
        (0, 0, 0, 0.0, timedelta(0)),
        (0, 300, 0, 0.0, None),
        (150, 300, 0, 0.5, None),
        (150, 300, 100, 0.5, timedelta(minutes=90)),
        (300, 300, 100, 1.0, timedelta(0)),
        (310, 300, 100, 1.0, timedelta(0)),
    ],
)
def test_what_is_done_and_left(votes_live, votes_wanted, votes_last_hour, share, left) -> None:
    counted = CampaignProgress(votes_live=votes_live, votes_wanted=votes_wanted, votes_last_hour=votes_last_hour)
    assert progress.share_done(counted) == share
    assert progress.time_left(counted) == left


def test_members_come_with_their_last_answers_the_busiest_first() -> None:
    campaign = CampaignFactory()
    GuidelineFactory(campaign=campaign)
    idle = MemberFactory(campaign=campaign)
    busy = MemberFactory(campaign=campaign, answered_count=2)
    seat(busy, PairFactory(campaign=campaign), AssignmentState.ANSWERED, ago=timedelta(minutes=70))
    seat(busy, PairFactory(campaign=campaign), AssignmentState.ANSWERED, ago=timedelta(minutes=10))
    seat(busy, PairFactory(campaign=campaign), AssignmentState.SKIPPED)
    MemberFactory()

    first, second = progress.member_progress(campaign, now=NOW)

    assert (first.pk, first.last_answer_at, first.answers_last_hour) == (busy.pk, NOW - timedelta(minutes=10), 1)
    assert (second.pk, second.last_answer_at, second.answers_last_hour) == (idle.pk, None, 0)


def test_members_are_listed_with_one_query_however_many(django_assert_num_queries) -> None:
    campaign = CampaignFactory()
    for members in (1, 10):
        MemberFactory.create_batch(members, campaign=campaign)
        with django_assert_num_queries(1):
            assert [str(member.user) for member in progress.member_progress(campaign, now=NOW)]
