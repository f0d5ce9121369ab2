"""Health, readiness and metrics as machines ask for them."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.urls import reverse
from prometheus_client.parser import text_string_to_metric_families

from annotator.lib import readiness
from tests.celery_worker import hear_from_workers


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
    hear_from_workers(waited=0.5)

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


# --- who may see the metrics


@pytest.mark.django_db
def test_the_page_has_what_was_counted_and_how_it_is_now(client, monkeypatch):
    monkeypatch.setattr(readiness, "KEEP_SECONDS", 0)
    cache.clear()
    hear_from_workers(waited=2.5)

    text = client.get("/metrics").content.decode()

    for name in ("diptych_votes_total", "diptych_assignment_wait_seconds_bucket", "diptych_http_request_seconds_bucket"):
        assert name in text
    assert 'diptych_ready{check="worker"} 1.0' in text
    assert "diptych_queue_lag_seconds 2.5" in text
    assert 'diptych_queue_depth{queue="images"} 0.0' in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "10.0.0.7"}, 403),
        ({"REMOTE_ADDR": ""}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_PROTO": "https"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=127.0.0.1"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_AUTHORIZATION": "Bearer guess"}, 200),
    ],
)
def test_without_a_token_only_this_machine_may_look(client, headers, status):
    assert client.get("/metrics", **headers).status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"HTTP_AUTHORIZATION": "Bearer right", "REMOTE_ADDR": "10.0.0.7", "HTTP_X_FORWARDED_FOR": "1.2.3.4"}, 200),
        ({"HTTP_AUTHORIZATION": "Bearer wrong"}, 403),
        ({"HTTP_AUTHORIZATION": "Bearer rïght"}, 403),
        ({"HTTP_AUTHORIZATION": "Bearer "}, 403),
        ({"REMOTE_ADDR": "127.0.0.1"}, 403),
    ],
)
def test_with_a_token_whoever_has_it_may_look(client, settings, headers, status):
    settings.METRICS_TOKEN = "right"

    assert client.get("/metrics", **headers).status_code == status


# --- health


@pytest.mark.django_db
def test_the_health_check_needs_nobody_and_no_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.django_db
def test_the_health_check_is_not_sent_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/healthz").status_code == 200
    assert client.get(reverse("login")).status_code == 301
