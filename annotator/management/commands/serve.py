"""`manage.py serve`, for those who list or call commands. manage.py itself starts it without Django: annotator.local.serve."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from annotator.local.serve import Serve, add_arguments


class Command(BaseCommand):
    help = "Run the web server on PORT, a worker and the beat of the Procfile, until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(Serve(demo=options["demo"], pairs=options["pairs"], check=options["check"], verbose=options["verbose"]).run())
