"""How a session finds its user."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend

from annotator.lib.raw_sql import Columns, fetch_prepared
from annotator.models import User

_USER = Columns(User, "somebody")
_USER_SQL = f"SELECT {_USER.sql} FROM annotator_user somebody WHERE somebody.id = %(user)s::bigint"  # noqa: S608


class PasswordBackend(AuthenticationBackend):
    """allauth's, with the user of a session read by a prepared statement: it is read for every request."""

    def get_user(self, user_id: int) -> User | None:
        users = [_USER.instance(row) for row in fetch_prepared(_USER_SQL, {"user": user_id})]
        return next((user for user in users if self.user_can_authenticate(user)), None)
