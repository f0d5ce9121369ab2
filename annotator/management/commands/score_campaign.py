"""`manage.py score_campaign CAMPAIGN`, or `--all`: count all votes anew, and say what the consensus is.

The beat scores what changed, as triggers note it. This command is for votes that came in while the triggers were off, as in
a backup that was restored with `--disable-triggers`.
"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Count

from annotator.choices import ConsensusMethod, Label
from annotator.management.campaign_choice import add_campaign_or_all, chosen_campaigns
from annotator.models import Campaign, Consensus, Question
from annotator.scoring import consensus_writer, settling


class Command(BaseCommand):
    help = (
        "Compute the consensus on every pair of a campaign from all its votes, and print how many pairs have each label."
        " Use --all after restoring a backup."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_campaign_or_all(parser, all_help="score every campaign")

    def handle(self, *args: Any, **options: Any) -> None:
        for campaign in chosen_campaigns(options):
            self.score(campaign)

    def score(self, campaign: Campaign) -> None:
        settling.settle_pairs(campaign=campaign)
        scored = consensus_writer.score_campaign(campaign=campaign)
        self.stdout.write(f"{campaign.slug}: {scored:,} of {campaign.pairs.count():,} pairs have a consensus.")
        for question in campaign.questions.order_by("position"):
            self.stdout.write(f"{question.text} ({question.slug})")
            for method in dict.fromkeys([consensus_writer.METHOD, ConsensusMethod(campaign.consensus_method)]):
                self.print_labels(question, method)

    def print_labels(self, question: Question, method: ConsensusMethod) -> None:
        rows = Consensus.objects.filter(question=question, method=method)
        counts = dict(rows.values_list("label").annotate(Count("pk")).order_by())
        self.stdout.write(f"  {method.label}")
        for label in Label:
            self.stdout.write(f"    {label.value:<9} {counts.get(label.value, 0):>9,}  {label.label}")
