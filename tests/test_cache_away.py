"""A cache that cannot be reached costs a query, never an answer."""

from __future__ import annotations

import time

import pytest
from django.core.cache import cache

from annotator.models import User
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_cache(settings):
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}  # nothing listens there


def test_who_is_logged_in_stays_logged_in(client, no_cache):
    client.force_login(MemberFactory().user)

    assert client.get("/").status_code == 200


def test_people_can_log_in_and_out(client, no_cache):
    user = User.objects.get(memberships__in=[MemberFactory()])
    user.set_password("a long pass phrase")
    user.save()

    answer = client.post("/login/", {"username": user.username, "password": "a long pass phrase"}, follow=True)
    assert answer.status_code == 200
    assert answer.wsgi_request.user == user
    assert client.post("/logout/", follow=True).status_code == 200


def test_nobody_waits_for_a_cache_that_is_away(no_cache):
    start = time.monotonic()

    cache.set("key", "value")

    assert cache.get("key") is None
    assert time.monotonic() - start < 0.5
