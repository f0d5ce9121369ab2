"""The audit log: what the database refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from annotator.models import AuditEntry
from tests.models.constraint_cases import Attempts, assert_refused, change

pytestmark = pytest.mark.django_db


def entry(**values: Any) -> AuditEntry:
    return AuditEntry.objects.create(**{"at": timezone.now(), "action": "gold.set", "target": "pair 7"} | values)


ATTEMPTS = Attempts(
    {
        "audit_entry_action_form": lambda: entry(action="Gold was set"),
        "audit_entry_is_fixed": lambda: change(entry(), target="pair 8"),
    }
)


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


def test_an_entry_cannot_be_deleted() -> None:
    assert_refused("audit_entry_is_fixed", lambda: entry().delete())


def test_an_entry_says_what_was_done() -> None:
    assert (str(entry()), entry().words) == ("gold.set of pair 7", "Known answer set")
    assert entry(action="later.words").words == "later.words"
