"""`manage.py remove_second_factor`."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core.management import CommandError, call_command

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_one_user_logs_in_with_the_password_alone_again(capsys):
    lost, other = UserFactory(username="ana"), UserFactory()
    for user in (lost, other):
        TOTP.activate(user, "JBSWY3DPEHPK3PXP")

    call_command("remove_second_factor", "ana")

    assert "Removed from ana: 1." in capsys.readouterr().out
    assert Authenticator.objects.get().user == other
    with pytest.raises(CommandError, match="no user 'nobody'"):
        call_command("remove_second_factor", "nobody")
