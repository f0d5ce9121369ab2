"""How many people may join within an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from annotator.campaigns.join_limits import WINDOW, begin_joining, forget_old
from annotator.errors import NotAllowed
from annotator.models import JoinAttempt
from tests.factories import InviteFactory, MemberFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def refused(**arguments) -> str:
    try:
        begin_joining(**arguments)
    except NotAllowed as error:
        return error.code
    return ""


def test_an_address_has_so_many_tries_an_hour_and_others_have_their_own(settings):
    settings.JOIN_RATE_ADDRESS = 2
    invite, here = InviteFactory(), "192.0.2.1"
    codes = [refused(invite=invite, address=here, now=NOW + timedelta(minutes=minute)) for minute in (0, 1, 2, 59, 60)]

    assert codes == ["", "", "join_rate_address", "join_rate_address", ""]
    assert refused(invite=invite, address="192.0.2.2", now=NOW) == ""
    assert all(refused(invite=invite, address="", now=NOW) == "" for _ in range(3))
    assert here not in JoinAttempt.objects.first().address_digest
    forget_old(NOW + WINDOW * 2)
    assert not JoinAttempt.objects.exists()


def test_a_link_lets_so_many_in_an_hour_whoever_tries_besides(settings):
    settings.JOIN_RATE_LINK = 2
    invite = InviteFactory()
    for number in range(3):
        assert refused(invite=invite, address=f"192.0.2.{number}") == ""  # tries, of which nothing came
    MemberFactory.create_batch(2, campaign=invite.campaign, invite=invite)

    assert refused(invite=invite) == "join_rate_link"
    assert refused(invite=InviteFactory(campaign=invite.campaign)) == ""
    assert refused(invite=invite, now=timezone.now() + WINDOW) == ""
    settings.JOIN_RATE_LINK = 0
    assert refused(invite=invite) == ""
