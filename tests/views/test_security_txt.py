"""/.well-known/security.txt, which anybody can read."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.test import Client
from django.utils import timezone

ADDRESS = "/.well-known/security.txt"


def test_it_names_the_contact_of_the_operator_for_half_a_year(settings):
    settings.SECURITY_CONTACT = "mailto:security@example.org"

    response = Client().get(ADDRESS)

    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in response.content.decode().splitlines())
    assert fields["Contact"] == "mailto:security@example.org"
    assert fields["Canonical"] == f"http://testserver{ADDRESS}"
    left = datetime.fromisoformat(fields["Expires"]) - timezone.now()
    assert timedelta(days=178) < left < timedelta(days=181)


def test_without_a_contact_there_is_none(settings):
    settings.SECURITY_CONTACT = ""

    assert Client().get(ADDRESS).status_code == 404
