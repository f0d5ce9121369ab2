"""`manage.py seed_demo [--url URL] [--pairs N]`: run a whole campaign on generated images against a site that is running."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from annotator.demo.running import run_demo
from annotator.demo.steps import PAIRS
from annotator.demo.support import DemoFailed

PAIRS_LIMITS = (4, 1000)


class Command(BaseCommand):
    help = "Run the demo on a running site: draw and import images, vote over HTTP, score, release. Continues an earlier run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default=f"http://127.0.0.1:{settings.PORT}/", help="address of the site")
        parser.add_argument("--pairs", type=int, default=PAIRS, help=f"number of pairs in the first run (default {PAIRS})")
        parser.add_argument("--check", action="store_true", help="check the result of every step; exit status 1 if a check fails")

    def handle(self, *args: Any, **options: Any) -> None:
        pairs = checked_pairs(options["pairs"])
        console = Console(highlight=False)
        try:
            is_right = run_demo(url=options["url"].rstrip("/") + "/", pairs=pairs, console=console, check=options["check"])
        except DemoFailed as failure:
            raise CommandError(str(failure)) from failure
        if not is_right:
            raise CommandError("Some checks of the demo failed.")


def checked_pairs(pairs: int) -> int:
    """The number, if the demo can be run with so many. Raises CommandError."""
    low, high = PAIRS_LIMITS
    if not low <= pairs <= high:
        raise CommandError(f"--pairs {pairs}: use a number from {low} to {high}.")
    return pairs
