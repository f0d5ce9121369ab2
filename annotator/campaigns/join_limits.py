"""How many people may join within an hour: by one link, and from one address."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext

from annotator.errors import NotAllowed
from annotator.lib.client_address import network_of
from annotator.models import Invite, JoinAttempt

WINDOW = timedelta(hours=1)


def begin_joining(*, invite: Invite, address: str = "", now: datetime | None = None) -> None:
    """For somebody who is no member yet, before it is known whether they may be. `address` is "" where it is unknown.

    Each try counts for its address, and each new member for the link, so that no stranger uses a link up by trying. Raises
    NotAllowed; such a try does not count, so that the wait ends by itself.
    """
    now = now or timezone.now()
    lately = now - WINDOW
    if settings.JOIN_RATE_LINK and invite.members.filter(joined_at__gt=lately).count() >= settings.JOIN_RATE_LINK:
        raise NotAllowed(gettext("Many people are joining with this link. Wait an hour and try again."), code="join_rate_link")
    if not address or not settings.JOIN_RATE_ADDRESS:
        return
    attempt = JoinAttempt.objects.create(address_digest=_digest(address), at=now)
    if JoinAttempt.objects.filter(address_digest=attempt.address_digest, at__gt=lately).count() > settings.JOIN_RATE_ADDRESS:
        attempt.delete()
        raise NotAllowed(
            gettext("Too many people joined from your network. Wait an hour and try again."), code="join_rate_address"
        )


def forget_old(now: datetime | None = None) -> None:
    JoinAttempt.objects.filter(at__lte=(now or timezone.now()) - WINDOW).delete()


def _digest(address: str) -> str:
    """Keyed with SECRET_KEY: addresses are not kept in clear."""
    return salted_hmac("annotator.campaigns.join_limits", network_of(address), algorithm="sha256").hexdigest()
