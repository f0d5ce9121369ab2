"""Every route of the API × every scope × every role: who may what, in one table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from annotator import assigning
from annotator.choices import Scope
from annotator.models import Assignment, User
from tests.api.clients import ApiClient, assert_error, browser_of, client_of
from tests.api.releases import README, ready_release
from tests.api.test_schema import OPERATIONS
from tests.factories import ImportFactory, MemberFactory, PairFactory, UserFactory

pytestmark = pytest.mark.django_db

EVERYBODY = set(Scope.values)
ROLES = ["stranger", "staff", "annotator", "reviewer", "manager", "suspended manager", "superuser"]


@dataclass(frozen=True)
class Route:
    """`statuses` are in the order of ROLES, for a token with one of `scopes`. Any other scope is a 403 for everybody."""

    method: str
    path: str
    scopes: set[str]
    statuses: tuple[int, ...]
    body: object = None


C = "/api/v1/campaigns/campaign/"
A = "/api/v1/assignments/{assignment}/"
ROUTES = {
    # The statuses: stranger, staff, annotator, reviewer, manager, suspended manager, superuser.
    "list_campaigns": Route("GET", "/api/v1/campaigns/", EVERYBODY, (200, 200, 200, 200, 200, 200, 200)),
    "create_campaign": Route(
        "POST", "/api/v1/campaigns/", {"manage"}, (403, 201, 403, 403, 403, 403, 201), {"slug": "second", "name": "Second"}
    ),
    "get_campaign": Route("GET", C, EVERYBODY, (404, 404, 200, 200, 200, 200, 200)),
    "change_campaign": Route("PATCH", C, {"manage"}, (404, 404, 403, 403, 200, 403, 200), {"name": "Renamed"}),
    "list_imports": Route("GET", C + "imports/", {"import"}, (404, 404, 403, 403, 200, 403, 200)),
    "create_import": Route("POST", C + "imports/", {"import"}, (404, 404, 403, 403, 202, 403, 202), {"prompt": "a cat"}),
    "get_import": Route("GET", C + "imports/{import}/", {"import"}, (404, 404, 403, 403, 200, 403, 200)),
    "next_assignments": Route("POST", C + "assignments/", {"annotate"}, (404, 404, 200, 200, 200, 403, 404)),
    # Of the assignment of the annotator.
    "vote": Route("POST", A + "vote/", {"annotate"}, (404, 404, 201, 404, 404, 404, 404), {"choice": "a"}),
    "skip": Route("POST", A + "skip/", {"annotate"}, (404, 404, 200, 404, 404, 404, 404)),
    "list_releases": Route("GET", C + "releases/", {"export"}, (404, 404, 403, 200, 200, 403, 200)),
    "create_release": Route("POST", C + "releases/", {"manage"}, (404, 404, 403, 403, 202, 403, 202)),
    "get_release": Route("GET", C + "releases/1/", {"export"}, (404, 404, 403, 200, 200, 403, 200)),
    "get_release_file": Route("GET", C + "releases/1/files/README.md", {"export"}, (404, 404, 403, 200, 200, 403, 200)),
}


@dataclass(frozen=True)
class World:
    user: User
    numbers: dict[str, int]

    def path(self, route: Route) -> str:
        return route.path.format_map(self.numbers)


def make_world(role: str, storage: Path) -> World:
    """A campaign with one of everything, and a user in that role. The assignment is the annotator's."""
    user = UserFactory(is_staff=role == "staff", is_superuser=role == "superuser")
    owner = MemberFactory(role="manager", campaign__slug="campaign")
    campaign = owner.campaign
    PairFactory.create_batch(2, campaign=campaign)
    ready_release(campaign, storage)
    if role.endswith("manager"):
        MemberFactory(campaign=campaign, user=user, role="manager", state="suspended" if "suspended" in role else "active")
    elif role == "reviewer":
        MemberFactory(campaign=campaign, user=user, role=role)
    annotator = MemberFactory(campaign=campaign, user=user if role == "annotator" else UserFactory())
    assigning.refill_queue(member_id=annotator.pk)
    numbers = {"assignment": Assignment.objects.filter(member=annotator).earliest("pk").pk}
    return World(user, numbers | {"import": ImportFactory(campaign=campaign).pk})


def ask(client: ApiClient, world: World, route: Route):
    body = json.dumps(route.body or {})
    response = client.generic(route.method, world.path(route), body, content_type="application/json")
    if response.streaming:
        assert response.getvalue() == README
    return response


def test_the_table_has_every_operation():
    assert set(ROUTES) | {"get_schema"} == OPERATIONS


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", ROUTES)
def test_a_token_opens_what_its_scope_and_role_allow(operation, role, storage_folder):
    route = ROUTES[operation]
    world = make_world(role, storage_folder)

    for scope in sorted(EVERYBODY - route.scopes):
        assert_error(ask(client_of(world.user, scope), world, route), 403, "scope_missing")
    others = EVERYBODY - route.scopes
    if others:
        assert_error(ask(client_of(world.user, *others), world, route), 403, "scope_missing")
    for scope in sorted(route.scopes):
        response = ask(client_of(world.user, scope), world, route)
        assert response.status_code == route.statuses[ROLES.index(role)], (scope, response)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", ROUTES)
def test_a_session_opens_what_its_role_allows(operation, role, storage_folder):
    route = ROUTES[operation]
    world = make_world(role, storage_folder)

    assert ask(browser_of(world.user), world, route).status_code == route.statuses[ROLES.index(role)]


@pytest.mark.parametrize("operation", ROUTES)
def test_nobody_gets_in_without_either(operation, storage_folder):
    world = make_world("stranger", storage_folder)

    assert_error(ask(ApiClient(), world, ROUTES[operation]), 401, "not_authenticated")
