"""The settings of the annotation page, as its script sends them."""

from __future__ import annotations

import pytest
from django.test import Client

from annotator.accounts.preferences import FOR_EVERYBODY
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

ADDRESS = "/preferences/"


def post(client: Client, content: str):
    return client.post(ADDRESS, content, content_type="application/json", headers={"Sec-Fetch-Mode": "cors"})


def test_they_are_stored_for_whoever_is_logged_in_alone():
    user, other = UserFactory(), UserFactory()
    client = Client()
    client.force_login(user)

    response = post(client, '{"ground": "checkerboard"}')

    assert (response.status_code, response.json()) == (200, FOR_EVERYBODY | {"ground": "checkerboard"})
    user.refresh_from_db(), other.refresh_from_db()
    assert (user.preferences, other.preferences) == ({"ground": "checkerboard"}, {})


@pytest.mark.parametrize(
    ("content", "errors"),
    [("{", {}), ("[]", {}), ("[" * 5000, {}), ('{"ground": "pink"}', {"ground"}), ('{"nonsense": 1}', {"nonsense"})],
)
def test_anything_else_is_refused_with_a_reason(content, errors):
    client = Client()
    client.force_login(UserFactory())

    response = post(client, content)

    assert response.status_code == 400
    assert response.json()["detail"]
    assert set(response.json()["errors"]) == set(errors)


def test_nobody_else_gets_in():
    assert post(Client(), "{}").status_code == 401
    client = Client()
    client.force_login(UserFactory())
    assert client.get(ADDRESS).status_code == 405
