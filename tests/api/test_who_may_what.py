"""Every route of the API × every scope × every role: who may what, in one table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLResolver, get_resolver, resolve
from rest_framework.views import APIView

from annotator.choices import Scope
from annotator.judging import assigning
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Member, User
from tests.api.clients import ApiClient, assert_error, browser_of, client_of
from tests.api.releases import README, ready_release
from tests.api.test_schema import OPERATIONS
from tests.factories import CampaignFactory, ImportFactory, InviteFactory, MemberFactory, PairFactory, UserFactory, WebhookFactory
from tests.judges import judge
from tests.webhook_receiver import LOOPBACK

pytestmark = pytest.mark.django_db

EVERYBODY = set(Scope.values)
NOT_ALLOWED = {"not_a_manager", "not_a_reviewer", "may_not_create"}
ROLES = ["stranger", "staff", "annotator", "reviewer", "manager", "suspended manager", "superuser"]


@dataclass(frozen=True)
class Route:
    """`statuses` are in the order of ROLES, for a token with one of `scopes`. Any other scope is a 403 for everybody."""

    method: str
    path: str
    scopes: set[str]
    statuses: tuple[int, ...]
    body: Mapping[str, Any] = field(default_factory=dict)


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
    "cancel_import": Route("POST", C + "imports/{import}/cancel/", {"import"}, (404, 404, 403, 403, 200, 403, 200)),
    "undo_import": Route("POST", C + "imports/{import}/undo/", {"import"}, (404, 404, 403, 403, 409, 403, 409)),
    "list_pairs": Route("GET", C + "pairs/", {"export", "manage"}, (404, 404, 403, 200, 200, 403, 200)),
    "list_prompts": Route("GET", C + "prompts/", {"export", "manage"}, (404, 404, 403, 200, 200, 403, 200)),
    "list_votes": Route("GET", C + "votes/", {"export"}, (404, 404, 403, 200, 200, 403, 200)),
    "get_statistics": Route("GET", C + "stats/", {"export", "manage"}, (404, 404, 403, 200, 200, 403, 200)),
    "get_leaderboard": Route("GET", C + "leaderboard/", {"export", "manage"}, (404, 404, 403, 200, 200, 403, 200)),
    "list_review_rules": Route("GET", C + "review-rules/", {"export", "manage"}, (404, 404, 403, 200, 200, 403, 200)),
    "preview_review_rules": Route("POST", C + "review-rules/preview/", {"manage"}, (404, 404, 403, 403, 200, 403, 200)),
    "list_moderation_actions": Route("GET", C + "moderation-actions/", {"export", "manage"}, (404, 404, 403, 200, 200, 403, 200)),
    "next_assignments": Route("POST", C + "assignments/", {"annotate"}, (404, 404, 200, 200, 200, 403, 404)),
    # Of the assignment of the annotator.
    "vote": Route("POST", A + "vote/", {"annotate"}, (404, 404, 201, 404, 404, 404, 404), {"choice": "a"}),
    "skip": Route("POST", A + "skip/", {"annotate"}, (404, 404, 200, 404, 404, 404, 404)),
    "flag": Route("POST", A + "flag/", {"annotate"}, (404, 404, 200, 404, 404, 404, 404), {"reason": "unsafe"}),
    "undo": Route("POST", "/api/v1/assignments/{answered}/undo/", {"annotate"}, (404, 404, 200, 404, 404, 404, 404)),
    "list_invites": Route("GET", C + "invites/", {"manage"}, (404, 404, 403, 403, 200, 403, 200)),
    "create_invite": Route("POST", C + "invites/", {"manage"}, (404, 404, 403, 403, 201, 403, 201), {"uses_max": 1}),
    "get_invite": Route("GET", C + "invites/{invite}/", {"manage"}, (404, 404, 403, 403, 200, 403, 200)),
    "revoke_invite": Route("POST", C + "invites/{invite}/revoke/", {"manage"}, (404, 404, 403, 403, 200, 403, 200)),
    "list_webhooks": Route("GET", C + "webhooks/", {"manage"}, (404, 404, 403, 403, 200, 403, 200)),
    "create_webhook": Route(
        "POST",
        C + "webhooks/",
        {"manage"},
        (404, 404, 403, 403, 201, 403, 201),
        {"url": "https://127.0.0.1/", "events": ["release.ready"]},
    ),
    "get_webhook": Route("GET", C + "webhooks/{webhook}/", {"manage"}, (404, 404, 403, 403, 200, 403, 200)),
    "change_webhook": Route(
        "PATCH", C + "webhooks/{webhook}/", {"manage"}, (404, 404, 403, 403, 200, 403, 200), {"active": True}
    ),
    "remove_webhook": Route("DELETE", C + "webhooks/{webhook}/", {"manage"}, (404, 404, 403, 403, 204, 403, 204)),
    "ping_webhook": Route("POST", C + "webhooks/{webhook}/ping/", {"manage"}, (404, 404, 403, 403, 202, 403, 202)),
    "list_deliveries": Route("GET", C + "webhooks/{webhook}/deliveries/", {"manage"}, (404, 404, 403, 403, 200, 403, 200)),
    "list_releases": Route("GET", C + "releases/", {"export"}, (404, 404, 403, 200, 200, 403, 200)),
    "create_release": Route("POST", C + "releases/", {"manage"}, (404, 404, 403, 403, 202, 403, 202)),
    "get_release": Route("GET", C + "releases/1/", {"export"}, (404, 404, 403, 200, 200, 403, 200)),
    # It is ready, and so there is nothing to cancel for those who may.
    "cancel_release": Route("POST", C + "releases/1/cancel/", {"manage"}, (404, 404, 403, 403, 409, 403, 409)),
    "yank_release": Route(
        "POST", C + "releases/1/yank/", {"manage"}, (404, 404, 403, 403, 200, 403, 200), {"reason": "A mistake."}
    ),
    "list_withdrawn_releases": Route("GET", C + "releases/withdrawn/", {"manage"}, (404, 404, 403, 403, 200, 403, 200)),
    # Nobody has withdrawn.
    "rebuild_releases": Route("POST", C + "releases/rebuild/", {"manage"}, (404, 404, 403, 403, 409, 403, 409)),
    "list_take_downs": Route("GET", C + "take-downs/", {"manage"}, (404, 404, 403, 403, 200, 403, 200)),
    # There is no such image.
    "take_down_image": Route(
        "POST",
        C + "take-downs/",
        {"manage"},
        (404, 404, 403, 403, 404, 403, 404),
        {"sha256": "0" * 64, "reason": "The artist asked for it."},
    ),
    "get_release_file": Route("GET", C + "releases/1/files/README.md", {"export"}, (404, 404, 403, 200, 200, 403, 200)),
}


@dataclass(frozen=True)
class World:
    """A campaign with one of everything, and somebody in every role."""

    users: dict[str, User]
    numbers: dict[str, int]


@pytest.fixture
def world(storage_folder: Path, settings) -> World:
    settings.WEBHOOK_NETWORKS = LOOPBACK
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
    numbers = {
        "assignment": ASSIGNMENTS.show(assignment.pk),
        "answered": ASSIGNMENTS.show(answered.pk),
        "import": ImportFactory(campaign=campaign).pk,
    }
    numbers["invite"] = InviteFactory(campaign=campaign).pk
    numbers["webhook"] = WebhookFactory(campaign=campaign).pk
    return World(users, numbers)


def ask(client: ApiClient, world: World, route: Route):
    """What it does is undone, so that whoever asks next finds the same world."""
    with transaction.atomic():
        path = route.path.format_map(world.numbers)
        response = client.generic(route.method, path, json.dumps(route.body), content_type="application/json")
        transaction.set_rollback(True)
    if response.streaming:
        assert response.getvalue() == README
    return response


def assert_answer(response, status: int, who: tuple[str, ...]) -> None:
    """A refusal says why: who was put out learns that, and to whom it is not shown, it is not there."""
    assert response.status_code == status, (who, response)
    code = response.json()["code"] if status in (403, 404) else None
    if status == 404:
        assert code in {"not_found", "not_yours"}, who
    elif status == 403:
        assert code in ({"member_suspended", "may_not_create"} if who[1] == "suspended manager" else NOT_ALLOWED), (who, code)


def doors() -> Iterator[tuple[str, str, set[str]]]:
    """Every route of the API as the resolver knows it: its pattern, a method, and the scopes that its view asks for."""

    for name, view in views():
        for method, scopes in getattr(view, "scopes", {}).items():
            yield name, method, set(scopes)


def views() -> Iterator[tuple[str, type[APIView]]]:
    """Every view below /api/v1/ with the name of its route."""
    api = next(pattern for pattern in get_resolver().url_patterns if getattr(pattern, "app_name", "") == "api")
    waiting = [*api.url_patterns[0].url_patterns]
    while waiting:
        pattern = waiting.pop()
        if isinstance(pattern, URLResolver):
            waiting += pattern.url_patterns
        else:
            yield pattern.name, pattern.callback.view_class


def test_the_table_has_every_route_and_method_that_there_is():
    in_table = {}
    for route in ROUTES.values():
        number = dict.fromkeys(("assignment", "answered", "import", "invite", "webhook"), 1)
        in_table[resolve(route.path.format_map(number)).url_name, route.method] = route.scopes

    assert in_table == {(name, method): scopes for name, method, scopes in doors()}


def test_every_view_says_its_scopes_for_each_of_its_methods():
    for name, view in views():
        methods = {method.upper() for method in ("get", "post", "put", "patch", "delete") if hasattr(view, method)}
        assert name == "schema" or methods == set(view.scopes), name


def test_the_table_has_every_operation():
    assert set(ROUTES) | {"get_schema"} == OPERATIONS


@pytest.mark.parametrize("role", ROLES)
def test_a_token_opens_what_its_scope_and_role_allow(role, world):
    tokens = {scopes: client_of(world.users[role], *scopes) for scopes in sorted(scopes_to_try())}
    for operation, route in ROUTES.items():
        status = route.statuses[ROLES.index(role)]
        others = tuple(sorted(EVERYBODY - route.scopes))
        if others and status < 400:  # a role that is kept out is kept out below, scope or not
            assert_error(ask(tokens[others], world, route), 403, "scope_missing")
        for scope in sorted(route.scopes):
            assert_answer(ask(tokens[(scope,)], world, route), status, (operation, role, scope))


def scopes_to_try() -> set[tuple[str, ...]]:
    """Each alone, and those that an operation does not ask for."""
    return {(scope,) for scope in EVERYBODY} | {tuple(sorted(EVERYBODY - route.scopes)) for route in ROUTES.values()} - {()}


@pytest.mark.parametrize("role", ROLES)
def test_a_session_opens_what_its_role_allows(role, world):
    browser = browser_of(world.users[role])
    for operation, route in ROUTES.items():
        assert_answer(ask(browser, world, route), route.statuses[ROLES.index(role)], (operation, role))


def test_nobody_gets_in_without_either(world):
    for operation, route in ROUTES.items():
        response = ask(ApiClient(), world, route)
        assert response.status_code == 401, operation
        assert_error(response, 401, "not_authenticated")


def test_every_other_method_is_refused_by_name(world):
    client = client_of(world.users["superuser"])
    methods: dict[str, set[str]] = {}
    for route in ROUTES.values():
        methods.setdefault(route.path.format_map(world.numbers), set()).add(route.method)
    for path, known in methods.items():
        for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - known):
            response = client.generic(method, path)
            assert_error(response, 405, "method_not_allowed")
            allowed = known | {"HEAD"} if "GET" in known else known
            assert set(response["Allow"].split(", ")) == allowed, (method, path)
