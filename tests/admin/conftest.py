"""A superuser, and a browser of theirs."""

from __future__ import annotations

import pytest
from django.test import Client

from annotator.models import User
from tests.factories import UserFactory


@pytest.fixture
def boss() -> User:
    return UserFactory(username="boss", is_staff=True, is_superuser=True)


@pytest.fixture
def client(boss: User) -> Client:
    client = Client()
    client.force_login(boss)
    return client
