from __future__ import annotations

import pytest

from annotator.choices import FlagReason
from annotator.judging import assigning
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Flag, Pair
from tests.api.clients import assert_error, client_of
from tests.factories import MemberFactory, PairFactory

pytestmark = pytest.mark.django_db

BODY = {"reason": "broken_image"}


def address(assignment_id) -> str:
    return f"/api/v1/assignments/{ASSIGNMENTS.show(assignment_id)}/flag/"


def an_assignment(**values):
    member = MemberFactory(**values)
    PairFactory(campaign=member.campaign)
    assigning.refill_queue(member_id=member.pk)
    return Assignment.objects.get(), client_of(member.user, "annotate")


@pytest.mark.parametrize("reason", FlagReason.values)
def test_a_pair_is_reported_and_never_comes_back(reason):
    assignment, client = an_assignment()

    response = client.post(address(assignment.pk), {"reason": reason, "note": "The left half is grey."})

    assert (response.status_code, response.json()) == (200, {"id": ASSIGNMENTS.show(assignment.pk), "state": "flagged"})
    assert Flag.objects.values_list("assignment", "reason", "note").get() == (assignment.pk, reason, "The left half is grey.")
    assert Pair.objects.get().seats_taken == 0
    assert client.post(f"/api/v1/campaigns/{assignment.member.campaign.slug}/assignments/").status_code == 204


def test_the_note_may_be_left_out():
    assignment, client = an_assignment()

    assert client.post(address(assignment.pk), BODY).status_code == 200
    assert Flag.objects.get().note == ""


def test_enough_flags_take_the_pair_out_of_circulation():
    assignment, client = an_assignment(campaign__flags_to_hold=1)

    client.post(address(assignment.pk), BODY)

    assert Pair.objects.get().state == "held"


def test_the_same_again_changes_nothing():
    assignment, client = an_assignment()
    client.post(address(assignment.pk), BODY)

    response = client.post(address(assignment.pk), {"reason": "unsafe"})

    assert (response.status_code, response.json()["state"]) == (200, "flagged")
    assert Flag.objects.get().reason == "broken_image"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "ugly"}, "reason"),
        ({"reason": None}, "reason"),
        ({"reason": ["unsafe"]}, "reason"),
        ({"reason": "unsafe", "note": 5}, "note"),
        ({"reason": "unsafe", "note": None}, "note"),
        ({"reason": "unsafe", "note": "x" * 2001}, "note"),
        ({"reason": "unsafe", "nonsense": 1}, "nonsense"),
    ],
)
def test_it_refuses_what_is_no_flag(body, field):
    assignment, client = an_assignment()

    assert_error(client.post(address(assignment.pk), body), 400, "invalid", field)
    assert not Flag.objects.exists()


def test_it_takes_few_queries(django_assert_max_num_queries):
    assignment, client = an_assignment()

    # token, its use noted, assignment locked and closed, pair locked and freed, flag looked for and written, flags of the
    # pair counted; and the savepoints of a test's transaction
    with django_assert_max_num_queries(9 + 6):
        client.post(address(assignment.pk), BODY)
