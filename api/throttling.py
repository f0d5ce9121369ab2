"""Rate limits: requests per minute from one address, and from one token or user.

A counter per minute in the shared cache, so a request costs no query. Without the cache there is no limit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from annotator.lib.client_address import address_of
from annotator.models import Token

if TYPE_CHECKING:
    from rest_framework.views import APIView

MINUTE = 60  # seconds


class PerMinute(BaseThrottle):
    """Refuses further requests of a `caller` that reached the limit, until the next minute."""

    def caller(self, request: Request) -> str:
        """Whose requests are counted together; "" for no limit."""
        raise NotImplementedError

    def rate(self) -> int:
        raise NotImplementedError

    def allow_request(self, request: Request, view: APIView) -> bool:
        rate, caller = self.rate(), self.caller(request)
        return not rate or not caller or count(caller) <= rate

    def wait(self) -> float:
        """Seconds until the next minute."""
        return math.ceil(MINUTE - time.time() % MINUTE)


class PerAddress(PerMinute):
    """Checked before everything else. There is no limit when proxies hide the address."""

    def caller(self, request: Request) -> str:
        address = address_of(request)
        return f"address:{address}" if address else ""

    def rate(self) -> int:
        return settings.API_RATE_ADDRESS


class PerToken(PerMinute):
    """Per token, or per user for a browser session."""

    def caller(self, request: Request) -> str:
        if isinstance(request.auth, Token):
            return f"token:{request.auth.pk}"
        return f"user:{request.user.pk}" if request.user.is_authenticated else ""

    def rate(self) -> int:
        return settings.API_RATE_TOKEN


def count(caller: str) -> int:
    """Requests of the caller in this minute, this one included; 0 if unknown."""
    key = _key_of(caller)
    try:
        return cache.incr(key) or 0
    except ValueError:  # the first of the minute, or two at once
        cache.add(key, 0, timeout=2 * MINUTE)
    try:
        return cache.incr(key) or 0
    except ValueError:
        return 0


def uncount(callers: Iterable[str]) -> None:
    """Take back what was counted for a request that is counted elsewhere. Between two minutes, it may stay counted twice."""
    for caller in callers:
        with suppress(ValueError):  # the first of a minute
            cache.decr(_key_of(caller))


def _key_of(caller: str) -> str:
    return f"asked:{caller}:{int(time.time() // MINUTE)}"
