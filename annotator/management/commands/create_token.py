"""`manage.py create_token USER --scope SCOPE…`: a key for the REST API, printed once."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from annotator.accounts import api_tokens
from annotator.choices import Scope
from annotator.errors import Invalid
from annotator.models import User

DAYS_LIMIT = 3650


class Command(BaseCommand):
    help = "Create a token for the REST API. Only the token is printed to standard output, once. It cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER", help="user that the token acts as")
        parser.add_argument(
            "--scope",
            nargs="+",
            action="extend",
            required=True,
            choices=Scope.values,
            metavar="SCOPE",
            help=f"what the token may do: one or more of {', '.join(Scope.values)}. The user's roles limit it further",
        )
        parser.add_argument("--name", default="", help="name to recognise the token, such as the script that uses it")
        parser.add_argument("--days", type=int, help="days until the token expires. Default: no expiry")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(
                f"There is no user {options['user']!r}. Create one in the admin, with `manage.py createsuperuser`, "
                "or with `manage.py add_member CAMPAIGN USER --role ROLE --create-user`."
            )
        if not user.is_active:
            raise CommandError(f"The user {user.username!r} is not active, so a token would not work.")
        days = options["days"]
        if days is not None and not 1 <= days <= DAYS_LIMIT:
            raise CommandError(f"--days {days}: use a whole number from 1 to {DAYS_LIMIT}.")
        expires_at = timezone.now() + timedelta(days=days) if days else None
        try:
            _, key = api_tokens.create_token(user=user, scopes=options["scope"], name=options["name"], expires_at=expires_at)
        except Invalid as error:
            raise CommandError(" ".join([error.detail, *(text for texts in error.errors.values() for text in texts)])) from error
        self.stdout.write(key)
