from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.accounts import api_tokens
from annotator.models import Campaign, Token
from tests.api.clients import ApiClient, assert_error, browser_of, client_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/campaigns/"


def test_it_needs_a_token_and_never_sends_to_the_login_page():
    response = ApiClient().get(ADDRESS)

    assert_error(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("scopes", [["annotate"], ["import"], ["export"], ["manage"]])
def test_a_token_of_any_scope_lists_campaigns(scopes):
    assert client_of(UserFactory(), *scopes).get(ADDRESS).status_code == 200


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "Bearer dpt_" + "x" * 43, "bearer \xe9", "Bearer " + "x" * 5000])
def test_an_unknown_token_is_refused(header):
    response = ApiClient(headers={"Authorization": header}).get(ADDRESS)

    assert_error(response, 401, "token_unknown")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Basic Zm9vOmJhcg==", "Token x", "dpt_x", ""])
def test_another_kind_of_header_is_no_token(header):
    assert_error(ApiClient(headers={"Authorization": header}).get(ADDRESS), 401, "not_authenticated")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"revoked_at": timezone.now()}, "token_revoked"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "token_expired"),
    ],
)
def test_a_token_that_is_over_says_why(change, code):
    client = client_of(UserFactory())
    Token.objects.update(**change)

    assert_error(client.get(ADDRESS), 401, code)


def test_the_token_of_somebody_who_was_shut_out_is_refused():
    user = UserFactory()
    client = client_of(user)
    user.is_active = False
    user.save()

    assert_error(client.get(ADDRESS), 401, "token_user_inactive")


def test_a_bad_token_is_not_made_good_by_a_session():
    client = browser_of(UserFactory(), headers={"Authorization": "Bearer nonsense"})

    assert_error(client.get(ADDRESS), 401, "token_unknown")


def test_a_session_is_enough_and_has_all_scopes():
    client = browser_of(UserFactory(is_staff=True))

    assert client.get(ADDRESS).status_code == 200
    assert client.post(ADDRESS, {"slug": "small", "name": "Small"}).status_code == 201


def test_a_session_needs_the_csrf_token_to_change_anything():
    client = browser_of(UserFactory(is_staff=True), enforce_csrf_checks=True)

    assert_error(client.post(ADDRESS, {"slug": "small", "name": "Small"}), 403, "permission_denied")
    assert not Campaign.objects.exists()
    token = client.cookies["csrftoken"] = "x" * 32  # as a page would have set it
    assert client.post(ADDRESS, {"slug": "small", "name": "Small"}, headers={"X-CSRFToken": token}).status_code == 201


def test_a_token_needs_no_csrf_token():
    user = UserFactory(is_staff=True)
    _, key = api_tokens.create_token(user=user, scopes=["manage"])
    client = ApiClient(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {key}"})

    assert client.post(ADDRESS, {"slug": "small", "name": "Small"}).status_code == 201
