from __future__ import annotations

import pytest

from annotator.accounts.api_tokens import create_token, find_token
from annotator.accounts.users import set_active
from annotator.errors import Conflict
from annotator.models import AuditEntry
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_a_deactivated_account_opens_nothing_and_the_change_is_noted():
    root, user = UserFactory(username="root"), UserFactory(username="mira")
    _, key = create_token(user=user, scopes=["export"])

    set_active(user=user, is_active=False, by=root)
    set_active(user=user, is_active=False, by=root)  # changes nothing

    assert find_token(key) is None
    entry = AuditEntry.objects.get(action="users.active")
    assert (entry.actor_name, entry.target, entry.changes) == ("root", "mira", {"is_active": [True, False]})


def test_nobody_deactivates_themselves():
    root = UserFactory()
    with pytest.raises(Conflict):
        set_active(user=root, is_active=False, by=root)
