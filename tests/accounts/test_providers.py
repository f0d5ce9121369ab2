"""Logging in with an account of another site, against a real OpenID Connect provider."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.test import Client
from django.urls import reverse

from annotator.accounts.auth_backend import PasswordBackend
from annotator.campaigns import invites
from annotator.models import Member, User
from tests.factories import CrowdUserFactory, InviteFactory, UserFactory
from tests.oidc_provider import OidcProvider

pytestmark = pytest.mark.django_db

LOG_IN = "/account/oidc/lab/login/"
CALLBACK = "/account/oidc/lab/login/callback/"


@pytest.fixture
def lab(oidc_provider: OidcProvider, settings) -> OidcProvider:
    """The provider, at which this site is registered."""
    app = oidc_provider.register(f"http://testserver{CALLBACK}")
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    return oidc_provider


def leave(client: Client, path: str = LOG_IN) -> str:
    """The address at the provider that the button leads to."""
    page = client.post(path)
    assert page.status_code == 200  # and no redirect, which the content security policy would not let a form follow
    return html.unescape(re.search(r'<a class="button primary wide" href="([^"]+)"', page.content.decode())[1])


def come_back(client: Client, address: str, *, follow: bool = True):
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"http://testserver{CALLBACK}"
    return client.get(f"{parts.path}?{parts.query}", follow=follow)


def log_in(client: Client, lab: OidcProvider, subject: str, path: str = LOG_IN):
    return come_back(client, lab.say_who(leave(client, path), subject))


def test_the_log_in_offers_the_providers_there_are_and_asks_them_properly(client, lab):
    assert "Continue with The Lab" in client.get(reverse("login")).content.decode()

    query = parse_qs(urlsplit(leave(client)).query)

    assert query["response_type"] == ["code"]
    assert set(query["scope"][0].split()) == {"openid", "profile", "email"}
    assert query["code_challenge_method"] == ["S256"]
    assert query["state"][0]


def test_a_new_person_needs_an_invite_like_anybody(client, lab):
    lab.know("ana", email="ana@lab.example", preferred_username="ana")

    assert "By invitation" in log_in(client, lab, "ana").content.decode()
    assert not User.objects.exists()


def test_a_new_person_comes_by_an_invite_and_again_without_one(client, lab):
    lab.know("ana", email="ana@lab.example", preferred_username="ana")
    invite = InviteFactory()
    link = reverse("join", args=[invites.key_of(invite)])
    client.get(link)

    page = log_in(client, lab, "ana", f"{LOG_IN}?next={link}")

    assert page.redirect_chain[-1][0] == link
    user = User.objects.get()
    assert (user.username, user.email, user.has_usable_password()) == ("ana", "ana@lab.example", False)
    client.post(link)
    assert Member.objects.get().user == user
    again = Client()
    assert log_in(again, lab, "ana").status_code == 200
    assert again.session["_auth_user_id"] == str(user.pk)
    assert User.objects.count() == 1
    assert not SocialToken.objects.exists()


def test_an_address_at_a_provider_opens_nobodys_account(client, lab, settings):
    settings.OPEN_SIGN_UP = True
    owner = UserFactory(email="ana@lab.example")
    lab.know("thief", email="ana@lab.example", preferred_username="thief", email_verified=True)

    log_in(client, lab, "thief")

    thief = SocialAccount.objects.get().user
    assert client.session["_auth_user_id"] == str(thief.pk) != str(owner.pk)
    assert PasswordBackend().authenticate(None, email="ana@lab.example", password="correct horse battery") == owner


def test_an_account_is_connected_and_disconnected(client, lab):
    user = UserFactory()
    client.force_login(user)
    client.post(reverse("account_reauthenticate"), {"password": "correct horse battery"})
    log_in(client, lab, "connected", f"{LOG_IN}?process=connect")
    assert SocialAccount.objects.get().user == user

    assert "The Lab" in client.get(reverse("socialaccount_connections")).content.decode()
    other = Client()
    log_in(other, lab, "connected")
    assert other.session["_auth_user_id"] == str(user.pk)
    client.post(reverse("socialaccount_connections"), {"account": SocialAccount.objects.get().pk})
    assert not SocialAccount.objects.exists()


def test_somebody_who_says_no_there_is_told_that_nothing_happened(client, lab):
    page = come_back(client, lab.refuse(leave(client)))

    assert "Login cancelled" in page.content.decode()
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("change", ["another browser", "another state", "a code used before", "no code"])
def test_a_way_back_that_was_not_begun_here_leads_nowhere(client, lab, settings, change):
    settings.OPEN_SIGN_UP = True
    address = lab.say_who(leave(client), "ana")
    visitor = Client() if change == "another browser" else client
    if change == "another state":
        address = re.sub(r"state=[^&]+", "state=forged", address)
    elif change == "no code":
        address = re.sub(r"code=[^&]+", "", address)
    elif change == "a code used before":
        come_back(client, address)
        client.logout()
        User.objects.all().delete()

    page = come_back(visitor, address)

    assert page.status_code < 500
    assert "_auth_user_id" not in visitor.session
    assert not User.objects.exists()


def test_a_secret_that_is_wrong_is_an_error_page(client, lab, settings):
    settings.OPEN_SIGN_UP = True
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["secret"] = "wrong"

    page = log_in(client, lab, "ana")

    assert "Login failed" in page.content.decode()
    assert not User.objects.exists()


def test_a_provider_that_is_away_is_an_error_page(client, lab, settings):
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["server_url"] = "http://127.0.0.1:1"

    page = client.post(LOG_IN)

    assert page.status_code == 502
    assert "did not respond" in page.content.decode()


def test_leaving_wants_a_click_and_the_csrf_token(lab):
    browser = Client(enforce_csrf_checks=True)

    assert "Continue with The Lab?" in browser.get(LOG_IN).content.decode()
    assert browser.post(LOG_IN).status_code == 403
    assert browser.get("/account/oidc/nobody/login/").status_code == 404


def test_people_from_a_crowd_platform_connect_nothing(client, lab):
    client.force_login(CrowdUserFactory())

    assert client.post(f"{LOG_IN}?process=connect").status_code == 403
    assert client.get(CALLBACK).status_code == 403


def test_a_provider_vouches_for_no_second_factor(client, lab):
    lab.know("ana", email="ana@lab.example", preferred_username="ana", amr=["mfa"], acr="high")
    client.get(reverse("join", args=[invites.key_of(InviteFactory())]))
    log_in(client, lab, "ana")
    TOTP.activate(User.objects.get(username="ana"), "JBSWY3DPEHPK3PXP")

    browser = Client()
    page = log_in(browser, lab, "ana")

    assert page.redirect_chain[-1][0] == reverse("mfa_authenticate")
    assert "_auth_user_id" not in browser.session
