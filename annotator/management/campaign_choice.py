"""The campaign that a command is for: named by its slug, or all of them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from annotator.models import Campaign


def add_campaign_or_all(parser: ArgumentParser, *, all_help: str) -> None:
    """CAMPAIGN or --all, and not both."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("campaign", nargs="?", metavar="CAMPAIGN", help="slug of the campaign")
    what.add_argument("--all", action="store_true", help=all_help)


def chosen_campaigns(options: dict[str, Any]) -> list[Campaign]:
    """Those that the options of `add_campaign_or_all` name. Raises CommandError for an unknown one."""
    return list(Campaign.objects.order_by("pk")) if options["all"] else [campaign_named(options["campaign"])]


def campaign_named(slug: str) -> Campaign:
    """Raises CommandError where there is none."""
    try:
        return Campaign.objects.get(slug=slug)
    except Campaign.DoesNotExist as error:
        raise CommandError(f"There is no campaign {slug!r}.") from error
