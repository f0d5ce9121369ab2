"""Second factors: set up, asked for, and counted."""

from __future__ import annotations

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from annotator.accounts import lockout
from annotator.models import FailedLogIn
from tests.factories import CrowdUserFactory, UserFactory

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
SECRET = "JBSWY3DPEHPK3PXP"


def code_now(secret: str = SECRET) -> str:
    cache.clear()  # in which used codes are kept: the tests use one twice within its half minute
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def log_in(client: Client, user) -> str:
    return client.post(reverse("login"), {"username": user.username, "password": PASSWORD}).url


def confirm_password(client: Client) -> None:
    assert client.post(reverse("account_reauthenticate"), {"password": PASSWORD}).status_code == 302


@pytest.fixture
def owner():
    user = UserFactory()
    TOTP.activate(user, SECRET)
    return user


def test_an_app_is_set_up_with_recovery_codes_and_asked_for_from_then_on(client):
    user = UserFactory()
    log_in(client, user)
    confirm_password(client)
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    secret = re.search(r'<code class="breaks">(\w+)</code>', page)[1]
    assert 'src="data:image/svg+xml;base64,' in page
    assert client.post(reverse("mfa_activate_totp"), {"code": "000000"}).status_code == 200

    done = client.post(reverse("mfa_activate_totp"), {"code": code_now(secret)}, follow=True)

    recovery = re.findall(r"<li><code>(\w+)</code></li>", done.content.decode())
    assert len(recovery) == 10
    for answer in (code_now(secret), recovery[0]):
        browser = Client()
        assert log_in(browser, user) == reverse("mfa_authenticate")
        assert "_auth_user_id" not in browser.session
        assert browser.post(reverse("mfa_authenticate"), {"code": answer}).url == reverse("campaigns")
        assert browser.session["_auth_user_id"] == str(user.pk)
    browser = Client()
    log_in(browser, user)
    assert browser.post(reverse("mfa_authenticate"), {"code": recovery[0]}).status_code == 200  # good for once


def test_wrong_codes_make_their_owner_wait_whatever_the_address(client, owner):
    log_in(client, owner)
    for number in range(lockout.OF_NAME_AT_ADDRESS.free):
        page = client.post(reverse("mfa_authenticate"), {"code": "000000"}, REMOTE_ADDR=f"192.0.2.{number}")
        assert "Incorrect code" in page.content.decode()

    refused = client.post(reverse("mfa_authenticate"), {"code": code_now()})

    assert "Wait 1 minute and try again." in refused.content.decode()
    FailedLogIn.objects.all().delete()
    assert client.post(reverse("mfa_authenticate"), {"code": code_now()}).status_code == 302


@pytest.mark.parametrize("name", ["mfa_authenticate", "mfa_login_webauthn"])
def test_nobody_comes_to_the_second_factor_before_the_first(client, name):
    assert client.get(reverse(name)).url == reverse("login")


def test_a_passkey_that_makes_no_sense_is_refused(client, owner):
    log_in(client, owner)
    newcomer = Client()
    newcomer.force_login(UserFactory())
    confirm_password(newcomer)
    for credential in (
        "",
        "[]",
        "7",
        "{}",
        '{"id": "x"}',
        '{"id": "eA", "rawId": "eA", "type": "public-key", "response": 1}',
        "no json",
    ):
        assert client.post(reverse("mfa_authenticate"), {"credential": credential}).status_code == 200
        assert Client().post(reverse("mfa_login_webauthn"), {"credential": credential}).url == reverse("login")
        assert newcomer.post(reverse("mfa_add_webauthn"), {"credential": credential}).status_code == 200


@pytest.mark.parametrize("name", ["mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "mfa_view_recovery_codes"])
def test_people_from_a_crowd_platform_have_no_second_factor(client, name):
    client.force_login(CrowdUserFactory())

    assert client.get(reverse(name)).status_code == 403


def test_a_factor_is_changed_only_by_who_just_confirmed_who_they_are(client, owner):
    client.force_login(owner)

    assert client.post(reverse("mfa_deactivate_totp")).status_code == 302
    assert Authenticator.objects.exists()
    client.post(reverse("mfa_reauthenticate"), {"code": code_now()})
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.exists()


def test_no_page_has_a_script_of_its_own(client):
    log_in(client, UserFactory())
    confirm_password(client)
    for name in ("mfa_index", "mfa_activate_totp", "mfa_add_webauthn"):
        html = client.get(reverse(name)).content.decode()
        inline = [tag for tag in re.findall(r"<script[^>]*>", html) if "src=" not in tag and "application/json" not in tag]
        assert (inline, " style=" in html) == ([], False)
