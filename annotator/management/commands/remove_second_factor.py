"""`manage.py remove_second_factor USER`: for people who lost their phone, their keys and their recovery codes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError

from annotator.models import User


class Command(BaseCommand):
    help = "Remove the authenticator app, passkeys and recovery codes of a user. The password stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="user name")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']!r}.")
        _, removed = Authenticator.objects.filter(user=user).delete()
        self.stdout.write(f"Removed from {user.username}: {sum(removed.values())}. They log in with their password alone.")
