"""`manage.py score_campaign CAMPAIGN`: bring the consensus up to date now, and say what it is."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count

from annotator.choices import ConsensusMethod, Label
from annotator.models import Campaign, Consensus, Question
from annotator.scoring import consensus_writer, settling


class Command(BaseCommand):
    help = "Compute the consensus on every pair of a campaign from its votes, and print how many pairs have each label."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="slug of the campaign")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = Campaign.objects.filter(slug=options["campaign"]).first()
        if campaign is None:
            raise CommandError(f"There is no campaign {options['campaign']!r}.")
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
