"""What is counted, and that the documentation explains each metric."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone
from prometheus_client import REGISTRY

from annotator.errors import Conflict
from annotator.judging import assigning, voting
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


def test_every_metric_is_explained_and_no_other():
    sources = "".join((ROOT / "annotator" / name).read_text() for name in ("lib/metrics.py", "views/health.py"))
    counters = set(re.findall(r'Counter\(\s*"(\w+)"', sources))
    named = set(re.findall(r'"(diptych_\w+)"', sources))
    rows = re.findall(r"^\| `(diptych_\w+)", (ROOT / "docs" / "operators.md").read_text(), re.M)

    assert set(rows) == {f"{name}_total" if name in counters else name for name in named}
