"""The address of the client, behind the proxies that the settings name."""

from __future__ import annotations

import logging
from ipaddress import IPv6Address, ip_address
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.checks import CheckMessage, Tags, Warning, register
from django.http import HttpRequest

from annotator.lib.special_addresses import is_special

logger = logging.getLogger(__name__)


def address_of(request: HttpRequest) -> str:
    """The client's address; "" if proxies hide it and their number is not configured.

    Such a proxy is on this machine or in a private network. Somebody on the internet who connects directly and claims to pass on
    others counts as one, or the header would free every stranger from all limits by address.
    """
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    if not settings.TRUSTED_PROXIES:
        peer = request.META.get("REMOTE_ADDR", "")
        return "" if forwarded and not _is_public(peer) else peer
    return forwarded[-settings.TRUSTED_PROXIES] if len(forwarded) >= settings.TRUSTED_PROXIES else ""


def _is_public(address: str) -> bool:
    try:
        return not is_special(ip_address(address.partition("%")[0]))
    except ValueError:
        return False


def network_of(address: str) -> str:
    """What one client has: its IPv4 address, or the /64 of its IPv6 one, in which it may take any address it likes."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))


# --- proxies that the settings do not name

HIDDEN_KEY = "diptych:hidden-addresses"
HIDDEN_SECONDS = 24 * 3600
HIDDEN_WORDS = (
    "Requests come through a proxy (they have X-Forwarded headers), but TRUSTED_PROXIES is 0. The addresses of clients are"
    " therefore unknown, and limits on log-ins, joining and requests count all of them as one. Set TRUSTED_PROXIES to the number"
    " of proxies."
)
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO")


class HiddenAddresses:
    """Notices such requests: once in the log of each process, and for a day in the cache, for the pages of staff."""

    def __init__(self) -> None:
        self.is_noted = False

    def look(self, request: HttpRequest) -> None:
        if self.is_noted or settings.TRUSTED_PROXIES or not any(header in request.META for header in FORWARDED):
            return
        self.is_noted = True
        logger.warning(HIDDEN_WORDS)
        cache.set(HIDDEN_KEY, True, HIDDEN_SECONDS)

    def warning(self) -> str:
        """Empty where no such request came, or TRUSTED_PROXIES was set meanwhile."""
        return HIDDEN_WORDS if not settings.TRUSTED_PROXIES and (self.is_noted or cache.get(HIDDEN_KEY)) else ""


hidden_addresses = HiddenAddresses()


@register(Tags.security)
def check_proxies(**_: Any) -> list[CheckMessage]:
    """Diptych itself speaks no HTTPS, so that a site with HTTPS has a proxy in front."""
    if settings.SECURE_PROXY_SSL_HEADER is None or settings.TRUSTED_PROXIES:
        return []
    return [
        Warning(
            "HTTPS is on, so a proxy is in front, but TRUSTED_PROXIES is 0: the addresses of clients are unknown, and limits on"
            " log-ins, joining and requests count all of them as one.",
            hint="Set TRUSTED_PROXIES to the number of proxies that add to X-Forwarded-For.",
            id="annotator.W001",
        )
    ]
