"""What voting, skipping, flagging and undoing have in common: whose assignment it is, and when it is too late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment
from tests.api.clients import ApiClient, assert_error, browser_of, client_of
from tests.factories import AssignmentFactory, MemberFactory, UserFactory
from tests.judges import judge

pytestmark = pytest.mark.django_db

BODIES: dict[str, dict[str, Any]] = {"vote": {"choice": "a"}, "skip": {}, "flag": {"reason": "unsafe"}, "undo": {}}
ANSWERS = ["vote", "skip", "flag"]  # what an open assignment takes


@pytest.fixture(params=BODIES)
def action(request: pytest.FixtureRequest) -> str:
    return request.param


def an_assignment(action: str) -> Assignment:
    """One that the action could be done to."""
    assignment = AssignmentFactory()
    return judge(assignment) if action == "undo" else assignment


def do(client: ApiClient, action: str, number: object) -> Any:
    return client.post(f"/api/v1/assignments/{number}/{action}/", BODIES[action])


def test_somebody_elses_is_not_there(action):
    assignment = an_assignment(action)
    manager = MemberFactory(campaign=assignment.member.campaign, role="manager").user
    before = Assignment.objects.values().get()

    for user in (manager, UserFactory(is_superuser=True)):
        assert_error(do(client_of(user), action, ASSIGNMENTS.show(assignment.pk)), 404, "not_found")
    assert Assignment.objects.values().get() == before


@pytest.mark.parametrize("number", ["0", "99999999", "9" * 30, "9" * 5000, "-1", "x", "%00"])
def test_an_unknown_one_is_not_there(action, number):
    assert_error(do(client_of(MemberFactory().user, "annotate"), action, number), 404, "not_found")


@pytest.mark.parametrize("action", ANSWERS)
def test_an_expired_one_is_refused(action):
    assignment = AssignmentFactory(lease_expires_at=timezone.now() - timedelta(seconds=1))

    assert_error(do(client_of(assignment.member.user), action, ASSIGNMENTS.show(assignment.pk)), 409, "lease_expired")
    assert not assignment.votes.exists()


@pytest.mark.parametrize("action", ["skip", "flag"])
def test_an_answered_one_keeps_its_answer(action):
    assignment = judge(AssignmentFactory())

    assert_error(do(client_of(assignment.member.user), action, ASSIGNMENTS.show(assignment.pk)), 409, "already_answered")
    assert Assignment.objects.get().state == "answered"


@pytest.mark.parametrize("action", ["skip", "undo"])
def test_what_needs_no_body_takes_none(action):
    assignment = an_assignment(action)
    path = f"/api/v1/assignments/{ASSIGNMENTS.show(assignment.pk)}/{action}/"

    assert_error(client_of(assignment.member.user).post(path, {"choice": "b"}), 400, "invalid", "choice")


def test_a_browser_without_the_csrf_token_may_not(action):
    assignment = an_assignment(action)
    client = browser_of(assignment.member.user, enforce_csrf_checks=True)

    assert_error(do(client, action, ASSIGNMENTS.show(assignment.pk)), 403, "permission_denied")
