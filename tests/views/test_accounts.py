"""Logging in and out, and the pages that say no."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse

from tests.factories import MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


# --- log in, log out


def test_a_user_logs_in_and_comes_to_their_campaigns(client):
    user = UserFactory()

    response = client.post(reverse("login"), {"username": user.username, "password": PASSWORD})

    assert response.url == reverse("campaigns")
    assert client.get(response.url).status_code == 200


def test_logging_in_leads_to_the_page_that_was_asked_for(client):
    member = MemberFactory()
    page = reverse("annotate", args=[member.campaign.slug])
    log_in = client.get(page).url

    response = client.post(log_in, {"username": member.user.username, "password": PASSWORD, "next": page})

    assert response.url == page


def test_logging_in_never_leads_to_another_site(client):
    user = UserFactory()

    response = client.post(
        reverse("login"), {"username": user.username, "password": PASSWORD, "next": "https://elsewhere.example/"}
    )

    assert response.url == reverse("campaigns")


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"username": "nobody"}, {"username": "", "password": ""}])
def test_wrong_names_and_passwords_are_refused_alike(client, changes):
    user = UserFactory()

    response = client.post(reverse("login"), {"username": user.username, "password": PASSWORD} | changes)

    assert response.status_code == 200
    assert "_auth_user_id" not in client.session


def test_an_account_that_is_switched_off_cannot_log_in(client):
    user = UserFactory(is_active=False)

    client.post(reverse("login"), {"username": user.username, "password": PASSWORD})

    assert "_auth_user_id" not in client.session


def test_the_session_ends_with_a_post_and_not_with_a_link(client):
    client.force_login(UserFactory())

    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout")).url == reverse("login")
    assert client.get(reverse("campaigns")).status_code == 302


@pytest.mark.parametrize("page", ["https://elsewhere.example/c/x/", "//elsewhere.example/", "javascript:alert(1)", ""])
def test_an_ended_session_never_leads_to_another_site(client, page):
    response = client.post(reverse("skip", args=[1]), headers={"Referer": page})

    assert response.url == f"{reverse('login')}?next="


@pytest.mark.parametrize("name", ["campaigns", "login"])
def test_every_page_forbids_code_and_styles_that_are_not_its_own(client, name):
    client.force_login(UserFactory())

    response = client.get(reverse(name), follow=True)

    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    html = response.content.decode()
    assert " style=" not in html
    assert "<script>" not in html
    assert " onclick=" not in html


def test_an_address_that_is_not_there_has_a_page(client):
    response = client.get("/nothing/here/")

    assert response.status_code == 404
    assert b"This page does not exist" in response.content


def test_an_error_of_ours_has_a_page(client, monkeypatch):
    client.raise_request_exception = False
    client.force_login(UserFactory())
    monkeypatch.setattr("annotator.views.annotate.campaign_list.render", lambda *arguments: 1 / 0)

    response = client.get(reverse("campaigns"))

    assert response.status_code == 500
    assert b"Something went wrong on our side" in response.content


def test_no_page_can_ask_for_camera_microphone_or_place(client):
    policy = client.get(reverse("login")).headers["Permissions-Policy"]

    assert {"camera=()", "microphone=()", "geolocation=()"} <= set(policy.split(", "))


# --- sessions


def test_sessions_are_listed_and_ended_one_by_one_or_all_others(client):
    user, browsers = UserFactory(), [client, Client(), Client(), Client()]
    for number, browser in enumerate(browsers):
        browser.post(
            reverse("login"),
            {"username": user.username, "password": PASSWORD},
            REMOTE_ADDR=f"192.0.2.{number}",
            headers={"User-Agent": f"Browser {number}"},
        )
    stranger = Client()
    stranger.post(reverse("login"), {"username": UserFactory().username, "password": PASSWORD}, REMOTE_ADDR="198.51.100.9")
    html = client.get(reverse("sessions")).content.decode()
    assert all(words in html for number in (1, 2, 3) for words in (f"192.0.2.{number}", f"Browser {number}"))
    assert html.count("this one") == html.count("127.0.0.1") == 1
    listed = {session.ip: str(session.pk) for session in UserSession.objects.all()}

    def are_in() -> list[bool]:
        return [browser.get(reverse("campaigns")).status_code == 200 for browser in (*browsers, stranger)]

    client.post(reverse("sessions"), {"end": listed["192.0.2.1"]})
    client.post(reverse("sessions"), {"end": listed["198.51.100.9"]})  # of somebody else
    client.post(reverse("sessions"), {"end": "nonsense"})
    assert are_in() == [True, False, True, True, True]
    client.post(reverse("sessions"), {"end": "others"})
    assert are_in() == [True, False, False, False, True]


def test_a_log_in_from_an_address_that_is_none_is_no_error(client, settings):
    settings.TRUSTED_PROXIES = 1

    response = client.post(
        reverse("login"), {"username": UserFactory().username, "password": PASSWORD}, headers={"X-Forwarded-For": "unix:"}
    )

    assert response.url == reverse("campaigns")
