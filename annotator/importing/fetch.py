"""Images from URLs that somebody else wrote: https only, public addresses only, bounded in size, time and redirects.

Every connection, the first and that of each redirect, goes through `CheckedNetwork`: it resolves the name, checks every
address it got, and connects to one of those very addresses. A name that resolves differently a moment later gains nothing.
"""

from __future__ import annotations

import ssl
import time

import httpcore
import httpx
from django.utils.translation import gettext

from annotator.errors import Invalid
from annotator.importing.images import MAX_BYTES
from annotator.lib.safe_http import (
    MAX_PORT,
    SECONDS,
    STEP_SECONDS,
    AddressCheck,
    AddressRefused,
    CheckedNetwork,
    Resolver,
    is_public,
    resolve,
    trusted,
)

MAX_REDIRECTS = 3
REDIRECTS = {301, 302, 303, 307, 308}
HEADERS = [(b"User-Agent", b"Diptych"), (b"Accept", b"image/*"), (b"Accept-Encoding", b"identity")]


def fetch_image(
    url: str,
    *,
    resolver: Resolver = resolve,
    is_allowed: AddressCheck = is_public,
    tls: ssl.SSLContext | None = None,
    seconds: float = SECONDS,
    max_bytes: int = MAX_BYTES,
) -> bytes:
    """The bytes behind a URL. Raises Invalid with the reason, which says where but never what was found there."""
    network = CheckedNetwork(resolver=resolver, is_allowed=is_allowed, deadline=time.monotonic() + seconds)
    try:
        target = _checked(httpx.URL(url))
        with httpcore.ConnectionPool(ssl_context=tls or trusted(), network_backend=network, retries=0) as pool:
            for _ in range(MAX_REDIRECTS + 1):
                answer = _get(pool, target, max_bytes)
                if isinstance(answer, bytes):
                    return answer
                target = _checked(target.join(answer))
        raise Invalid(gettext("The URL redirects more than %(max_redirects)s times.") % {"max_redirects": MAX_REDIRECTS})
    except AddressRefused as error:
        raise Invalid(gettext("The URL leads to an address that is not public.")) from error
    except httpcore.TimeoutException as error:
        raise Invalid(
            gettext("The image was not received from the URL within %(seconds)s seconds.") % {"seconds": f"{seconds:g}"}
        ) from error
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise Invalid(gettext("The URL is not valid.")) from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as error:
        raise Invalid(gettext("The URL could not be fetched: no connection, or it broke.")) from error


def _checked(url: httpx.URL) -> httpx.URL:
    if url.scheme != "https":
        raise Invalid(gettext("Image URLs must use https, not %(value)s.") % {"value": url.scheme or "this"})
    if not url.host:
        raise Invalid(gettext("The URL has no host."))
    if not 0 < (url.port or 443) <= MAX_PORT:
        raise Invalid(gettext("The URL is not valid."))
    if url.userinfo:
        raise Invalid(gettext("The URL contains a user name or password. Remove it, because URLs are stored with the import."))
    return url


def _get(pool: httpcore.ConnectionPool, url: httpx.URL, max_bytes: int) -> bytes | str:
    """The body, or where a redirect leads."""
    request_url = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    timeout = {"connect": STEP_SECONDS, "read": STEP_SECONDS, "write": STEP_SECONDS, "pool": STEP_SECONDS}
    headers = [(b"Host", url.netloc), *HEADERS]
    with pool.stream("GET", request_url, headers=headers, extensions={"timeout": timeout}) as response:
        if response.status in REDIRECTS:
            for name, value in response.headers:
                if name.lower() == b"location":
                    return value.decode("ascii", "strict")
        if response.status != 200:
            raise Invalid(gettext("The URL returned status %(status)s.") % {"status": response.status})
        parts, size = [], 0
        for part in response.iter_stream():
            size += len(part)
            if size > max_bytes:
                raise Invalid(gettext("The image at the URL is larger than %(value)s MB.") % {"value": f"{max_bytes / 2**20:g}"})
            parts.append(part)
        return b"".join(parts)
