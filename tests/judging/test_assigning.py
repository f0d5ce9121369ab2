from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotator.choices import AssignmentState
from annotator.errors import NotAllowed
from annotator.judging import assigning, voting
from annotator.models import Assignment, Member, Pair
from tests.factories import AssignmentFactory, CampaignFactory, GuidelineFactory, MemberFactory, PairFactory
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db


def open_pairs(member: Member) -> list[int]:
    return list(Assignment.objects.open().filter(member=member).order_by("pk").values_list("pair_id", flat=True))


def seats_counted(pair: Pair) -> tuple[int, int]:
    live = pair.assignments.filter(kind="regular", state__in=["open", "answered"])
    return live.count(), live.filter(a_on_left=True).count()


def assert_counters_are_true(campaign) -> None:
    for pair in Pair.objects.filter(campaign=campaign):
        assert (pair.seats_taken, pair.seats_a_on_left) == seats_counted(pair)


def test_it_fills_a_queue_and_no_further():
    member = MemberFactory()
    PairFactory.create_batch(assigning.QUEUE_TARGET + 4, campaign=member.campaign)

    assert assigning.refill_queue(member_id=member.pk) == assigning.QUEUE_TARGET
    assert assigning.refill_queue(member_id=member.pk) == 0
    assert len(set(open_pairs(member))) == assigning.QUEUE_TARGET
    assert_counters_are_true(member.campaign)


def test_it_takes_what_there_is_when_there_is_less():
    member = MemberFactory()
    PairFactory.create_batch(3, campaign=member.campaign)

    assert assigning.refill_queue(member_id=member.pk) == 3
    assert assigning.refill_queue(member_id=member.pk) == 0


def test_it_never_takes_more_seats_than_wanted():
    campaign = CampaignFactory(votes_wanted=2)
    pair = PairFactory(campaign=campaign)
    members = MemberFactory.create_batch(3, campaign=campaign)

    assert [assigning.refill_queue(member_id=member.pk) for member in members] == [1, 1, 0]
    pair.refresh_from_db()
    assert pair.seats_taken == 2


@pytest.mark.parametrize("field", [{"state": "held"}, {"state": "settled"}, {"gold_choice": "a"}])
def test_it_leaves_pairs_out_of_circulation_alone(field):
    member = MemberFactory()
    PairFactory(campaign=member.campaign, **field)

    assert assigning.refill_queue(member_id=member.pk) == 0


def test_it_stays_within_the_campaign():
    member = MemberFactory()
    PairFactory()

    assert assigning.refill_queue(member_id=member.pk) == 0


@pytest.mark.parametrize("state", ["draft", "paused", "closed"])
def test_it_hands_out_nothing_unless_the_campaign_is_open(state):
    member = MemberFactory(campaign__state=state)
    PairFactory(campaign=member.campaign)

    assert assigning.refill_queue(member_id=member.pk) == 0
    with pytest.raises(NotAllowed) as error:
        assigning.next_assignments(member=member)
    assert error.value.code == f"campaign_{state}"


@pytest.mark.parametrize("state", ["paused", "suspended", "withdrawn"])
def test_it_hands_out_nothing_to_a_member_who_is_not_active(state):
    member = MemberFactory(state=state)
    PairFactory(campaign=member.campaign)

    assert assigning.refill_queue(member_id=member.pk) == 0
    with pytest.raises(NotAllowed) as error:
        assigning.next_assignments(member=member)
    assert error.value.code == f"member_{state}"


def test_a_higher_priority_comes_first():
    member = MemberFactory()
    PairFactory.create_batch(12, campaign=member.campaign, priority=0)
    urgent = PairFactory.create_batch(4, campaign=member.campaign, priority=7)
    first = PairFactory.create_batch(2, campaign=member.campaign, priority=9)

    assigning.refill_queue(member_id=member.pk)

    queue = open_pairs(member)
    assert set(queue[:2]) == {pair.pk for pair in first}
    assert set(queue[2:6]) == {pair.pk for pair in urgent}


def test_a_member_comes_past_every_pair_once_wherever_the_cursor_started():
    member = MemberFactory()
    pairs = PairFactory.create_batch(60, campaign=member.campaign)

    seen = []
    while queue := assigning.next_assignments(member=member):
        seen.append(queue[0].pair_id)
        voting.cast_vote(assignment_id=queue[0].pk, by=member.user, choices={"overall": "a"})

    assert sorted(seen) == sorted(pair.pk for pair in pairs)


def test_a_member_who_judged_nearly_everything_still_finds_the_last_pair():
    campaign = CampaignFactory(votes_wanted=5)
    member = MemberFactory(campaign=campaign)
    pairs = PairFactory.create_batch(300, campaign=campaign)
    Assignment.objects.bulk_create(
        Assignment(
            campaign=campaign,
            member=member,
            pair=pair,
            state="skipped",
            a_on_left=True,
            lease_expires_at=timezone.now(),
            closed_at=timezone.now(),
        )
        for pair in pairs[:-1]
    )

    assert assigning.refill_queue(member_id=member.pk) == 1
    assert open_pairs(member) == [pairs[-1].pk]


def test_the_next_assignment_stays_the_same_until_it_is_answered():
    member = MemberFactory()
    PairFactory.create_batch(3, campaign=member.campaign)

    first = assigning.next_assignments(member=member)[0]
    assert assigning.next_assignments(member=member)[0] == first
    voting.cast_vote(assignment_id=first.pk, by=member.user, choices={"overall": "b"})
    assert assigning.next_assignments(member=member)[0] != first


def test_it_serves_several_in_order_and_says_how_many_wait():
    member = MemberFactory()
    PairFactory.create_batch(assigning.QUEUE_TARGET + 4, campaign=member.campaign)

    three = assigning.next_assignments(member=member, count=3)

    assert [seat.pk for seat in three] == sorted(seat.pk for seat in three)
    assert [seat.queue_length for seat in three] == [assigning.QUEUE_TARGET] * 3
    assert assigning.next_assignments(member=member)[0] == three[0]


def test_serving_renews_the_lease():
    member = MemberFactory(campaign__lease_seconds=600)
    PairFactory(campaign=member.campaign)
    start = timezone.now()

    first = assigning.next_assignments(member=member, now=start)[0]
    again = assigning.next_assignments(member=member, now=start + timedelta(seconds=500))[0]

    again.refresh_from_db()
    assert again == first
    assert again.shown_at == start
    assert again.lease_expires_at == start + timedelta(seconds=1100)


def test_assignments_say_which_guideline_was_in_force():
    member = MemberFactory()
    PairFactory(campaign=member.campaign)
    GuidelineFactory(campaign=member.campaign, version=1)
    newest = GuidelineFactory(campaign=member.campaign, version=2)
    GuidelineFactory(campaign=member.campaign, version=3, published_at=None)

    assert assigning.next_assignments(member=member)[0].guideline == newest


def test_expired_seats_come_back_and_go_to_somebody_else():
    campaign = CampaignFactory(votes_wanted=1)
    PairFactory.create_batch(4, campaign=campaign)
    gone, eager = MemberFactory.create_batch(2, campaign=campaign)
    assigning.refill_queue(member_id=gone.pk)
    later = timezone.now() + timedelta(seconds=campaign.lease_seconds + 1)

    assert assigning.refill_queue(member_id=eager.pk, now=later) == 0
    assert assigning.return_expired_seats(now=later) == 4
    assert assigning.refill_queue(member_id=eager.pk, now=later) == 4
    assert set(Assignment.objects.filter(member=gone).values_list("state", flat=True)) == {AssignmentState.EXPIRED}
    assert_counters_are_true(campaign)


def test_a_lease_that_runs_is_not_taken_away():
    member = MemberFactory()
    PairFactory(campaign=member.campaign)
    assigning.refill_queue(member_id=member.pk)

    assert assigning.return_expired_seats() == 0


def test_after_the_clock_was_set_back_no_seat_is_kept_longer_than_a_lease():
    member = MemberFactory(campaign__lease_seconds=600)
    PairFactory.create_batch(2, campaign=member.campaign)
    now = timezone.now()
    assigning.refill_queue(member_id=member.pk, now=now + timedelta(hours=1))

    assert assigning.shorten_leases(now=now) == 2
    assert set(Assignment.objects.values_list("lease_expires_at", flat=True)) == {now + timedelta(seconds=600)}
    assert assigning.shorten_leases(now=now) == 0
    assert assigning.return_expired_seats(now=now + timedelta(seconds=601)) == 2


def test_expired_seats_come_back_in_bounded_batches():
    member = MemberFactory()
    PairFactory.create_batch(5, campaign=member.campaign)
    assigning.refill_queue(member_id=member.pk)
    later = timezone.now() + timedelta(days=1)

    assert [assigning.return_expired_seats(now=later, limit=3) for _ in range(3)] == [3, 2, 0]


def test_all_open_leases_begin_anew_after_a_time_in_which_nobody_could_answer():
    now = timezone.now()
    seat = AssignmentFactory(lease_expires_at=now - timedelta(hours=1))
    over = AssignmentFactory(state="expired", lease_expires_at=now - timedelta(hours=1))

    assert assigning.renew_leases(now=now) == 1

    seat.refresh_from_db()
    assert seat.lease_expires_at == now + timedelta(seconds=seat.campaign.lease_seconds)
    assert Assignment.objects.get(pk=over.pk).lease_expires_at < now


def test_who_comes_back_late_gets_the_same_pair_in_the_same_assignment():
    member = MemberFactory()
    pair = PairFactory(campaign=member.campaign)
    first = assigning.next_assignments(member=member)[0]
    later = timezone.now() + timedelta(days=1)

    again = assigning.next_assignments(member=member, now=later)[0]

    assert again == first
    assert again.lease_expires_at > later
    pair.refresh_from_db()
    assert pair.seats_taken == 1
    assert_counters_are_true(member.campaign)


def test_a_refill_asks_as_often_in_a_large_campaign_as_in_a_small_one():
    def queries_of_a_refill() -> int:
        member = MemberFactory(campaign=campaign)
        with CaptureQueriesContext(connection) as queries:
            assert assigning.refill_queue(member_id=member.pk) == assigning.QUEUE_TARGET
        return len(queries)

    campaign = CampaignFactory()
    PairFactory.create_batch(assigning.QUEUE_TARGET + 4, campaign=campaign)
    few = queries_of_a_refill()
    PairFactory.create_batch(300, campaign=campaign)

    assert queries_of_a_refill() == few == 5  # with a savepoint made and let go


@pytest.mark.django_db(transaction=True)
def test_many_at_once_never_overfill_a_pair_and_leave_no_seat_empty():
    campaign = CampaignFactory(votes_wanted=3)
    PairFactory.create_batch(20, campaign=campaign)
    members = MemberFactory.create_batch(8, campaign=campaign)
    failures: list[BaseException] = []

    def annotate(member: Member) -> None:
        try:
            while queue := assigning.next_assignments(member=member):
                voting.cast_vote(assignment_id=queue[0].pk, by=member.user, choices={"overall": "a"})
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=annotate, args=(member,)) for member in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    for member in members:  # whoever was turned away by a busy moment gets what came back
        while queue := assigning.next_assignments(member=member):
            voting.cast_vote(assignment_id=queue[0].pk, by=member.user, choices={"overall": "a"})
    assert {pair.seats_taken for pair in Pair.objects.all()} == {3}
    assert_counters_are_true(campaign)


@pytest.mark.django_db(transaction=True)
def test_who_asks_while_a_worker_fills_the_queue_is_not_told_that_nothing_is_left():
    member = MemberFactory()
    PairFactory.create_batch(10, campaign=member.campaign)
    served: list[int] = []

    def ask() -> None:
        try:
            served.append(len(assigning.next_assignments(member=Member.objects.get(pk=member.pk))))
        finally:
            connection.close()

    with transaction.atomic():
        assigning.refill_queue(member_id=member.pk)  # holds the member until it commits
        thread = threading.Thread(target=ask)
        thread.start()
        wait_until(somebody_waits_for_a_lock, why="the one who asks to wait for the refill")
    thread.join()

    assert served == [1]


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # or a transaction sees the same activity for ever
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
        return bool(cursor.fetchone()[0])


def test_who_has_judged_nearly_everything_gets_on_with_every_refill(monkeypatch):
    monkeypatch.setattr(assigning, "LOOKED_AT_LIMIT", assigning.FIRST_WINDOW)  # of pairs in one refill
    member = MemberFactory()
    pairs = PairFactory.create_batch(2 * (assigning.FIRST_WINDOW + assigning.QUEUE_TARGET), campaign=member.campaign)
    for pair in pairs[1:]:
        AssignmentFactory(member=member, pair=pair, state=AssignmentState.SKIPPED, closed_at=timezone.now())

    taken = [assigning.refill_queue(member_id=member.pk) for _ in range(10)]

    assert sum(taken) == 1
    assert open_pairs(member) == [pairs[0].pk]
