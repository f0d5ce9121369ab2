"""Requests to the Hub protocol as the tests make them, without a client of the Hub."""

from __future__ import annotations

import hashlib

from django.test import Client

from tests.api.releases import README, SHARD

SHARD_PATH = "pairs/train-00000-of-00001.parquet"
SHARD_SHA256 = hashlib.sha256(SHARD).hexdigest()
README_OID = hashlib.sha1(b"blob %d\0" % len(README) + README).hexdigest()
SHA = f"{1:040x}"


def with_key(key: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {key}"})


def status_of(client: Client, path: str) -> int:
    """Reads what is sent, so that nothing stays open."""
    response = client.get(path)
    response.getvalue()
    return response.status_code


def api(path: str = "") -> str:
    return f"/hub/api/datasets/diptych/birds{path}"


def file_at(revision: str, path: str = SHARD_PATH) -> str:
    return f"/hub/datasets/diptych/birds/resolve/{revision}/{path}"


def assert_error(response, status: int, code: str | None) -> None:
    assert (response.status_code, response.get("X-Error-Code")) == (status, code), response.content
    assert response.json() == {"error": response["X-Error-Message"]}
    assert response["Cache-Control"] == "private, no-store"
