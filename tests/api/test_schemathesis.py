"""Whatever the OpenAPI document lets somebody send, and what it does not, is answered as the document says, and never by a 500.

The requests are generated from the document by schemathesis, the same ones in every run. Right ones go to things that are
there; wrong ones wherever they go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from annotator.accounts import api_tokens
from annotator.choices import Scope
from annotator.judging import assigning
from annotator.lib.lazy_import import lazy_import
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment
from api.schema import document
from tests.api.releases import ready_release
from tests.api.test_schema import OPERATIONS
from tests.factories import (
    CampaignFactory,
    DeliveryFactory,
    ImportFactory,
    InviteFactory,
    MemberFactory,
    PairFactory,
    ReleaseFactory,
    UserFactory,
)
from tests.judges import judge

pytestmark = pytest.mark.django_db

# A document cannot say which addresses and images there are, nor in which state they are.
SELDOM_RIGHT = {"create_webhook", "undo_import", "rebuild_releases", "take_down_image"}
NEVER_WRONG = {"get_schema"}  # there is nothing to be wrong about
CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance"),
)


@dataclass(frozen=True)
class Generator:
    """What makes requests from the document. Loading it takes a second of whichever processes run these tests."""

    operations: dict[str, Any]
    checks: list[Any]
    given: Any
    same_every_time: Any
    right: Any
    wrong: Any


@pytest.fixture(scope="session")
def generator() -> Generator:
    schemathesis, hypothesis = lazy_import("schemathesis"), lazy_import("hypothesis")
    schemathesis.checks.load_all_checks()
    schema = schemathesis.openapi.from_dict(document())
    return Generator(
        operations={found.ok().definition.raw["operationId"]: found.ok() for found in schema.get_all_operations()},
        checks=[schemathesis.checks.CHECKS.get_one(name) for name in CHECKS],
        given=hypothesis.given,
        # Of each operation, right ones and wrong ones.
        same_every_time=hypothesis.settings(
            max_examples=3,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
        right=schemathesis.GenerationMode.POSITIVE,
        wrong=schemathesis.GenerationMode.NEGATIVE,
    )


@dataclass(frozen=True)
class World:
    """Something of everything, a key that opens all of it, and where it is."""

    app: Any
    key: str
    places: dict[str, Any]
    places_of: dict[str, dict[str, Any]]  # where an operation wants another than the others


def read_whole(app: Any) -> Any:
    """The application, with answers that are read to their end and closed, as a server does it."""

    def call(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        answer = app(environ, start_response)
        try:
            return [b"".join(answer)]
        finally:
            answer.close()

    return call


@pytest.fixture
def world(storage_folder: Path, settings: Any) -> Iterator[World]:
    settings.WEBHOOK_NETWORKS = []
    settings.API_RATE_TOKEN = settings.API_RATE_ADDRESS = 0
    user = UserFactory(is_staff=True)
    campaign = CampaignFactory(slug="campaign", undo_votes=100)
    member = MemberFactory(campaign=campaign, user=user, role="manager")
    PairFactory.create_batch(12, campaign=campaign)
    ready_release(campaign, storage_folder)
    assigning.refill_queue(member_id=member.pk)
    answered, assignment = Assignment.objects.order_by("pk")[:2]
    judge(answered)
    _, key = api_tokens.create_token(user=user, scopes=Scope.values)
    # As Django's own test client does: the connection has the test's transaction on it.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield World(
        read_whole(get_wsgi_application()),
        key,
        {
            "slug": "campaign",
            "number": 1,
            "path": "README.md",
            "assignment_id": ASSIGNMENTS.show(assignment.pk),
            "import_id": ImportFactory(campaign=campaign).pk,
            "invite_id": InviteFactory(campaign=campaign).pk,
            "webhook_id": DeliveryFactory(webhook__campaign=campaign).webhook_id,
        },
        {
            "undo": {"assignment_id": ASSIGNMENTS.show(answered.pk)},
            "cancel_release": {"number": ReleaseFactory(campaign=campaign, number=2).number},
        },
    )
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_it_answers_as_the_document_says(name: str, world: World, generator: Generator) -> None:
    operation = generator.operations[name]
    forms = cycle(operation.definition.raw["responses"].get("200", {}).get("content", {"*/*": None}))
    statuses = set()

    def ask(case: Any) -> None:
        headers = {"Authorization": f"Bearer {world.key}", "Accept": next(forms)}
        response = case.call(base_url="http://localhost", app=world.app, headers=headers)
        case.validate_response(response, checks=generator.checks)
        statuses.add(response.status_code)

    @generator.given(case=operation.as_strategy(generation_mode=generator.right))
    @generator.same_every_time
    def ask_right(case: Any) -> None:
        places = world.places | world.places_of.get(name, {})
        case.path_parameters = {place: places[place] for place in case.path_parameters or {}}
        ask(case)

    @generator.given(case=operation.as_strategy(generation_mode=generator.wrong))
    @generator.same_every_time
    def ask_wrong(case: Any) -> None:
        ask(case)

    ask_right()
    assert name in SELDOM_RIGHT or any(200 <= status < 300 for status in statuses), statuses
    if name not in NEVER_WRONG:
        ask_wrong()
