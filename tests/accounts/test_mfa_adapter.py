"""How the secrets of second factors are kept."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_the_database_alone_does_not_tell_the_secret_of_an_app():
    TOTP.activate(UserFactory(), "JBSWY3DPEHPK3PXP")

    kept = Authenticator.objects.get()
    assert "JBSWY3DPEHPK3PXP" not in str(kept.data)
    assert not kept.wrap().validate_code("123")
