"""The user of a session."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotator.accounts.auth_backend import PasswordBackend
from annotator.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_the_user_is_read_whole_with_one_query(django_assert_num_queries):
    user = UserFactory(first_name="Ana", is_staff=True)

    with django_assert_num_queries(1):
        found = PasswordBackend().get_user(user.pk)
        assert found == user
        assert not found.get_deferred_fields()
        assert (found.username, found.first_name, found.is_staff) == (user.username, "Ana", True)


def test_nobody_is_found_for_an_unknown_number_or_an_inactive_account():
    inactive = UserFactory(is_active=False)

    assert PasswordBackend().get_user(inactive.pk) is None
    assert PasswordBackend().get_user(inactive.pk + 1) is None


def test_a_session_ends_when_its_account_is_switched_off(client):
    user = UserFactory()
    client.force_login(user)
    assert client.get(reverse("campaigns")).status_code == 200

    User.objects.update(is_active=False)

    assert client.get(reverse("campaigns")).url == f"{reverse('login')}?next={reverse('campaigns')}"
