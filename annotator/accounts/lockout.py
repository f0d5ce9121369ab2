"""Log-ins that fail too often: the name is locked for a while, whether or not anybody has it.

Counted in Postgres, which all web processes share and which nobody empties to get another try. Each attempt is noted as
failed before the password is looked at and struck off when it was right, so that many at once do not slip through.

allauth's own limits count in the cache: without it nobody could log in, and emptying it would free every try. django-axes has one
limit for names and addresses alike, keeps both as they were typed, and counts after the password was looked at.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.crypto import salted_hmac

from annotator.errors import NotAllowed
from annotator.models import FailedLogIn

WINDOW = timedelta(minutes=15)
# Failures in WINDOW before more are refused. A stranger who locks a name does so for their own address alone, unless they
# have many; and whoever tries one password on many names is stopped by the last.
OF_NAME_AT_ADDRESS = 5
OF_NAME = 50
OF_ADDRESS = 100


def begin_log_in(*, name: str, address: str = "", now: datetime | None = None) -> FailedLogIn:
    """Note an attempt to log in as `name` from `address` ("" if unknown). It counts as failed unless `clear_attempt` is called.

    Raises NotAllowed where too many failed lately; that attempt does not count, so the lock ends by itself.
    """
    now = now or timezone.now()
    attempt = FailedLogIn.objects.create(name_digest=digest(plain(name)), address_digest=digest(address), at=now)
    lately = FailedLogIn.objects.filter(at__gt=now - WINDOW)
    of_name = lately.filter(name_digest=attempt.name_digest)
    of_name_here = of_name.filter(address_digest=attempt.address_digest)
    is_locked = (
        of_name_here.count() > OF_NAME_AT_ADDRESS
        or of_name.count() > OF_NAME
        or (bool(address) and lately.filter(address_digest=attempt.address_digest).count() > OF_ADDRESS)
    )
    if is_locked:
        attempt.delete()
        raise NotAllowed("Too many failed logins. Wait 15 minutes and try again, or reset your password.", code="locked_out")
    return attempt


def clear_attempt(attempt: FailedLogIn) -> None:
    """The password was right. What failed before still counts: a log-in of one's own buys no tries at somebody else's."""
    attempt.delete()


def unlock(*names: str) -> None:
    """Forget the failures of these names, whose owner has just set a new password."""
    FailedLogIn.objects.filter(name_digest__in=[digest(plain(name)) for name in names if name]).delete()


def forget_old(now: datetime | None = None) -> None:
    FailedLogIn.objects.filter(at__lte=(now or timezone.now()) - WINDOW).delete()


def plain(name: str) -> str:
    """One spelling for all those by which the same account would be found."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def digest(text: str) -> str:
    """Keyed with SECRET_KEY. People type passwords where the name belongs, so what they typed is not kept."""
    return salted_hmac("annotator.accounts.lockout", text, algorithm="sha256").hexdigest() if text else ""
