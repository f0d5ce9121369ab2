"""The language of every page, and of what is no page."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import translation

from tests.factories import MemberFactory, UserFactory
from tests.views.test_language import language_and_direction

pytestmark = pytest.mark.django_db


def test_a_page_is_in_the_language_of_the_browser_and_says_so(client):
    response = client.get(reverse("login"), headers={"Accept-Language": "es-MX,es;q=0.9"})

    assert response.headers["Content-Language"] == "es"
    assert {"Accept-Language", "Cookie"} <= set(response.headers["Vary"].split(", "))
    assert language_and_direction(response.content.decode()) == ("es", "ltr")


def test_the_cookie_follows_the_account(client):
    client.force_login(UserFactory(language="ja"))

    client.get(reverse("campaigns"))
    second = client.get(reverse("campaigns"))

    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "ja"
    assert settings.LANGUAGE_COOKIE_NAME not in second.cookies


@pytest.mark.parametrize("path", ["/healthz", "/images/00000000-0000-0000-0000-000000000000/640/"])
def test_what_has_no_words_is_cached_without_regard_to_languages(client, path):
    response = client.get(path, headers={"Accept-Language": "de"})

    assert "Accept-Language" not in response.headers.get("Vary", "")


def test_programs_are_answered_in_english(client):
    response = client.get("/api/v1/campaigns/none/", headers={"Accept-Language": "de"})

    assert response.json()["detail"] == "Authentication credentials were not provided."


def test_managers_pages_are_in_a_language_in_which_they_are_whole(client):
    member = MemberFactory(role="manager", user__language="ar")
    client.force_login(member.user)

    page = client.get(reverse("campaign_page", args=[member.campaign.slug])).content.decode()

    assert language_and_direction(page) == ("en", "ltr")
    assert language_and_direction(client.get(reverse("campaigns")).content.decode()) == ("ar", "rtl")


def test_the_next_request_of_the_thread_starts_anew(client):
    client.get(reverse("login"), headers={"Accept-Language": "de"})

    assert translation.get_language() == settings.LANGUAGE_CODE
