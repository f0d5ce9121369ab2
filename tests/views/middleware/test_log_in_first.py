"""Pages are for people who have logged in, who then come back to where they were."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import get_resolver, reverse

from annotator.views.middleware.log_in_first import BEGUN, RENEWED, RENEWED_EVERY
from tests.factories import MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

# What anybody may ask for. A new page without a log-in has to be written down here.
OPEN = {
    "healthz",
    "manifest",
    "service_worker",
    "readyz",
    "metrics",
    "security_txt",
    "login",
    "account_login",
    "join",
    "language",
    "image",  # looks at sessions and tokens itself
    "account_signup",
    "account_inactive",
    "account_email_verification_sent",
    "account_confirm_email",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "socialaccount_signup",
    "socialaccount_login_cancelled",
    "openid_connect_login",
    "openid_connect_callback",
}


def next_of(url: str) -> str:
    parts = urlsplit(url)
    assert parts.path == reverse("login")
    return parse_qs(parts.query, keep_blank_values=True)["next"][0]


def test_only_the_pages_in_the_list_are_open():
    patterns = [pattern for pattern in get_resolver().url_patterns if getattr(pattern, "callback", None) and pattern.name]

    found = {pattern.name for pattern in patterns if not getattr(pattern.callback, "login_required", True)}

    assert found == OPEN


def test_a_page_comes_back_with_its_query(client: Client):
    assert next_of(client.get("/c/shapes/?pair=7&show=gold").url) == "/c/shapes/?pair=7&show=gold"


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/c/shapes/?a=1", "/c/shapes/?a=1"),
        ("http://testserver/c/shapes/", "/c/shapes/"),
        ("http://elsewhere.example/c/shapes/", ""),
        ("https://testserver@elsewhere.example/", ""),
        ("", ""),
    ],
)
def test_a_form_comes_back_to_its_page_and_never_to_its_own_address_or_another_site(client: Client, referer, back):
    response = client.post(reverse("skip", args=[1]), headers={"Referer": referer})

    assert response.status_code == 302
    assert next_of(response.url) == back


def test_a_session_that_ended_under_a_form_is_said_on_the_log_in_page(client: Client):
    response = client.post(reverse("skip", args=[1]), headers={"Referer": "http://testserver/c/shapes/"}, follow=True)
    assert len(list(response.context["messages"])) == 1

    assert not list(Client().get(reverse("campaigns"), follow=True).context["messages"])


def test_a_piece_of_a_page_shows_where_to_log_in_beside_what_is_there(client: Client):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/c/shapes/"}

    response = client.post(reverse("skip", args=[1]), headers=headers)

    assert (response.status_code, response["HX-Retarget"], response["HX-Reswap"]) == (401, "#notice", "innerHTML")
    assert next_of(response["Location"]) == "/c/shapes/"
    assert response["Location"].encode() in response.content


def test_a_log_in_sets_the_clock_of_its_session(client: Client):
    client.force_login(UserFactory())
    before = dict(client.session)

    client.get(reverse("campaigns"))

    assert dict(client.session) == before  # nothing to put off on the first day


def test_a_session_in_use_is_put_off_once_a_day_and_not_with_each_request(client, django_assert_num_queries):
    client.force_login(MemberFactory().user)
    client.get(reverse("campaigns"))
    with django_assert_num_queries(6):
        assert django_settings.SESSION_COOKIE_NAME not in client.get(reverse("campaigns")).cookies
    session = client.session
    session[RENEWED] = int(time.time()) - RENEWED_EVERY
    session.set_expiry(13 * 24 * 3600)
    session.save()
    ends_at = Session.objects.get(pk=session.session_key).expire_date

    cookie = client.get(reverse("campaigns")).cookies[django_settings.SESSION_COOKIE_NAME]

    assert 0 <= 14 * 24 * 3600 - cookie["max-age"] < 60
    assert Session.objects.get(pk=session.session_key).expire_date > ends_at
    assert django_settings.SESSION_COOKIE_NAME not in client.get(reverse("campaigns")).cookies


def test_a_session_ends_some_time_after_its_log_in_however_much_it_is_used(client: Client, settings):
    client.force_login(MemberFactory().user)
    begun = int(time.time()) - settings.SESSION_END_SECONDS
    for seconds, status in ((RENEWED_EVERY, 200), (0, 302)):  # on its last day, and after it
        session = client.session
        session.update({BEGUN: begun + seconds, RENEWED: 0})
        session.save()
        response = client.get(reverse("campaigns"))
        assert response.status_code == status
        if status == 200:
            assert 0 <= seconds - response.cookies[settings.SESSION_COOKIE_NAME]["max-age"] < 60
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("headers", [{"HX-Request": "true"}, {"Sec-Fetch-Mode": "cors"}, {"Sec-Fetch-Mode": "same-origin"}])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_script_without_a_session_gets_401_and_never_a_redirect(client, headers, method):
    page = "http://testserver/c/shapes/"

    response = getattr(client, method)(reverse("campaigns"), headers=headers | {"Referer": page, "HX-Current-URL": page})

    assert response.status_code == 401
    assert response["Location"] == f"{reverse('login')}?next=/c/shapes/"
    assert "HX-Redirect" not in response.headers


@pytest.mark.parametrize("page", ["https://elsewhere.example/c/x/", "//elsewhere.example/", "javascript:alert(1)", ""])
def test_the_401_never_leads_to_another_site(client, page):
    response = client.post(reverse("skip", args=[1]), headers={"HX-Request": "true", "HX-Current-URL": page})

    assert response["Location"] == f"{reverse('login')}?next="
