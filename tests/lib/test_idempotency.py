"""A request with an idempotency key is carried out once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.errors import Conflict, Invalid
from annotator.lib.idempotency import KEPT_FOR, Answer, KeyReused, answer_once, forget_old
from annotator.models import IdempotentResponse, User
from tests.factories import IdempotentResponseFactory, UserFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture
def user() -> User:
    return UserFactory()


@pytest.fixture
def made() -> list[Answer]:
    """What was made, in order."""
    return []


@pytest.fixture
def once(user, made) -> Callable[..., tuple[Answer, bool]]:
    def make() -> Answer:
        made.append(Answer(201, {"number": len(made) + 1}, {"Location": f"/{len(made) + 1}/"}))
        return made[-1]

    def send(**changes) -> tuple[Answer, bool]:
        request = {"user": user, "route": "POST /campaigns/", "key": "one", "digest": "0" * 64, "make": make, "now": NOW}
        return answer_once(**request | changes)

    return send


def test_the_same_request_again_has_the_whole_first_answer(once, made):
    first, again = once(), once()

    assert first == (Answer(201, {"number": 1}, {"Location": "/1/"}), False)
    assert again == (first[0], True)
    assert len(made) == 1


def test_another_user_route_or_key_is_another_request(once, made):
    for changes in ({}, {"user": UserFactory()}, {"route": "POST /imports/"}, {"key": "two"}):
        assert once(**changes)[1] is False

    assert len(made) == IdempotentResponse.objects.count() == 4


def test_another_body_with_the_key_is_refused_and_the_first_answer_stays(once, made):
    once()

    with pytest.raises(KeyReused) as error:
        once(digest="1" * 64)

    assert error.value.code == "idempotency_key_reused"
    assert once()[1] is True
    assert len(made) == 1


def test_a_request_that_was_refused_leaves_its_key_free(once):
    def refuse() -> Answer:
        raise Invalid("No.")

    with pytest.raises(Invalid):
        once(make=refuse)

    assert not IdempotentResponse.objects.exists()
    assert once()[1] is False


def test_a_key_is_free_again_when_its_time_is_over(once, made):
    once()

    assert once(now=NOW + KEPT_FOR - timedelta(seconds=1))[1] is True
    assert once(now=NOW + KEPT_FOR)[1] is False
    assert [answer.body["number"] for answer in made] == [1, 2]


def test_an_answer_that_cannot_be_decrypted_is_not_made_again(once, made, settings):
    once()
    settings.SECRET_KEY = "another one"

    with pytest.raises(Conflict) as error:
        once()

    assert error.value.code == "answer_lost"
    assert len(made) == 1


def test_only_what_is_over_is_forgotten():
    IdempotentResponseFactory(created_at=NOW - KEPT_FOR)
    kept = IdempotentResponseFactory(key="two", created_at=NOW - KEPT_FOR + timedelta(seconds=1))

    forget_old(NOW)

    assert IdempotentResponse.objects.get() == kept
