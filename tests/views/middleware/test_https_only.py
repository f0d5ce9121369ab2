"""Programs that do not speak HTTPS."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.api.clients import assert_error, client_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
ENCRYPTED = {"X-Forwarded-Proto": "https"}


@pytest.fixture(autouse=True)
def https(settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.parametrize("path", ["/api/v1/campaigns/", "/api/v1/schema/", "/hub/api/datasets"])
def test_programs_are_refused_in_the_clear_and_not_sent_on(path):
    client = client_of(UserFactory())

    assert_error(client.get(path), 403, "https_required")
    assert client.get(path, headers=ENCRYPTED).status_code == 200


def test_browsers_are_sent_to_https(client):
    assert client.get(reverse("login")).url.startswith("https://")
    assert client.get(reverse("login"), headers=ENCRYPTED).status_code == 200
