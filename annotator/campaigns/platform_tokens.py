"""Signed parameters of crowd platforms: a JWT that says who was sent, instead of names in the address that anybody can write.

Prolific's "secured URLs" are one kind: RS256, with its public keys at PROLIFIC_KEYS, the parameters of the study's URL in the
claim `prolific`, and this site as the audience. Any other platform, or a script of the manager's own, may sign with a secret that
both know (HS256) or with a key of its own (RS256, ES256).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx
import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.cache import cache
from django.utils.translation import gettext

from annotator.errors import Conflict, Invalid, NotAllowed
from annotator.lib.encryption import decrypt
from annotator.lib.safe_http import STEP_SECONDS, AddressRefused, CheckedNetwork, is_public, resolve, trusted

PURPOSE = "keys of crowd platforms"
PROLIFIC_KEYS = "https://api.prolific.com/.well-known/study/jwks.json"
ALGORITHMS = ("RS256", "ES256")
PARAMETERS = ("prolific_token", "token", "jwt")  # of the address, the first that is there
SECRET_LENGTH = 32  # characters; HS256 is as strong as its secret
RSA_BITS = 2048
LEEWAY = 60  # seconds between clocks
KEYS_KEPT = 24 * 3600  # seconds; Prolific asks for a look at least once a day
KEYS_AGAIN = 300  # seconds before they are looked up again for a key that is not among them
KEYS_SECONDS = 10.0
KEYS_MAX_BYTES = 100_000

NO_ANSWER = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)

Keys = Callable[[str, str | None], dict[str, Any]]


@dataclass(frozen=True)
class PlatformIds:
    """Whom the platform sent, by its own names."""

    participant: str
    study: str
    session: str


def check_key(text: str) -> None:
    """Raises Invalid unless this is a secret, a public key or where public keys are to be had."""
    if text.startswith("https://"):
        if not urlsplit(text).hostname or urlsplit(text).username:
            raise Invalid(gettext("Write the address of the keys like https://example.org/jwks.json."))
    elif text.startswith("{"):
        _key_set(text)
    elif "-----BEGIN" in text:
        _public_key(text)
    elif len(text) < SECRET_LENGTH:
        raise Invalid(
            gettext(
                "Use a secret of at least %(secret_length)s characters, a public key in PEM, a JWK Set or its https:// address."
            )
            % {"secret_length": SECRET_LENGTH}
        )


def read_token(token: str, *, encrypted_key: str, host: str, customer: str, fetch: Keys | None = None) -> PlatformIds:
    """Whom the token names. `customer` is the study or workspace that it must be of, or "".

    Raises NotAllowed where the token is not valid here, Conflict where the platform's keys cannot be had.
    """
    text = decrypt(encrypted_key, purpose=PURPOSE)
    try:
        key, algorithms = _key_for(token, text, fetch or fetch_keys)
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=algorithms, leeway=LEEWAY, options={"require": ["exp"], "verify_aud": False}
        )
    except jwt.ExpiredSignatureError as error:
        raise NotAllowed(
            gettext("This link has expired. Start again from the study page."), code="platform_token_expired"
        ) from error
    except jwt.PyJWTError as error:
        raise NotAllowed(
            gettext("The signature of this link is not valid. Start again from the study page."), code="platform_token_invalid"
        ) from error
    given = claims | claims["prolific"] if isinstance(claims.get("prolific"), dict) else claims
    if not _is_for(claims.get("aud"), host, is_needed=text.startswith("https://")):
        raise NotAllowed(gettext("This link was made for another site."), code="platform_token_audience")
    if customer and customer not in (given.get("STUDY_ID"), given.get("workspace_id")):
        raise NotAllowed(gettext("This link belongs to another study."), code="platform_token_study")
    names = ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")
    participant, study, session = (value if isinstance(value := given.get(name, ""), str) else "" for name in names)
    return PlatformIds(participant or str(claims.get("sub", "")), study, session)


def _key_for(token: str, text: str, fetch: Keys) -> tuple[Any, list[str]]:
    if text.startswith(("https://", "{")):
        key_id = jwt.get_unverified_header(token).get("kid")
        keys = _key_set(text) if text.startswith("{") else fetch(text, key_id)
        usable = [key for key in jwt.PyJWKSet.from_dict(keys).keys if key.algorithm_name in ALGORITHMS and key.key_id == key_id]
        if not usable:
            raise jwt.InvalidKeyError("no such key")
        return usable[0].key, [str(usable[0].algorithm_name)]
    if "-----BEGIN" in text:
        public = _public_key(text)
        return public, ["RS256" if isinstance(public, RSAPublicKey) else "ES256"]
    return text, ["HS256"]


def _public_key(text: str) -> RSAPublicKey | EllipticCurvePublicKey:
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Invalid(gettext("This is no public key in PEM. It starts with -----BEGIN PUBLIC KEY-----.")) from error
    if isinstance(key, RSAPublicKey) and key.key_size >= RSA_BITS:
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise Invalid(gettext("Use an RSA key of %(rsa_bits)s bits or more, or an EC key on P-256.") % {"rsa_bits": RSA_BITS})


def _key_set(text: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(text)
        jwt.PyJWKSet.from_dict(found)
    except (ValueError, TypeError, AttributeError, jwt.PyJWTError) as error:
        raise Invalid(gettext('This is no JWK Set. It looks like {"keys": […]}.')) from error
    return found


def _is_for(audience: object, host: str, *, is_needed: bool) -> bool:
    """The keys behind an address sign for all customers of the platform, so that a token must name this site."""
    if audience is None:
        return not is_needed
    named = audience if isinstance(audience, list) else [audience]
    return any(isinstance(name, str) and host in (name, urlsplit(name).netloc) for name in named)


def fetch_keys(url: str, key_id: str | None) -> dict[str, Any]:
    """The JWK Set at a public address, kept for a day, or until a key is wanted that is not among them. Raises Conflict."""
    kept_as = f"diptych:platform-keys:{hashlib.sha256(url.encode()).hexdigest()}"
    kept: dict[str, Any] | None = cache.get(kept_as)
    if kept is not None:
        is_there = any(key.get("kid") == key_id for key in kept["keys"])
        if is_there or not cache.add(f"{kept_as}:again", True, KEYS_AGAIN):
            return kept
    target = httpx.URL(url)
    network = CheckedNetwork(resolver=resolve, is_allowed=is_public, deadline=time.monotonic() + KEYS_SECONDS)
    address = httpcore.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path)
    timeout = {"connect": STEP_SECONDS, "read": STEP_SECONDS, "write": STEP_SECONDS, "pool": STEP_SECONDS}
    headers = [(b"Host", target.netloc), (b"User-Agent", b"Diptych"), (b"Accept", b"application/json")]
    body = b""
    try:
        with (
            httpcore.ConnectionPool(ssl_context=trusted(), network_backend=network, retries=0) as pool,
            pool.stream("GET", address, headers=headers, extensions={"timeout": timeout}) as response,
        ):
            for part in response.iter_stream():
                body += part
                if len(body) > KEYS_MAX_BYTES:
                    break
        keys = _key_set(body.decode())
    except (*NO_ANSWER, AddressRefused, Invalid, UnicodeError, OSError) as error:
        raise Conflict(
            gettext("The keys of the platform cannot be fetched. Try again in a minute."), code="platform_keys_away"
        ) from error
    cache.set(kept_as, keys, KEYS_KEPT)
    return keys
