"""`manage.py check_counters CAMPAIGN`, or `--all`: compare the counters with what they count, and repair them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotator.models import Campaign
from annotator.scoring import counters


class Command(BaseCommand):
    help = "Compare the counters of pairs and members with their seats and answers, and repair those that differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("campaign", nargs="?", metavar="CAMPAIGN", help="slug of the campaign")
        what.add_argument("--all", action="store_true", help="check every campaign")

    def handle(self, *args: Any, **options: Any) -> None:
        campaigns = Campaign.objects.order_by("pk")
        if not options["all"]:
            campaigns = campaigns.filter(slug=options["campaign"])
            if not campaigns:
                raise CommandError(f"There is no campaign {options['campaign']!r}.")
        for campaign in campaigns:
            repaired = counters.check_counters(campaign=campaign)
            self.stdout.write(f"{campaign.slug}: {f'{repaired:,} counters repaired.' if repaired else 'all counters are right.'}")
