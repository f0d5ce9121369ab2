"""`manage.py add_member CAMPAIGN USER --role ROLE [--kind KIND]`: let somebody into a campaign, or change their role."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from annotator.campaigns import members
from annotator.choices import MemberKind, Role
from annotator.errors import DomainError
from annotator.models import Campaign, User


class Command(BaseCommand):
    help = "Make a user a member of a campaign, or change the role of one who is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="slug of the campaign")
        parser.add_argument("user", metavar="USER", help="user name")
        parser.add_argument("--role", choices=Role.values, required=True)
        parser.add_argument(
            "--kind",
            choices=MemberKind.values,
            help="machine: a model that judges; its votes never enter the consensus of people. New members are human if not said",
        )
        parser.add_argument(
            "--create-user",
            action="store_true",
            help="make the user if there is none. It has no password, so it can act through a token but not log in",
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        campaign = Campaign.objects.filter(slug=options["campaign"]).first()
        if campaign is None:
            raise CommandError(
                f"There is no campaign {options['campaign']!r}. Make one in the admin, over the REST API, "
                "or with `manage.py import_pairs CAMPAIGN FILE --create`."
            )
        user = User.objects.filter(username=options["user"]).first()
        if user is None and not options["create_user"]:
            raise CommandError(
                f"There is no user {options['user']!r}. Add one in the admin or with `manage.py createsuperuser`; "
                "for a program that only needs a token, add --create-user."
            )
        try:
            member, is_new = members.add_member(
                campaign=campaign,
                user=user or create_user(options["user"]),
                role=options["role"],
                kind=options["kind"],
            )
        except DomainError as refusal:
            raise CommandError(refusal.detail) from refusal
        words = "is now" if is_new else "was a member already and is"
        machine = " (machine)" if member.kind == MemberKind.MACHINE else ""
        self.stdout.write(f"{member.user.username}{machine} {words} {member.role} of {campaign.slug}.")


def create_user(username: str) -> User:
    """A user who cannot log in with a password."""
    user = User(username=username)
    user.set_unusable_password()
    try:
        user.full_clean()
    except ValidationError as error:
        raise CommandError(f"{username!r} cannot be a user name: {' '.join(error.messages)}") from error
    user.save()
    return user
