"""Answers kept for a second request: what the database refuses."""

from __future__ import annotations

import pytest

from annotator.models import (
    IdempotentResponse,
)
from tests import factories as make
from tests.models.constraint_cases import Attempts, assert_refused

pytestmark = pytest.mark.django_db

ATTEMPTS = Attempts(
    {
        "kept_answer_digest_is_sha256": lambda: make.IdempotentResponseFactory(digest="short"),
    }
)


@ATTEMPTS.refused_by("kept_answer_once_per_key")
def _() -> None:
    kept = make.IdempotentResponseFactory()
    make.IdempotentResponseFactory(user=kept.user)


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


def test_the_same_key_is_free_for_another_route_and_another_user() -> None:
    kept = make.IdempotentResponseFactory()
    make.IdempotentResponseFactory(user=kept.user, route="POST /api/v1/tokens/")
    make.IdempotentResponseFactory()
    assert IdempotentResponse.objects.filter(key=kept.key).count() == 3
