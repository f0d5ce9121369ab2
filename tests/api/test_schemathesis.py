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
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from annotator.accounts import api_tokens
from annotator.choices import Scope
from annotator.judging import assigning
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment
from api.schema import document
from tests.api.releases import ready_release
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

# Of each operation, right ones and wrong ones.
SAME_EVERY_TIME = settings(
    max_examples=5,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SELDOM_RIGHT = {"create_webhook"}  # a document cannot say which addresses there are
NEVER_WRONG = {"get_schema"}  # there is nothing to be wrong about
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = {found.ok().definition.raw["operationId"]: found.ok() for found in SCHEMA.get_all_operations()}
load_all_checks()
WANTED = [
    CHECKS.get_one(name)
    for name in (
        *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
        *("response_headers_conformance", "response_schema_conformance"),
    )
]


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
def test_it_answers_as_the_document_says(name: str, world: World) -> None:
    operation = OPERATIONS[name]
    forms = cycle(operation.definition.raw["responses"].get("200", {}).get("content", {"*/*": None}))
    statuses = set()

    def ask(case: Any) -> None:
        headers = {"Authorization": f"Bearer {world.key}", "Accept": next(forms)}
        response = case.call(base_url="http://localhost", app=world.app, headers=headers)
        case.validate_response(response, checks=WANTED)
        statuses.add(response.status_code)

    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    @SAME_EVERY_TIME
    def ask_right(case: Any) -> None:
        places = world.places | world.places_of.get(name, {})
        case.path_parameters = {place: places[place] for place in case.path_parameters or {}}
        ask(case)

    @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    @SAME_EVERY_TIME
    def ask_wrong(case: Any) -> None:
        ask(case)

    ask_right()
    assert name in SELDOM_RIGHT or any(200 <= status < 300 for status in statuses), statuses
    if name not in NEVER_WRONG:
        ask_wrong()
