"""Every route of the API × every scope × every role: who may what, in one table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from annotator import assigning
from annotator.choices import Scope
from annotator.models import Assignment, Campaign, Member, User
from tests.api.clients import ApiClient, assert_error, browser_of, client_of
from tests.api.releases import README, ready_release
from tests.api.test_schema import OPERATIONS
from tests.factories import CampaignFactory, ImportFactory, MemberFactory, PairFactory, UserFactory
from tests.judges import judge

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
    body: Mapping[str, str] = field(default_factory=dict)


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
    "flag": Route("POST", A + "flag/", {"annotate"}, (404, 404, 200, 404, 404, 404, 404), {"reason": "unsafe"}),
    "undo": Route("POST", "/api/v1/assignments/{answered}/undo/", {"annotate"}, (404, 404, 200, 404, 404, 404, 404)),
    "list_releases": Route("GET", C + "releases/", {"export"}, (404, 404, 403, 200, 200, 403, 200)),
    "create_release": Route("POST", C + "releases/", {"manage"}, (404, 404, 403, 403, 202, 403, 202)),
    "get_release": Route("GET", C + "releases/1/", {"export"}, (404, 404, 403, 200, 200, 403, 200)),
    # It is ready, and so there is nothing to cancel for those who may.
    "cancel_release": Route("POST", C + "releases/1/cancel/", {"manage"}, (404, 404, 403, 403, 409, 403, 409)),
    "get_release_file": Route("GET", C + "releases/1/files/README.md", {"export"}, (404, 404, 403, 200, 200, 403, 200)),
}


@dataclass(frozen=True)
class World:
    """A campaign with one of everything, and somebody in every role."""

    users: dict[str, User]
    numbers: dict[str, int]


@pytest.fixture
def world(storage_folder: Path) -> World:
    users = {role: UserFactory(is_staff=role == "staff", is_superuser=role == "superuser") for role in ROLES}
    campaign = CampaignFactory(slug="campaign")
    PairFactory.create_batch(2, campaign=campaign)
    ready_release(campaign, storage_folder)
    for role in ("annotator", "reviewer", "manager"):
        MemberFactory(campaign=campaign, user=users[role], role=role)
    MemberFactory(campaign=campaign, user=users["suspended manager"], role="manager", state="suspended")
    annotator = Member.objects.get(role="annotator")
    assigning.refill_queue(member_id=annotator.pk)
    answered, assignment = Assignment.objects.order_by("pk")
    judge(answered)
    numbers = {"assignment": assignment.pk, "answered": answered.pk, "import": ImportFactory(campaign=campaign).pk}
    return World(users, numbers)


def ask(client: ApiClient, world: World, route: Route):
    body = dict(route.body)
    if "slug" in body:
        body["slug"] += f"-{Campaign.objects.count()}"
    path = route.path.format_map(world.numbers)
    response = client.generic(route.method, path, json.dumps(body), content_type="application/json")
    if response.streaming:
        assert response.getvalue() == README
    return response


def test_the_table_has_every_operation():
    assert set(ROUTES) | {"get_schema"} == OPERATIONS


@pytest.mark.parametrize("operation", ROUTES)
def test_a_token_opens_what_its_scope_and_role_allow(operation, world):
    route = ROUTES[operation]
    others = sorted(EVERYBODY - route.scopes)
    for role, status in zip(ROLES, route.statuses, strict=True):
        user = world.users[role]
        for scopes in [*([scope] for scope in others), others] if others else []:
            assert_error(ask(client_of(user, *scopes), world, route), 403, "scope_missing")
        for scope in sorted(route.scopes):
            response = ask(client_of(user, scope), world, route)
            assert response.status_code == status, (role, scope, response)


@pytest.mark.parametrize("operation", ROUTES)
def test_a_session_opens_what_its_role_allows(operation, world):
    route = ROUTES[operation]
    for role, status in zip(ROLES, route.statuses, strict=True):
        response = ask(browser_of(world.users[role]), world, route)
        assert response.status_code == status, (role, response)


@pytest.mark.parametrize("operation", ROUTES)
def test_nobody_gets_in_without_either(operation, world):
    assert_error(ask(ApiClient(), world, ROUTES[operation]), 401, "not_authenticated")
