"""A user's own API tokens in the browser."""

from __future__ import annotations

import re
import time

import pytest
from django.test import Client

from annotator.accounts.api_tokens import find_token
from annotator.choices import Role
from annotator.models import Token
from tests.factories import MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

ADDRESS = "/manage/-/tokens/"


def logged_in(user) -> Client:
    """Who has given their password just now."""
    client = Client()
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


@pytest.fixture
def manager():
    return MemberFactory(role=Role.MANAGER).user


def test_one_is_made_used_and_revoked_by_its_owner(manager):
    browser = logged_in(manager)

    page = browser.post(ADDRESS, {"name": "nightly", "scopes": ["export"], "days": "30"}).content.decode()

    key = re.search(r'value="(dpt_[^"]+)"', page)[1]
    token = find_token(key)
    assert (token.user, token.name, token.scopes, token.expires_at is not None) == (manager, "nightly", ["export"], True)
    again = browser.get(ADDRESS).content.decode()
    assert key not in again
    assert key[:12] in again
    answer = browser.post(f"{ADDRESS}{token.pk}/revoke/", follow=True).content.decode()
    assert "nightly is revoked" in answer
    assert find_token(key) is None


def test_a_wrong_form_names_the_field_and_makes_nothing(manager):
    for values in ({"name": "", "scopes": ["export"]}, {"name": "a"}, {"name": "a", "scopes": ["all"]}):
        response = logged_in(manager).post(ADDRESS, values)
        assert response.status_code == 400
        assert 'class="field-error"' in response.content.decode()
    assert not Token.objects.exists()


def test_nobody_sees_or_revokes_those_of_others(manager):
    logged_in(manager).post(ADDRESS, {"name": "of mira", "scopes": ["manage"], "days": ""})
    token = Token.objects.get()
    other = logged_in(UserFactory(is_superuser=True))

    assert "of mira" not in other.get(ADDRESS).content.decode()
    assert other.post(f"{ADDRESS}{token.pk}/revoke/").status_code == 404
    assert logged_in(manager).get(f"{ADDRESS}{token.pk}/revoke/").status_code == 405
    assert Token.objects.get().revoked_at is None


def test_who_may(client, manager):
    assert client.get(ADDRESS).status_code == 302
    assert logged_in(MemberFactory().user).get(ADDRESS).status_code == 403  # an annotator
    assert logged_in(MemberFactory(role=Role.REVIEWER).user).get(ADDRESS).status_code == 200
    client.force_login(manager)  # long ago
    assert client.get(ADDRESS).url.startswith("/account/password-again/")
