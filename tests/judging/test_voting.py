from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from annotator.choices import AssignmentState, Choice
from annotator.errors import Conflict, Invalid, NotAllowed, NotFound
from annotator.judging import assigning, voting
from annotator.models import Assignment, Campaign, Member, Pair, Vote
from tests.factories import MemberFactory, PairFactory, QuestionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    member = MemberFactory()
    PairFactory.create_batch(3, campaign=member.campaign)
    return member


@pytest.fixture
def seat(member: Member) -> Assignment:
    return assigning.next_assignments(member=member)[0]


def vote(seat: Assignment, choice: str = "a", **changes) -> voting.CastVote:
    arguments = {"assignment_id": seat.pk, "by": seat.member.user, "choices": {"overall": choice}} | changes
    return voting.cast_vote(**arguments)


@pytest.mark.parametrize("choice", Choice.values)
def test_it_records_the_choice(seat, choice):
    now = timezone.now()

    cast = vote(seat, choice, elapsed_ms=1234, now=now)

    assert cast.is_new
    stored = Vote.objects.get()
    assert (stored.choice, stored.elapsed_ms, stored.created_at) == (choice, 1234, now)
    seat.refresh_from_db()
    assert (seat.state, seat.closed_at) == (AssignmentState.ANSWERED, now)


def test_it_counts_the_answer_and_keeps_the_seat(seat):
    vote(seat)

    assert Member.objects.get().answered_count == 1
    seat.pair.refresh_from_db()
    assert seat.pair.seats_taken == 1


def test_the_same_answer_again_is_the_same_vote(seat):
    first = vote(seat, "b")
    again = vote(seat, "b")

    assert not again.is_new
    assert again.votes == first.votes
    assert Vote.objects.count() == 1
    assert Member.objects.get().answered_count == 1


def test_the_same_answer_again_is_fine_after_the_lease_and_the_campaign_ended(seat):
    vote(seat)
    Campaign.objects.update(state="closed")

    assert not vote(seat, now=timezone.now() + timedelta(days=9)).is_new


def test_it_refuses_another_choice(seat):
    vote(seat, "a")

    with pytest.raises(Conflict) as error:
        vote(seat, "b")
    assert error.value.code == "already_answered"
    assert Vote.objects.get().choice == "a"


def test_it_refuses_somebody_elses_assignment(seat):
    colleague = MemberFactory(campaign=seat.member.campaign)

    for stranger in (colleague.user, UserFactory(is_superuser=True)):
        with pytest.raises(NotFound):
            vote(seat, by=stranger)
    assert not Vote.objects.exists()


def test_it_refuses_an_unknown_assignment(member):
    with pytest.raises(NotFound):
        voting.cast_vote(assignment_id=0, by=member.user, choices={"overall": "a"})


def test_it_refuses_when_the_lease_ran_out_even_before_the_seat_was_taken_back(seat):
    later = timezone.now() + timedelta(seconds=seat.member.campaign.lease_seconds + 1)

    with pytest.raises(Conflict) as error:
        vote(seat, now=later)
    assert error.value.code == "lease_expired"
    assigning.return_expired_seats(now=later)
    with pytest.raises(Conflict) as error:
        vote(seat, now=later)
    assert error.value.code == "lease_expired"
    assert not Vote.objects.exists()


def test_it_takes_the_vote_on_a_seat_that_was_handed_out_again_to_the_same_person(seat):
    later = timezone.now() + timedelta(days=1)
    assigning.return_expired_seats(now=later)
    assigning.next_assignments(member=seat.member, count=3, now=later)

    assert vote(seat, now=later).is_new


@pytest.mark.parametrize(
    ("choices", "field"),
    [
        ({}, "overall"),
        ({"overall": "left"}, "overall"),
        ({"overall": "A"}, "overall"),
        ({"overall": "a", "taste": "a"}, "taste"),
    ],
)
def test_it_refuses_an_answer_that_is_none(seat, choices, field):
    with pytest.raises(Invalid) as error:
        vote(seat, choices=choices)
    assert field in error.value.errors
    assert not Vote.objects.exists()


@pytest.mark.parametrize(
    ("least", "elapsed_ms", "is_taken"), [(250, 249, False), (250, 250, True), (0, 0, True), (250, None, True)]
)
def test_nobody_answers_what_they_cannot_have_seen(seat, least, elapsed_ms, is_taken):
    Campaign.objects.update(answer_ms_min=least)
    if is_taken:
        assert vote(seat, elapsed_ms=elapsed_ms).is_new
        return
    with pytest.raises(Invalid) as error:
        vote(seat, elapsed_ms=elapsed_ms)
    assert error.value.code == "too_soon"
    assert vote(seat, elapsed_ms=900).is_new


def test_an_answer_that_is_there_already_is_the_same_however_soon_it_was(seat):
    vote(seat, elapsed_ms=None)

    assert not vote(seat, elapsed_ms=5).is_new


@pytest.mark.parametrize("elapsed_ms", [-1, voting.ELAPSED_MS_LIMIT + 1])
def test_it_refuses_an_impossible_time(seat, elapsed_ms):
    with pytest.raises(Invalid) as error:
        vote(seat, elapsed_ms=elapsed_ms)
    assert "elapsed_ms" in error.value.errors


def test_it_refuses_a_choice_that_the_question_does_not_allow(seat):
    seat.member.campaign.questions.update(choices=["a", "b"])

    with pytest.raises(Invalid):
        vote(seat, "both_good")


def test_several_questions_are_answered_together_or_not_at_all(seat):
    QuestionFactory(campaign=seat.member.campaign, slug="adherence", position=1)

    with pytest.raises(Invalid):
        vote(seat)
    cast = vote(seat, choices={"overall": "a", "adherence": "both_bad"})

    assert [(v.question.slug, v.choice) for v in cast.votes] == [("overall", "a"), ("adherence", "both_bad")]
    assert not vote(seat, choices={"overall": "a", "adherence": "both_bad"}).is_new
    with pytest.raises(Conflict):
        vote(seat, choices={"overall": "a", "adherence": "a"})


@pytest.mark.parametrize("state", ["draft", "closed"])
def test_it_refuses_when_the_campaign_takes_no_votes(seat, state):
    Campaign.objects.update(state=state)

    with pytest.raises(NotAllowed) as error:
        vote(seat)
    assert error.value.code == f"campaign_{state}"


def test_what_was_handed_out_before_a_pause_may_still_be_answered(seat):
    Campaign.objects.update(state="paused")

    assert vote(seat).is_new


@pytest.mark.parametrize("state", ["paused", "suspended", "withdrawn"])
def test_it_refuses_a_member_who_may_not_vote(seat, state):
    Member.objects.update(state=state)

    with pytest.raises(NotAllowed) as error:
        vote(seat)
    assert error.value.code == f"member_{state}"


def test_a_skip_frees_the_seat_and_the_pair_never_comes_back_to_that_person(member, seat):
    voting.skip_assignment(assignment_id=seat.pk, by=member.user)

    pair = Pair.objects.get(pk=seat.pair_id)
    assert (pair.seats_taken, pair.seats_a_on_left) == (0, 0)
    later = timezone.now() + timedelta(days=1)
    assert seat.pair_id not in [s.pair_id for s in assigning.next_assignments(member=member, count=5, now=later)]
    colleague = MemberFactory(campaign=member.campaign)
    assert seat.pair_id in [s.pair_id for s in assigning.next_assignments(member=colleague, count=5)]


def test_a_skip_again_changes_nothing(member, seat):
    for _ in range(2):
        voting.skip_assignment(assignment_id=seat.pk, by=member.user)

    assert Pair.objects.get(pk=seat.pair_id).seats_taken == 0


def test_a_skipped_pair_takes_no_vote_and_an_answered_one_no_skip(member, seat):
    voting.skip_assignment(assignment_id=seat.pk, by=member.user)
    with pytest.raises(Conflict) as error:
        vote(seat)
    assert error.value.code == "assignment_closed"

    other = assigning.next_assignments(member=member)[0]
    vote(other)
    with pytest.raises(Conflict) as error:
        voting.skip_assignment(assignment_id=other.pk, by=member.user)
    assert error.value.code == "already_answered"


def test_it_refuses_to_skip_for_somebody_else_or_too_late(member, seat):
    with pytest.raises(NotFound):
        voting.skip_assignment(assignment_id=seat.pk, by=UserFactory())
    with pytest.raises(Conflict) as error:
        voting.skip_assignment(assignment_id=seat.pk, by=member.user, now=timezone.now() + timedelta(days=1))
    assert error.value.code == "lease_expired"


@pytest.mark.django_db(transaction=True)
def test_a_double_click_counts_once_and_a_change_of_mind_in_flight_is_refused(member, seat):
    outcomes: list[str] = []

    def click(choice: str) -> None:
        try:
            outcomes.append(f"{choice} {'new' if vote(seat, choice).is_new else 'again'}")
        except Conflict as error:
            outcomes.append(f"{choice} {error.code}")
        finally:
            connection.close()

    threads = [threading.Thread(target=click, args=(choice,)) for choice in "aaabbb"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    winner = Vote.objects.get().choice
    loser = {"a": "b", "b": "a"}[winner]
    assert sorted(outcomes) == sorted([f"{winner} new"] + [f"{winner} again"] * 2 + [f"{loser} already_answered"] * 3)
    assert Member.objects.get().answered_count == 1
