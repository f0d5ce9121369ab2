from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.judging import assigning
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Member, Vote
from tests.api.clients import assert_error, client_of
from tests.factories import CampaignFactory, MemberFactory, PairFactory
from tests.judges import judge

pytestmark = pytest.mark.django_db


def address(assignment_id) -> str:
    return f"/api/v1/assignments/{ASSIGNMENTS.show(assignment_id)}/undo/"


def an_answer(**values):
    """An answered assignment, and a client of who answered it."""
    member = MemberFactory(**values)
    PairFactory(campaign=member.campaign)
    return judge(assigning.next_assignments(member=member)[0]), client_of(member.user, "annotate")


def test_a_vote_is_taken_back_and_the_pair_comes_again():
    assignment, client = an_answer()

    response = client.post(address(assignment.pk))

    assert (response.status_code, response.json()) == (200, {"id": ASSIGNMENTS.show(assignment.pk), "state": "open"})
    assert Vote.objects.get().void_reason == "undone"
    assert Member.objects.get().answered_count == 0
    shown = client.post(f"/api/v1/campaigns/{assignment.member.campaign.slug}/assignments/").json()
    assert shown["id"] == ASSIGNMENTS.show(assignment.pk)


def test_another_answer_counts_then():
    assignment, client = an_answer()
    client.post(address(assignment.pk))

    assert client.post(f"/api/v1/assignments/{ASSIGNMENTS.show(assignment.pk)}/vote/", {"choice": "b"}).status_code == 201
    assert list(Vote.objects.order_by("pk").values_list("choice", "void_reason")) == [("a", "undone"), ("b", None)]


def test_the_same_again_changes_nothing():
    assignment, client = an_answer()
    client.post(address(assignment.pk))

    response = client.post(address(assignment.pk))

    assert (response.status_code, response.json()["state"]) == (200, "open")
    assert Member.objects.get().answered_count == 0


def test_an_old_one_stays():
    assignment, client = an_answer(campaign__undo_minutes=15)
    Assignment.objects.update(closed_at=timezone.now() - timedelta(minutes=16))

    assert_error(client.post(address(assignment.pk)), 403, "undo_refused")
    assert Vote.objects.live().count() == 1


def test_a_campaign_may_allow_none():
    assignment, client = an_answer(campaign__undo_votes=0)

    assert_error(client.post(address(assignment.pk)), 403, "undo_refused")


def test_what_was_not_answered_has_no_vote_to_undo():
    member = MemberFactory()
    PairFactory(campaign=member.campaign)
    assignment = assigning.next_assignments(member=member)[0]

    assert_error(client_of(member.user).post(address(assignment.pk)), 409, "assignment_closed")


def test_it_is_refused_once_the_campaign_is_closed():
    campaign = CampaignFactory()
    assignment, client = an_answer(campaign=campaign)
    campaign.state = "closed"
    campaign.save()

    assert_error(client.post(address(assignment.pk)), 403, "campaign_closed")


def test_it_is_refused_to_somebody_who_was_suspended():
    assignment, client = an_answer()
    Member.objects.update(state="suspended")

    assert_error(client.post(address(assignment.pk)), 403, "member_suspended")


def test_it_takes_few_queries(django_assert_max_num_queries):
    assignment, client = an_answer()

    # token, its use noted, assignment locked, whether it may be undone, votes void, assignment open, member's counter;
    # and the savepoint of a test's transaction
    with django_assert_max_num_queries(7 + 2):
        client.post(address(assignment.pk))
