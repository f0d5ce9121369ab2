from __future__ import annotations

import pytest

from annotator.judging import assigning
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment
from tests.api.clients import client_of
from tests.factories import MemberFactory, PairFactory

pytestmark = pytest.mark.django_db


def address(assignment_id) -> str:
    return f"/api/v1/assignments/{ASSIGNMENTS.show(assignment_id)}/skip/"


def an_assignment(**values):
    member = MemberFactory(**values)
    PairFactory(campaign=member.campaign)
    assigning.refill_queue(member_id=member.pk)
    return Assignment.objects.get(), client_of(member.user, "annotate")


def test_a_pair_is_passed_on_and_never_comes_back():
    assignment, client = an_assignment()

    response = client.post(address(assignment.pk))

    assert (response.status_code, response.json()) == (200, {"id": ASSIGNMENTS.show(assignment.pk), "state": "skipped"})
    assignment.refresh_from_db()
    assert (assignment.state, assignment.pair.seats_taken) == ("skipped", 0)
    campaign = assignment.member.campaign
    assert client.post(f"/api/v1/campaigns/{campaign.slug}/assignments/").status_code == 204


def test_the_same_again_changes_nothing():
    assignment, client = an_assignment()
    client.post(address(assignment.pk))

    response = client.post(address(assignment.pk))

    assert (response.status_code, response.json()["state"]) == (200, "skipped")
    assert assignment.pair.seats_taken == 0


def test_it_takes_few_queries(django_assert_max_num_queries):
    assignment, client = an_assignment()

    # token, its use noted, assignment locked and closed, pair locked and freed; and the savepoint of a test's transaction
    with django_assert_max_num_queries(6 + 2):
        client.post(address(assignment.pk))
