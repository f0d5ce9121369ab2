"""Clients of the API for the tests, and the tasks it sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import transaction
from django.test import Client

from annotator.accounts import api_tokens
from annotator.celery import app
from annotator.choices import Scope
from annotator.lib.queues import QUEUES
from annotator.models import User


class ApiClient(Client):
    """Speaks JSON unless told otherwise."""

    def post(self, path: str, data: Any = None, content_type: str = "application/json", **extra: Any) -> Any:
        return super().post(path, data, content_type=content_type, **extra)

    def patch(self, path: str, data: Any = None, content_type: str = "application/json", **extra: Any) -> Any:
        return super().patch(path, data, content_type=content_type, **extra)


def client_of(user: User, *scopes: str) -> ApiClient:
    """A client with a token of the user's, with all scopes where none is named."""
    _, key = api_tokens.create_token(user=user, scopes=list(scopes or Scope.values))
    return ApiClient(headers={"Authorization": f"Bearer {key}"})


def browser_of(user: User, **options: Any) -> ApiClient:
    """A client that is logged in to the pages."""
    client = ApiClient(**options)
    client.force_login(user)
    return client


def assert_error(response: Any, status: int, code: str, *fields: str) -> None:
    """The response is this error, in the API's form, about these fields."""
    assert (response.status_code, response.json().get("code")) == (status, code), response.content
    body = response.json()
    assert body["detail"]
    assert body.keys() == ({"code", "detail", "errors"} if fields else {"code", "detail"})
    assert body.get("errors", {}).keys() == set(fields)
    assert all(isinstance(text, str) for texts in body.get("errors", {}).values() for text in texts)


@contextmanager
def sent_tasks() -> Iterator[list[tuple[str, list[Any]]]]:
    """The tasks that are sent meanwhile, as they stand in the broker: name and arguments. Filled at the end of the block.

    The test's transaction never commits, so what waits for the commit is run at the end of the block.
    """
    app.control.purge()
    sent: list[tuple[str, list[Any]]] = []
    connection = transaction.get_connection()
    before = len(connection.run_on_commit)
    yield sent
    for _, callback, _ in connection.run_on_commit[before:]:
        callback()
    with app.connection_or_acquire() as broker:
        for name in QUEUES:
            with broker.SimpleQueue(name) as queue, suppress(queue.Empty):
                while True:
                    message = queue.get_nowait()
                    message.ack()
                    arguments, *_ = json.loads(message.body)
                    sent.append((message.headers["task"].rpartition(".")[2], arguments))
