"""How a session finds its user."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.account.auth_backends import AuthenticationBackend

from annotator.lib.raw_sql import fetch_prepared, statement
from annotator.models import User

_COLUMNS = ", ".join(f'somebody.{field.column} AS "user.{field.column}"' for field in User._meta.concrete_fields)
_USER_SQL = statement(f"SELECT {_COLUMNS} FROM annotator_user somebody WHERE somebody.id = %(user)s::bigint")  # noqa: S608


@dataclass(frozen=True)
class Found:
    user: User


class PasswordBackend(AuthenticationBackend):
    """allauth's, with the user of a session read by a prepared statement: it is read for every request."""

    def get_user(self, user_id: int) -> User | None:
        users = [row.user for row in fetch_prepared(_USER_SQL, {"user": user_id}).as_rows(Found)]
        return next((user for user in users if self.user_can_authenticate(user)), None)
