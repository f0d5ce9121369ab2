"""`manage.py renumber_votes`: after the database was moved to another server, let programs read its votes."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand

from annotator.feeds.vote_feed import renumber_votes

LINE_SECONDS = 5.0  # between two lines of progress


class Command(BaseCommand):
    help = (
        "Give the votes the transaction numbers of this database server, after the database was copied from another one."
        " `manage.py restore` does it. Until it is done, programs cannot read the feed of votes. Safe to stop and to run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        due = time.monotonic() + LINE_SECONDS

        def report(renumbered: int) -> None:
            nonlocal due
            if time.monotonic() > due:
                self.stdout.write(f"{renumbered:,} votes renumbered")
                due = time.monotonic() + LINE_SECONDS

        renumbered = renumber_votes(on_progress=report)
        self.stdout.write(f"Votes renumbered: {renumbered:,}." if renumbered else "All votes have numbers of this server.")
