"""Choosing a language: with an account, and without one."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PAGE = reverse("language")


def language_and_direction(html: str) -> tuple[str, str]:
    found = re.search(r'<html lang="([a-z-]+)"\s+dir="(\w+)">', html)
    assert found is not None
    return found[1], found[2]


def html_of(client: Client, address: str, **headers: str) -> str:
    return client.get(address, headers=headers).content.decode()


def test_it_keeps_the_choice_with_the_account_on_every_device(client):
    user = UserFactory()
    client.force_login(user)

    response = client.post(PAGE, {"language": "de", "next": reverse("account")})
    other = Client()
    other.force_login(user)

    assert response.url == reverse("account")
    assert language_and_direction(html_of(other, reverse("account"), **{"Accept-Language": "fr"})) == ("de", "ltr")


def test_it_keeps_the_choice_in_the_browser_of_who_is_logged_out(client):
    response = client.post(PAGE, {"language": "ar", "next": reverse("login")})

    assert response.url == reverse("login")
    assert language_and_direction(html_of(client, reverse("login"), **{"Accept-Language": "de"})) == ("ar", "rtl")


def test_it_goes_back_to_the_language_of_the_browser(client):
    user = UserFactory(language="de")
    client.force_login(user)
    client.get(reverse("account"))

    client.post(PAGE, {"language": ""})

    user.refresh_from_db()
    assert user.language == ""
    assert language_and_direction(html_of(client, reverse("account"), **{"Accept-Language": "fr"})) == ("fr", "ltr")


def test_a_language_that_the_site_does_not_have_is_none(client):
    user = UserFactory(language="de")
    client.force_login(user)

    client.post(PAGE, {"language": "tlh"})

    user.refresh_from_db()
    assert user.language == ""


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_it_never_leads_to_another_site(client, address):
    assert client.post(PAGE, {"language": "de", "next": address}).url == reverse("campaigns")
    assert address not in html_of(client, f"{PAGE}?next={address}")


def test_the_page_has_every_language_by_its_own_name(client):
    page = html_of(client, PAGE)

    for name in ("English", "Deutsch", "Español", "Français", "简体中文", "日本語", "العربيّة"):
        assert f">{name}</button>" in page


def test_it_leads_back_to_the_page_that_it_was_opened_from(client):
    client.force_login(UserFactory())

    page = client.get(PAGE, headers={"Referer": f"http://testserver{reverse('account')}"}).content.decode()

    assert f'name="next" value="{reverse("account")}"' in " ".join(page.split())


def test_it_refuses_other_methods(client):
    assert client.put(PAGE).status_code == 405


def test_the_log_in_page_has_the_choice_without_a_log_in(client):
    assert f'action="{PAGE}"' in html_of(client, reverse("login"))
    assert settings.LANGUAGE_COOKIE_NAME not in client.cookies
