"""A POST with an Idempotency-Key may be sent again, and makes what it makes once."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client

from annotator import tasks
from annotator.lib import idempotency
from annotator.models import Campaign, IdempotentResponse, Import, Member, Release, Webhook
from tests.api.clients import ApiClient, assert_error, client_of, sent_tasks
from tests.factories import CampaignFactory, MemberFactory, UserFactory
from tests.waiting import wait_until
from tests.webhook_receiver import LOOPBACK

pytestmark = pytest.mark.django_db

CAMPAIGNS = "/api/v1/campaigns/"
KEY = {"Idempotency-Key": "3f1c-one"}


@pytest.fixture
def client() -> ApiClient:
    return client_of(UserFactory(is_staff=True))


@pytest.fixture
def manager() -> ApiClient:
    return client_of(MemberFactory(campaign__slug="birds", role="manager").user)


def test_the_same_again_is_the_same_answer_and_makes_nothing(client):
    body = {"slug": "birds", "name": "Birds"}
    first = client.post(CAMPAIGNS, body, headers=KEY)
    second = client.post(CAMPAIGNS, dict(reversed(body.items())), headers=KEY)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second["Location"] == first["Location"]
    assert (first.get("Idempotency-Replayed"), second["Idempotency-Replayed"]) == (None, "true")
    assert Campaign.objects.count() == 1


def test_another_body_with_the_same_key_is_an_error(client):
    client.post(CAMPAIGNS, {"slug": "birds", "name": "Birds"}, headers=KEY)

    response = client.post(CAMPAIGNS, {"slug": "fish", "name": "Fish"}, headers=KEY)

    assert_error(response, 422, "idempotency_key_reused")
    assert Campaign.objects.count() == 1


def test_a_request_that_failed_leaves_the_key_free(client):
    CampaignFactory(slug="birds")
    assert client.post(CAMPAIGNS, {"slug": "birds", "name": "Birds"}, headers=KEY).status_code in (400, 409)

    assert client.post(CAMPAIGNS, {"slug": "fish", "name": "Fish"}, headers=KEY).status_code == 201


def test_keys_are_of_a_user_and_a_route(client, manager):
    other = client_of(UserFactory(is_staff=True))

    assert client.post(CAMPAIGNS, {"slug": "one", "name": "One"}, headers=KEY).status_code == 201
    assert other.post(CAMPAIGNS, {"slug": "two", "name": "Two"}, headers=KEY).status_code == 201
    assert manager.post(CAMPAIGNS + "birds/releases/", headers=KEY).status_code == 202


def test_without_a_key_nothing_is_kept(client):
    client.post(CAMPAIGNS, {"slug": "birds", "name": "Birds"})

    assert not IdempotentResponse.objects.exists()


@pytest.mark.parametrize("key", ["", " ", "two words", "x" * 256, "ümlaut"])
def test_a_key_that_is_none_is_refused(client, key):
    response = client.post(CAMPAIGNS, {"slug": "birds", "name": "Birds"}, HTTP_IDEMPOTENCY_KEY=key)

    assert_error(response, 400, "invalid", "Idempotency-Key")


def test_a_release_is_asked_for_once(manager):
    with sent_tasks() as sent:
        first, second = (manager.post(CAMPAIGNS + "birds/releases/", headers=KEY) for _ in range(2))

    assert first.json() == second.json()
    assert Release.objects.count() == 1
    assert len(sent) == 1


def test_a_file_is_imported_once(manager):
    def post(content: bytes, name: str = "pairs.jsonl", **form):
        file = SimpleUploadedFile(name, content)
        return Client.post(manager, CAMPAIGNS + "birds/imports/", {"file": file, **form}, headers=KEY)

    line = json.dumps({"prompt": "a cat", "image_a": "a.png", "image_b": "b.png"}).encode()
    first, second = post(line), post(line)

    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json() == first.json()
    assert Import.objects.count() == 1
    assert_error(post(line + b"\n"), 422, "idempotency_key_reused")
    assert_error(post(line, map="prompt=text"), 422, "idempotency_key_reused")


def test_json_lines_are_imported_once(manager):
    def post(body: bytes):
        return manager.post(CAMPAIGNS + "birds/imports/", body, content_type="application/jsonl", headers=KEY)

    first, second = post(b'{"prompt": "a"}\n'), post(b'{"prompt": "a"}\n')

    assert second.json() == first.json()
    assert_error(post(b'{"prompt": "b"}\n'), 422, "idempotency_key_reused")
    assert Import.objects.count() == 1


def test_whoever_lost_access_gets_no_old_answer(manager):
    manager.post(CAMPAIGNS + "birds/releases/", headers=KEY)
    Member.objects.update(role="annotator")

    assert_error(manager.post(CAMPAIGNS + "birds/releases/", headers=KEY), 403, "not_a_manager")


def test_a_secret_in_an_answer_is_kept_encrypted(manager, settings):
    settings.WEBHOOK_NETWORKS = LOOPBACK
    body = {"url": "https://127.0.0.1/", "events": ["release.ready"]}
    first, second = (manager.post(CAMPAIGNS + "birds/webhooks/", body, headers=KEY) for _ in range(2))

    assert second.json()["secret"] == first.json()["secret"]
    assert Webhook.objects.count() == 1
    assert first.json()["secret"] not in IdempotentResponse.objects.get().encrypted_answer


def test_keys_are_forgotten_after_a_day(client):
    body = {"slug": "birds", "name": "Birds"}
    client.post(CAMPAIGNS, body, headers=KEY)
    IdempotentResponse.objects.update(
        created_at=IdempotentResponse.objects.get().created_at - idempotency.KEPT_FOR - timedelta(seconds=1)
    )

    assert client.post(CAMPAIGNS, {"slug": "fish", "name": "Fish"}, headers=KEY).status_code == 201
    IdempotentResponse.objects.update(created_at=IdempotentResponse.objects.get().created_at - idempotency.KEPT_FOR)
    tasks.forget_what_is_over()
    assert not IdempotentResponse.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_time_one_makes_it(client):
    """The first is held inside its transaction, after it has written, until the second waits for it."""
    body = {"slug": "birds", "name": "Birds"}
    holder_pid: list[int] = []
    answers: dict[str, tuple[int, object]] = {}
    has_begun, may_end = threading.Event(), threading.Event()

    def hold(execute, sql, params, many, context):
        done = execute(sql, params, many, context)
        if 'INSERT INTO "annotator_campaign"' in sql:
            has_begun.set()
            may_end.wait(10)
        return done

    def ask(name: str, is_held: bool) -> None:
        try:
            if is_held:
                with connection.execute_wrapper(hold):
                    response = client.post(CAMPAIGNS, body, headers=KEY)
            else:
                holder_pid.append(connection.cursor().connection.info.backend_pid)
                response = client.post(CAMPAIGNS, body, headers=KEY)
            answers[name] = (response.status_code, response.json())
        finally:
            connection.close()

    first = threading.Thread(target=ask, args=("first", True))
    second = threading.Thread(target=ask, args=("second", False))
    first.start()
    assert has_begun.wait(10)
    second.start()
    wait_until_blocked(holder_pid)
    may_end.set()
    first.join()
    second.join()

    assert answers["first"][0] == 201
    assert answers["second"] == answers["first"]
    assert Campaign.objects.count() == 1


def wait_until_blocked(pids: list[int]) -> None:
    def is_blocked() -> bool:
        if not pids:
            return False
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pids[0]])
            return cursor.fetchone()[0]

    wait_until(is_blocked, why="the second request to wait for the first")
