"""Keys for programs: made once, kept as a hash, looked up on every request of the API and the Hub's protocol."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import Scope
from annotator.errors import DomainError, Invalid, NotAllowed
from annotator.lib import audit
from annotator.lib.raw_sql import fetch_prepared, read_statement
from annotator.models import Token, User
from annotator.models.audit import AuditAction

KEY_PREFIX = "dpt_"  # so that a key found in a file or a log is known for what it is
KEY_PATTERN = re.compile(r"dpt_[A-Za-z0-9_-]{43}")
HINT_LENGTH = 12
PLAIN_TOKEN_SQL = read_statement(__file__, "plain_token")
USE_NOTED_EVERY = timedelta(minutes=1)  # a write per request would cost more than the lookup


@dataclass(frozen=True)
class PlainToken:
    """A row of plain_token.sql."""

    id: int
    user_id: int
    scopes: list[str]


class BadToken(DomainError):
    """A key was given, and it opens nothing: unknown, expired, revoked, or its user may not log in any more."""

    code = "token_unknown"


@transaction.atomic
def create_token(
    *,
    user: User,
    scopes: list[str],
    name: str = "",
    expires_at: datetime | None = None,
    by: User | None = None,
    now: datetime | None = None,
) -> tuple[Token, str]:
    """A new token and its key. The key cannot be had again: only its sha256 is kept.

    Raises Invalid when a scope is unknown, none is given, or the token would be expired from the start.
    """
    errors: dict[str, list[str]] = {}
    if not scopes or not set(scopes) <= set(Scope.values):
        errors["scopes"] = [f"Use one or more of {', '.join(Scope.values)}."]
    if expires_at is not None and expires_at <= (now or timezone.now()):
        errors["expires_at"] = ["Choose a time in the future."]
    if len(name) > 100:
        errors["name"] = ["Use at most 100 characters."]
    if errors:
        raise Invalid(gettext("The token is not valid."), errors=errors)
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    token = Token.objects.create(
        user=user,
        name=name,
        hint=key[:HINT_LENGTH],
        digest=digest_of(key),
        scopes=[scope for scope in Scope.values if scope in scopes],
        expires_at=expires_at,
    )
    changes = {"scopes": (None, token.scopes), "expires_at": (None, expires_at)}
    audit.record(AuditAction.TOKEN_CREATED, by=by, target=f"{token} {name}".strip(), changes=changes)
    return token, key


def tokens_of(user: User) -> QuerySet[Token]:
    """All that were ever made, the usable ones first, then the newest."""
    return user.tokens.order_by(F("revoked_at").desc(nulls_first=True), "-created_at", "-pk")


@transaction.atomic
def revoke_token(*, token: Token, by: User | None, now: datetime | None = None) -> Token:
    """Let the key open nothing from now on. Repeating it changes nothing."""
    locked = Token.objects.select_for_update(no_key=True, of=("self",)).select_related("user").get(pk=token.pk)
    if locked.revoked_at is None:
        locked.revoked_at = now or timezone.now()
        locked.save(update_fields=["revoked_at"])
        audit.record(AuditAction.TOKEN_REVOKED, by=by, target=f"{locked} {locked.name}".strip())
    return locked


def digest_of(key: str) -> str:
    """A key has 256 random bits, so that one round of sha256 is enough: there is nothing to guess."""
    return hashlib.sha256(key.encode()).hexdigest()


def find_token(key: str, now: datetime | None = None) -> Token | None:
    """The usable token of this key with its user, or None."""
    try:
        return check_key(key, now=now)
    except BadToken:
        return None


def check_key(key: str, *, now: datetime | None = None) -> Token:
    """The token of this key with its user, noted as used. Raises BadToken with a code that says why not."""
    now = now or timezone.now()
    token = None
    if KEY_PATTERN.fullmatch(key):
        token = Token.objects.select_related("user").filter(digest=digest_of(key)).first()
    if token is None:
        raise BadToken(gettext("Unknown token."))
    if token.revoked_at is not None:
        raise BadToken(gettext("This token was revoked."), code="token_revoked")
    if token.expires_at is not None and token.expires_at <= now:
        raise BadToken(gettext("This token has expired."), code="token_expired")
    if not token.user.is_active:
        raise BadToken(gettext("The user of this token is deactivated."), code="token_user_inactive")
    note_use(token, now=now)
    return token


def find_plain_token(key: str, now: datetime) -> PlainToken | None:
    """What `check_key` finds, as data, where there is nothing to note and nothing to refuse."""
    if not KEY_PATTERN.fullmatch(key):
        return None
    parameters = {"digest": digest_of(key), "now": now, "stale": now - USE_NOTED_EVERY}
    return next(iter(fetch_prepared(PLAIN_TOKEN_SQL, parameters).as_rows(PlainToken)), None)


@transaction.atomic
def revoke_tokens(*, user: User, by: User | None = None, now: datetime | None = None) -> int:
    """Revoke all tokens of a user. How many there were."""
    revoked = Token.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=now or timezone.now())
    if revoked:
        audit.record(AuditAction.TOKEN_REVOKED, by=by, target=f"all of {user}")
    return revoked


def note_use(token: Token, *, now: datetime) -> None:
    """Remember that the token was used, to the minute."""
    stale = now - USE_NOTED_EVERY
    if token.last_used_at is None or token.last_used_at <= stale:
        unnoted = Q(last_used_at__isnull=True) | Q(last_used_at__lte=stale)
        Token.objects.filter(unnoted, pk=token.pk).update(last_used_at=now)
        token.last_used_at = now


def token_of(authorization: str, *, now: datetime | None = None) -> Token | None:
    """The token in the value of an Authorization header; None where there is none (no header, or another scheme).

    Raises BadToken when there is one that opens nothing.
    """
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    return check_key(key.strip(), now=now)


def require_scope(token: Token, allowed: Iterable[str]) -> None:
    """Raises NotAllowed unless the token has one of these scopes."""
    allowed = list(allowed)
    if not set(allowed) & set(token.scopes):
        raise NotAllowed(
            gettext("This needs a token with the scope %(allowed)s.") % {"allowed": " or ".join(allowed)}, code="scope_missing"
        )
