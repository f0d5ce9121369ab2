"""`manage.py memory`: how much memory the site on this machine takes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from annotator.local.memory import memory_of_site


class Command(BaseCommand):
    help = "Print the memory of all processes that `serve` has started on DATA_DIR. Memory that they share is counted once."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        held = memory_of_site(settings.DATA_DIR)
        if "serve" not in {one.kind for one in held}:
            raise CommandError(f"No site is served from {settings.DATA_DIR}. Start it: manage.py serve")
        table = Table("process", box=None)
        table.add_column("number", justify="right")
        table.add_column("MB", justify="right")
        for kind, processes, megabytes in [
            *held,
            ("all", sum(one.processes for one in held), sum(one.megabytes for one in held)),
        ]:
            table.add_row(kind, str(processes), f"{megabytes:.0f}")
        Console(highlight=False).print(table)
