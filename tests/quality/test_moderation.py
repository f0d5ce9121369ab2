from __future__ import annotations

import threading

import pytest
from django.db import connection

from annotator import tasks
from annotator.choices import MemberState, VoidReason
from annotator.errors import Conflict, DomainError
from annotator.judging import assigning, voting
from annotator.models import Assignment, Member, Pair, Vote
from annotator.quality import moderation
from annotator.scoring import settling
from tests.factories import AssignmentFactory, CampaignFactory, MemberFactory, PairFactory, UserFactory
from tests.judges import assert_seats_are_true, judge, judge_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    campaign = CampaignFactory(votes_wanted=1)
    PairFactory.create_batch(12, campaign=campaign)
    return campaign


def test_a_suspension_voids_the_votes_and_returns_every_seat(campaign):
    member, manager = MemberFactory(campaign=campaign), UserFactory()
    judge(assigning.next_assignments(member=member)[0])

    assert moderation.suspend_member(member=member, by=manager) == 12  # every pair there is

    vote = Vote.objects.get()
    assert (vote.void_reason, vote.voided_by) == (VoidReason.SUSPENDED, manager)
    assert set(Pair.objects.values_list("seats_taken", flat=True)) == {0}
    assert_seats_are_true(campaign)


def test_a_suspension_that_was_cut_off_half_way_is_finished_by_the_beat(campaign):
    PairFactory.create_batch(12, campaign=campaign)
    member, other = MemberFactory.create_batch(2, campaign=campaign)
    judge(assigning.next_assignments(member=member)[0])
    judge(assigning.next_assignments(member=other)[0])
    Member.objects.filter(pk=member.pk).update(state=MemberState.SUSPENDED)  # all that its first transaction does

    tasks.clear_away_departed()

    assert Vote.objects.live().get().assignment.member == other
    assert not Assignment.objects.filter(member=member, state__in=["open", "answered"]).exists()
    assert not moderation.departed_with_seats().exists()
    assert_seats_are_true(campaign)


def test_nothing_is_cleared_away_of_somebody_who_is_back(campaign):
    member = MemberFactory(campaign=campaign)
    judge(assigning.next_assignments(member=member)[0])

    assert moderation.void_votes_and_release_seats(member_id=member.pk) == 0

    assert Vote.objects.live().count() == 1


def test_the_pairs_go_to_others(campaign):
    bad, good = MemberFactory.create_batch(2, campaign=campaign)
    judge_all(bad)
    settling.settle_pairs(campaign=campaign)
    assert set(Pair.objects.values_list("state", flat=True)) == {"settled"}

    moderation.suspend_member(member=bad, by=None)
    settling.settle_pairs(campaign=campaign)

    assert len(judge_all(good)) == 12
    settling.settle_pairs(campaign=campaign)
    assert set(Pair.objects.values_list("state", flat=True)) == {"settled"}
    assert_seats_are_true(campaign)


def test_who_is_suspended_can_do_nothing_more(campaign):
    member = MemberFactory(campaign=campaign)
    seat = assigning.next_assignments(member=member)[0]
    moderation.suspend_member(member=member, by=None)

    with pytest.raises(DomainError):
        judge(seat)
    assert assigning.refill_queue(member_id=member.pk) == 0


def test_gold_answers_of_a_suspended_member_stay(campaign):
    member = MemberFactory(campaign=campaign)
    pair = PairFactory(campaign=campaign, gold_choice="a")
    seat = AssignmentFactory(member=member, pair=pair, kind="gold")
    judge(seat)

    moderation.suspend_member(member=member, by=None)

    assert Vote.objects.get().void_reason is None


def test_lifting_restores_the_votes_whose_seats_are_free(campaign):
    member, other = MemberFactory.create_batch(2, campaign=campaign)
    answered = judge_all(member)
    moderation.suspend_member(member=member, by=None)
    taken = [judge(assigning.next_assignments(member=other)[0]).pair_id for _ in range(3)]
    moderation.suspend_member(member=other, by=None)
    moderation.lift_suspension(member=other, by=None)

    assert moderation.lift_suspension(member=member, by=None) == 12 - len(taken)

    live = Vote.objects.live()
    assert live.count() == len(answered)
    assert set(live.filter(assignment__member=other).values_list("assignment__pair", flat=True)) == set(taken)
    assert_seats_are_true(campaign)


def test_after_lifting_the_member_gets_what_only_waited_for_them(campaign):
    member = MemberFactory(campaign=campaign)
    assigning.refill_queue(member_id=member.pk)
    moderation.suspend_member(member=member, by=None)
    moderation.lift_suspension(member=member, by=None)
    member.refresh_from_db()

    assert len(judge_all(member)) == 12


def test_a_withdrawal_voids_all_and_cannot_be_lifted(campaign):
    member = MemberFactory(campaign=campaign)
    judge(assigning.next_assignments(member=member)[0])

    moderation.withdraw_member(member=member, by=member.user)

    member.refresh_from_db()
    assert member.state == MemberState.WITHDRAWN
    assert Vote.objects.get().void_reason == VoidReason.WITHDRAWN
    for verb in (moderation.lift_suspension, moderation.suspend_member):
        with pytest.raises(Conflict):
            verb(member=member, by=None)
    assert_seats_are_true(campaign)


def test_clearing_away_again_changes_nothing(campaign):
    member = MemberFactory(campaign=campaign)
    judge_all(member)
    moderation.suspend_member(member=member, by=None)

    assert moderation.void_votes_and_release_seats(member_id=member.pk) == 0
    assert_seats_are_true(campaign)


@pytest.mark.django_db(transaction=True)
def test_a_vote_in_flight_is_voided_or_refused_but_never_left():
    campaign = CampaignFactory(votes_wanted=2)
    PairFactory.create_batch(40, campaign=campaign)
    members = MemberFactory.create_batch(4, campaign=campaign)
    surprises: list[BaseException] = []
    started = threading.Barrier(len(members) + 1)

    def annotate(member) -> None:
        try:
            started.wait()
            while queue := assigning.next_assignments(member=member):
                voting.cast_vote(assignment_id=queue[0].pk, by=member.user, choices={"overall": "a"})
                member.refresh_from_db()
        except DomainError:
            pass  # what the suspended hear
        except BaseException as error:
            surprises.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=annotate, args=(member,)) for member in members]
    for thread in threads:
        thread.start()
    started.wait()
    for member in members[:2]:
        moderation.suspend_member(member=member, by=None)
    for thread in threads:
        thread.join()

    assert surprises == []
    assert not Vote.objects.live().filter(assignment__member__in=members[:2]).exists()
    assert not Assignment.objects.filter(member__in=members[:2], state__in=["open", "answered"]).exists()
    assert_seats_are_true(campaign)
