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
    help = "Add a user to a campaign, or change the role of a member."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="slug of the campaign")
        parser.add_argument("user", metavar="USER", help="user name")
        parser.add_argument("--role", choices=Role.values, required=True)
        parser.add_argument(
            "--kind",
            choices=MemberKind.values,
            help="machine: a model that votes; its votes never count in the consensus of people. Default for new members: human",
        )
        parser.add_argument(
            "--create-user",
            action="store_true",
            help="create the user if it does not exist. It has no password: it can use a token but cannot log in",
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        campaign = Campaign.objects.filter(slug=options["campaign"]).first()
        if campaign is None:
            raise CommandError(
                f"There is no campaign {options['campaign']!r}. Create one in the admin, over the REST API, "
                "or with `manage.py import_pairs CAMPAIGN FILE --create`."
            )
        user = User.objects.filter(username=options["user"]).first()
        if user is None and not options["create_user"]:
            raise CommandError(
                f"There is no user {options['user']!r}. Create one in the admin or with `manage.py createsuperuser`; "
                "for a program that only needs a token, add --create-user."
            )
        try:
            member, is_new = members.add_member(
                campaign=campaign,
                user=user or create_user(options["user"]),
                role=options["role"],
                kind=options["kind"],
            )
        except DomainError as error:
            raise CommandError(error.detail) from error
        verb = "was added as" if is_new else "was already a member and is now"
        machine = " (machine)" if member.kind == MemberKind.MACHINE else ""
        self.stdout.write(f"{member.user.username}{machine} {verb} {member.role} of {campaign.slug}.")


def create_user(username: str) -> User:
    """A user who cannot log in with a password."""
    user = User(username=username)
    user.set_unusable_password()
    try:
        user.full_clean()
    except ValidationError as error:
        raise CommandError(f"{username!r} is not a valid user name: {' '.join(error.messages)}") from error
    user.save()
    return user
