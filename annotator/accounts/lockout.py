"""Log-ins that fail too often wait: longer after each further failure, for the name and the address that fail, nobody else.

Counted in Postgres, which all web processes share and which nobody empties to get another try. Each attempt is noted as
failed before the password is looked at and struck off when it was right, so that many at once do not slip through.

No stranger can lock somebody else's name. Failures from many addresses only take away the free tries of addresses that are new
to the name: a right password at the first try still gets in. Where strangers share somebody's address, the devices that logged in
before are spared: see accounts/devices.py.

allauth's own limits count in the cache: without it nobody could log in, and emptying it would free every try. django-axes has one
limit for names and addresses alike, keeps both as they were typed, and counts after the password was looked at.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import ngettext

from annotator.errors import NotAllowed
from annotator.lib.client_address import network_of
from annotator.models import FailedLogIn

FIRST_WAIT = timedelta(minutes=1)


@dataclass(frozen=True)
class Limit:
    """After `free` failures in `window` comes a wait: FIRST_WAIT, then twice as long after each further failure, to `longest`."""

    free: int
    window: timedelta
    longest: timedelta

    def wait_after(self, failures: int) -> timedelta:
        """How long after the last of so many failures the next attempt is refused."""
        if failures < self.free:
            return timedelta(0)
        return min(FIRST_WAIT * 2 ** min(failures - self.free, 20), self.longest)


OF_NAME_AT_ADDRESS = Limit(free=5, window=timedelta(days=1), longest=timedelta(hours=1))
# The same for an address that is new to a name which fails at many addresses: somebody guesses with many machines.
OF_NAME_UNDER_ATTACK = Limit(free=1, window=timedelta(days=1), longest=timedelta(hours=1))
ATTACKED_FROM = 50  # failures of a name at all addresses together, in that window
# One password tried on many names. A whole class may be behind one address, so the window and the wait are short.
OF_ADDRESS = Limit(free=100, window=timedelta(hours=1), longest=timedelta(minutes=15))
KEEP = max(limit.window for limit in (OF_NAME_AT_ADDRESS, OF_NAME_UNDER_ATTACK, OF_ADDRESS))


def begin_log_in(
    *, name: str, address: str = "", device: str = "", can_reset: bool = True, now: datetime | None = None
) -> FailedLogIn:
    """Note an attempt to log in as `name` from `address` ("" if unknown). It counts as failed unless `clear_attempt` is called.

    `device` is one that this name logged in on before ("" if it is none): it is counted for itself, whatever its address does.
    `can_reset`: whether a new password would end the wait. Raises NotAllowed where too many failed lately; that attempt does not
    count, so the wait ends by itself.
    """
    now = now or timezone.now()
    name_digest = digest(plain(name))
    address_digest = digest(f"device {device}" if device else network_of(address))
    is_shared = bool(address) and not device
    _require_no_wait(_wait_until(name_digest, address_digest, is_shared, now), now, can_reset)
    attempt = FailedLogIn.objects.create(name_digest=name_digest, address_digest=address_digest, at=now)
    # Once more, for those that came at the same moment: all of them are in the table by now.
    until = _wait_until(name_digest, address_digest, is_shared, now, besides=attempt)
    if until > now:
        attempt.delete()
        _require_no_wait(until, now, can_reset)
    return attempt


def _wait_until(
    name_digest: str, address_digest: str, is_shared: bool, now: datetime, besides: FailedLogIn | None = None
) -> datetime:
    failures = FailedLogIn.objects.filter(at__gt=now - KEEP)
    if besides is not None:
        failures = failures.exclude(pk=besides.pk)
    of_name = failures.filter(name_digest=name_digest)
    is_attacked = is_shared and of_name.count() >= ATTACKED_FROM
    untils = [
        _end_of_wait(
            OF_NAME_UNDER_ATTACK if is_attacked else OF_NAME_AT_ADDRESS, of_name.filter(address_digest=address_digest), now
        )
    ]
    if is_shared:
        untils.append(_end_of_wait(OF_ADDRESS, failures.filter(address_digest=address_digest), now))
    return max(untils)


def _end_of_wait(limit: Limit, failures: QuerySet[FailedLogIn], now: datetime) -> datetime:
    found = failures.filter(at__gt=now - limit.window).aggregate(count=Count("pk"), last=Max("at"))
    wait = limit.wait_after(found["count"])
    return found["last"] + wait if wait else now  # the last may be of somebody who came a moment later, and was noted first


def _require_no_wait(until: datetime, now: datetime, can_reset: bool) -> None:
    if until <= now:
        return
    minutes = -(-(until - now) // timedelta(minutes=1))
    if can_reset:
        words = ngettext(
            "Too many failed logins. Wait %(number)s minute and try again, or reset your password.",
            "Too many failed logins. Wait %(number)s minutes and try again, or reset your password.",
            minutes,
        )
    else:
        words = ngettext(
            "Too many failed logins. Wait %(number)s minute and try again.",
            "Too many failed logins. Wait %(number)s minutes and try again.",
            minutes,
        )
    raise NotAllowed(words % {"number": minutes}, code="locked_out")


def clear_attempt(attempt: FailedLogIn) -> None:
    """The password was right: forget what failed for this name at this address or device.

    What failed there for other names still counts: a log-in of one's own buys no tries at somebody else's.
    """
    FailedLogIn.objects.filter(name_digest=attempt.name_digest, address_digest=attempt.address_digest).delete()


def unlock(*names: str) -> None:
    """Forget the failures of these names, whose owner has just set a new password."""
    FailedLogIn.objects.filter(name_digest__in=[digest(plain(name)) for name in names if name]).delete()


def forget_old(now: datetime | None = None) -> None:
    FailedLogIn.objects.filter(at__lte=(now or timezone.now()) - KEEP).delete()


def plain(name: str) -> str:
    """One spelling for all those by which the same account would be found."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def digest(text: str) -> str:
    """Keyed with SECRET_KEY. People type passwords where the name belongs, so what they typed is not kept."""
    return salted_hmac("annotator.accounts.lockout", text, algorithm="sha256").hexdigest() if text else ""
