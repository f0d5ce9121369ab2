"""What is counted, who may see it, and counting over several processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from prometheus_client import REGISTRY

from annotator import tasks
from annotator.errors import Conflict
from annotator.judging import assigning, voting
from annotator.lib import metrics_dir, readiness
from tests.factories import MemberFactory, PairFactory

ROOT = Path(__file__).resolve().parents[2]


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def member():
    member = MemberFactory()
    PairFactory.create_batch(3, campaign=member.campaign)
    return member


def answer(assignment, choice="a"):
    questions = assignment.member.campaign.questions.all()
    return voting.cast_vote(
        assignment_id=assignment.pk, by=assignment.member.user, choices={question.slug: choice for question in questions}
    )


# --- counting


@pytest.mark.django_db(transaction=True)
def test_votes_are_counted_by_what_became_of_them(member):
    (assignment,) = assigning.next_assignments(member=member)
    before = {
        outcome: value("diptych_votes_total", kind="regular", outcome=outcome) for outcome in ("new", "again", "already_answered")
    }

    answer(assignment)
    answer(assignment)
    with pytest.raises(Conflict):
        answer(assignment, "b")

    for outcome, count in before.items():
        assert value("diptych_votes_total", kind="regular", outcome=outcome) == count + 1, outcome


@pytest.mark.django_db(transaction=True)
def test_a_vote_that_was_rolled_back_is_not_counted(member):
    (assignment,) = assigning.next_assignments(member=member)
    before = value("diptych_votes_total", kind="regular", outcome="new")

    with transaction.atomic():
        answer(assignment)
        transaction.set_rollback(True)

    assert value("diptych_votes_total", kind="regular", outcome="new") == before


@pytest.mark.django_db(transaction=True)
def test_a_queue_that_nobody_filled_is_a_fallback_and_one_that_was_filled_is_none(member):
    fallbacks, waits, refills = (
        value(name)
        for name in ("diptych_refill_fallbacks_total", "diptych_assignment_wait_seconds_count", "diptych_refill_seconds_count")
    )

    assigning.next_assignments(member=member)
    assigning.next_assignments(member=member)

    assert value("diptych_refill_fallbacks_total") == fallbacks + 1
    assert value("diptych_assignment_wait_seconds_count") == waits + 2
    assert value("diptych_refill_seconds_count") == refills + 1


@pytest.mark.django_db(transaction=True)
def test_expired_leases_are_counted(member):
    assigning.refill_queue(member_id=member.pk, now=timezone.now() - timedelta(days=1))
    before = value("diptych_expired_leases_total")

    assigning.return_expired_seats()

    assert value("diptych_expired_leases_total") == before + 3


@pytest.mark.django_db
def test_requests_are_timed_by_view_and_never_by_path(client, member):
    client.force_login(member.user)
    name = "diptych_http_request_seconds_count"
    before, unknown = value(name, view="annotate", status="200"), value(name, view="unknown", status="404")

    client.get(f"/c/{member.campaign.slug}/")
    client.get("/nowhere/1")
    client.get("/nowhere/2")

    assert value(name, view="annotate", status="200") == before + 1
    assert value(name, view="unknown", status="404") == unknown + 2
    assert not any("nowhere" in str(sample) for metric in REGISTRY.collect() for sample in metric.samples)


def test_tasks_are_timed():
    labels = {"task": "annotator.tasks.heartbeat", "state": "SUCCESS"}
    before = value("diptych_task_seconds_count", **labels)

    tasks.heartbeat.apply()

    assert value("diptych_task_seconds_count", **labels) == before + 1


# --- showing


@pytest.mark.django_db
def test_the_page_has_what_was_counted_and_how_it_is_now(client, monkeypatch):
    monkeypatch.setattr(readiness, "KEEP_SECONDS", 0)
    cache.clear()
    readiness.note_heartbeat(waited=2.5)

    text = client.get("/metrics").content.decode()

    for name in ("diptych_votes_total", "diptych_assignment_wait_seconds_bucket", "diptych_http_request_seconds_bucket"):
        assert name in text
    assert 'diptych_ready{check="worker"} 1.0' in text
    assert "diptych_queue_lag_seconds 2.5" in text
    assert "diptych_queue_depth 0.0" in text


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


# --- several processes


def test_processes_count_together_and_those_that_are_gone_are_cleared_away(tmp_path):
    folder = tmp_path / "metrics"
    metrics_dir.tidy(folder)
    count = "from annotator.lib import metrics; metrics.FALLBACKS.inc(2)"
    show = "; from prometheus_client import generate_latest; print(generate_latest(metrics.registry()).decode())"

    def run(code: str) -> str:
        environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
        return subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        ).stdout

    run(count)
    assert "diptych_refill_fallbacks_total 4.0" in run(count + show)
    assert list(folder.glob("*.db"))

    alive = folder / f"counter_{os.getpid()}.db"
    alive.touch()
    metrics_dir.tidy(folder)
    assert list(folder.glob("*.db")) == [alive]


def test_every_metric_is_explained_and_no_other():
    sources = "".join((ROOT / "annotator" / name).read_text() for name in ("lib/metrics.py", "views/health.py"))
    counters = set(re.findall(r'Counter\(\s*"(\w+)"', sources))
    named = set(re.findall(r'"(diptych_\w+)"', sources))
    rows = re.findall(r"^\| `(diptych_\w+)", (ROOT / "docs" / "operators.md").read_text(), re.M)

    assert set(rows) == {f"{name}_total" if name in counters else name for name in named}
