from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.judging import assigning
from annotator.models import Assignment
from tests.api.clients import ApiClient, assert_error, browser_of, client_of
from tests.factories import MemberFactory, PairFactory, UserFactory

pytestmark = pytest.mark.django_db


def address(assignment_id) -> str:
    return f"/api/v1/assignments/{assignment_id}/skip/"


def an_assignment(*scopes: str, **values):
    member = MemberFactory(**values)
    PairFactory(campaign=member.campaign)
    assigning.refill_queue(member_id=member.pk)
    return Assignment.objects.get(), client_of(member.user, *(scopes or ["annotate"]))


def test_a_pair_is_passed_on_and_never_comes_back():
    assignment, client = an_assignment()

    response = client.post(address(assignment.pk))

    assert (response.status_code, response.json()) == (200, {"id": assignment.pk, "state": "skipped"})
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


def test_an_answered_pair_is_not_skipped():
    assignment, client = an_assignment()
    client.post(f"/api/v1/assignments/{assignment.pk}/vote/", {"choice": "a"})

    assert_error(client.post(address(assignment.pk)), 409, "already_answered")


def test_an_expired_one_is_refused():
    assignment, client = an_assignment()
    Assignment.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))

    assert_error(client.post(address(assignment.pk)), 409, "lease_expired")


def test_somebody_elses_is_not_there():
    assignment, _ = an_assignment()
    other = MemberFactory(campaign=assignment.member.campaign, role="manager")

    assert_error(client_of(other.user).post(address(assignment.pk)), 404, "not_found")
    assert_error(client_of(UserFactory(is_superuser=True)).post(address(assignment.pk)), 404, "not_found")


@pytest.mark.parametrize("number", ["0", "99999999", "9" * 30, "9" * 5000, "-1", "x"])
def test_an_unknown_one_is_not_there(number):
    _, client = an_assignment()

    assert_error(client.post(address(number)), 404, "not_found")


def test_it_takes_no_body():
    assignment, client = an_assignment()

    assert_error(client.post(address(assignment.pk), {"reason": "ugly"}), 400, "invalid", "reason")


def test_it_takes_few_queries(django_assert_max_num_queries):
    assignment, client = an_assignment()

    # token, its use noted, assignment locked and closed, pair locked and freed; and the savepoint of a test's transaction
    with django_assert_max_num_queries(6 + 2):
        client.post(address(assignment.pk))


def test_a_browser_may_skip_too():
    assignment, _ = an_assignment()

    assert browser_of(assignment.member.user).post(address(assignment.pk)).status_code == 200


def test_it_needs_the_scope_annotate():
    assignment, client = an_assignment("import", "export", "manage")

    assert_error(client.post(address(assignment.pk)), 403, "scope_missing")


def test_it_needs_somebody():
    assignment, _ = an_assignment()

    assert_error(ApiClient().post(address(assignment.pk)), 401, "not_authenticated")


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options"])
def test_it_knows_no_other_methods(method):
    assignment, client = an_assignment()

    assert_error(getattr(client, method)(address(assignment.pk)), 405, "method_not_allowed")
