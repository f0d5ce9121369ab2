"""`manage.py seed_demo [--url URL] [--pairs N]`: run a whole campaign on generated images against a site that is running."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from annotator.demo.running import run_demo
from annotator.demo.steps import PAIRS, DemoFailed

PAIRS_LIMITS = (4, 1000)


class Command(BaseCommand):
    help = "Draw images, import them, have them judged over HTTP, score, release, and sum up. Continues what was begun."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default=f"http://127.0.0.1:{settings.PORT}/", help="where the site is running")
        parser.add_argument("--pairs", type=int, default=PAIRS, help=f"how many pairs, at the first run; {PAIRS} if left out")
        parser.add_argument("--check", action="store_true", help="check every step's result; exits with 1 when one is wrong")

    def handle(self, *args: Any, **options: Any) -> None:
        pairs = checked_pairs(options["pairs"])
        console = Console(highlight=False)
        try:
            is_right = run_demo(url=options["url"].rstrip("/") + "/", pairs=pairs, console=console, check=options["check"])
        except DemoFailed as failure:
            raise CommandError(str(failure)) from failure
        if not is_right:
            raise CommandError("The demo does not do what it must.")


def checked_pairs(pairs: int) -> int:
    """The number, if the demo can be run with so many. Raises CommandError."""
    low, high = PAIRS_LIMITS
    if not low <= pairs <= high:
        raise CommandError(f"--pairs {pairs}: use a number from {low} to {high}.")
    return pairs
