"""Health, readiness and metrics as machines ask for them."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from prometheus_client.parser import text_string_to_metric_families

from annotator.lib import readiness


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_machines_only_look_and_nothing_keeps_the_answer(client, path):
    response = client.get(path)

    assert response.status_code in (200, 503)
    assert "no-store" in response["Cache-Control"]
    assert client.head(path).status_code == response.status_code
    for method in (client.post, client.put, client.delete):
        assert method(path).status_code == 405


@pytest.mark.django_db
def test_readiness_and_metrics_say_the_same_of_each_check(client, monkeypatch):
    monkeypatch.setattr(readiness, "KEEP_SECONDS", 0)
    cache.clear()
    readiness.note_heartbeat(waited=0.5)

    checks = client.get("/readyz").json()["checks"]
    metrics = {family.name: family.samples for family in text_string_to_metric_families(client.get("/metrics").content.decode())}

    assert {sample.labels["check"]: bool(sample.value) for sample in metrics["diptych_ready"]} == {
        name: check["ok"] for name, check in checks.items()
    }
    assert checks["database"]["ok"]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["::ffff:10.0.0.7", "192.168.0.1", "localhost", "127.0.0.1.example.org"])
def test_what_is_not_this_machines_address_sees_no_metrics(client, address):
    response = client.get("/metrics", REMOTE_ADDR=address)

    assert response.status_code == 403
    assert b"diptych_" not in response.content
