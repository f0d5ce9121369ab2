"""A passkey, with a real browser and the authenticator that Chromium has for tests."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.browser.driver import expect
from tests.factories import UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_somebody_adds_a_passkey_and_logs_in_with_it_alone(open_page):
    user = UserFactory()
    page = open_page(None, reverse("login"))
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    page.get_by_label("Username or email").fill(user.username)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()
    page.goto(reverse("mfa_add_webauthn"))
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Log in without a password").check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.context.clear_cookies()

    page.goto(reverse("login"))
    page.get_by_role("button", name="Use a passkey").click()

    expect(page.get_by_role("heading", name="Campaigns")).to_be_visible()
