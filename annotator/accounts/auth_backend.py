"""How a session finds its user, and a log-in the account whose password is checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.userkit import filter_users_by_email, get_user_by_username
from django.http import HttpRequest

from annotator.lib.raw_sql import fetch_prepared, statement
from annotator.models import User

_COLUMNS = ", ".join(f'somebody.{field.column} AS "user.{field.column}"' for field in User._meta.concrete_fields)
_USER_SQL = statement(f"SELECT {_COLUMNS} FROM annotator_user somebody WHERE somebody.id = %(user)s::bigint")  # noqa: S608


@dataclass(frozen=True)
class Found:
    user: User


def _by_address(name: str) -> User | None:
    """The oldest account of an e-mail address, or of those that confirmed it; others with this address log in by user name."""
    users = filter_users_by_email(name, prefer_verified=True, for_login=True) if "@" in name else []
    return min(users, key=lambda user: user.pk, default=None)


def _by_name(name: str) -> User | None:
    user: User | None = get_user_by_username(name)
    return user


class PasswordBackend(AuthenticationBackend):
    """allauth's, with the user of a session read by a prepared statement: it is read for every request."""

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        """Check the password against one account, whatever was typed: the time must not tell which names have accounts.

        allauth checks it for each account that a name could mean, and for an address that has one twice.
        """
        names = {name: None for name in (credentials.get("email"), credentials.get("username")) if name}
        found = [find(name) for find in (_by_address, _by_name) for name in names]  # all of them, whichever is there
        return self._check_password(next(filter(None, found), None), credentials["password"])

    def get_user(self, user_id: int) -> User | None:
        users = [row.user for row in fetch_prepared(_USER_SQL, {"user": user_id}).as_rows(Found)]
        return next((user for user in users if self.user_can_authenticate(user)), None)
