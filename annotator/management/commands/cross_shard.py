"""`manage.py cross_shard [LOG…]`: list the statements that would run on all shards, were campaigns spread over servers."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from annotator.lib.cross_shard import crossing_tables, spread_tables, statements_of_files, statements_of_log

SHOWN = 300  # characters of a statement


class Command(BaseCommand):
    help = (
        "List statements that name a campaign's table without its campaign_id: with the tables spread by it (Citus), they would "
        "run on all servers. Without a file, the statements of the .sql files; else those of logs of PostgreSQL, written with "
        "log_statement = all."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("log", nargs="*", type=Path, help="a log of PostgreSQL")

    def handle(self, *args: Any, **options: Any) -> None:
        spread, asked, crossing = spread_tables(), 0, 0
        for name, sql in _statements(options["log"]):
            asked += 1
            if tables := crossing_tables(sql, spread):
                crossing += 1
                self.stdout.write(f"{name}: {', '.join(tables)}")
        self.stdout.write(f"{crossing:,} of {asked:,} statements would run on all shards.")


def _statements(logs: list[Path]) -> Iterator[tuple[str, str]]:
    if not logs:
        yield from statements_of_files(Path(apps.get_app_config("annotator").path))
    for log in logs:
        try:
            with log.open(errors="replace") as lines:
                yield from ((sql if len(sql) <= SHOWN else f"{sql[:SHOWN]} …", sql) for sql in statements_of_log(lines))
        except OSError as problem:
            raise CommandError(f"{log} cannot be read: {problem.strerror}.") from problem
