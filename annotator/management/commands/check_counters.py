"""`manage.py check_counters CAMPAIGN`, or `--all`: compare the counters with what they count, and repair them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from annotator.management.campaign_choice import add_campaign_or_all, chosen_campaigns
from annotator.scoring import counters


class Command(BaseCommand):
    help = "Compare the counters of pairs and members with their seats and answers, and repair those that differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_campaign_or_all(parser, all_help="check every campaign")

    def handle(self, *args: Any, **options: Any) -> None:
        for campaign in chosen_campaigns(options):
            repaired = counters.check_counters(campaign=campaign)
            self.stdout.write(f"{campaign.slug}: {f'{repaired:,} counters repaired.' if repaired else 'all counters are right.'}")
