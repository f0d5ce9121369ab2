"""`manage.py import_pairs CAMPAIGN FILE`: pairs from a JSONL, CSV, parquet or ZIP file, with bars to watch."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from annotator import tasks
from annotator.campaigns import lifecycle
from annotator.choices import ImportState
from annotator.errors import DomainError, Invalid
from annotator.importing.file_formats import open_import_file
from annotator.importing.ingest_batch import ingest_batch
from annotator.importing.lifecycle import check_column_map, create_import, fail_import, pending_batches
from annotator.importing.parse_line import COLUMNS
from annotator.importing.stage_upload import stage_file
from annotator.local.import_worker import begin
from annotator.local.worker_ping import worker_answers
from annotator.models import Campaign, Import

SHOWN_ERRORS = 20
LOOK_SECONDS = 0.2
QUIET_SECONDS = 3.0  # without a finished batch; then workers are asked whether they are there
STUCK_SECONDS = 60.0  # without a finished batch although a worker answers; then the command works too

EXIT_SOME_FAILED, EXIT_UNREADABLE, EXIT_STOPPED = 1, 2, 130


class Command(BaseCommand):
    help = (
        "Import pairs into a campaign from a JSONL, CSV or Parquet file, or from a ZIP with one of these and its images. Image "
        "paths are relative to the file. Importing the same file again adds nothing. Exit status: 1 if some lines were "
        "rejected, 2 if the file cannot be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="slug of the campaign")
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--create", action="store_true", help="create the campaign as a draft if it does not exist")
        parser.add_argument("--here", action="store_true", help="import the images in this process even if a worker is running")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="OURS=THEIRS",
            help="use the column THEIRS as OURS, for example image_a=image_quality_dev. Can be repeated. "
            f"OURS is one of: {', '.join(COLUMNS)}",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            column_map = read_map(options["map"])
            with open_import_file(path, name=path.name, column_map=column_map, root=path.parent):
                pass  # a file that is none makes no campaign
            campaign, is_new = find_campaign(options["campaign"], create=options["create"])
            import_ = create_import(campaign=campaign, file_name=path.name, by=None, column_map=column_map)
            with Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[counts]}"),
                TimeElapsedColumn(),
                console=Console(stderr=True),
            ) as progress:
                stage(import_, path, progress)
                bar = progress.add_task("Importing images", total=import_.lines_total, counts="")
                refresh(import_, progress, bar)
                if options["here"]:
                    work_here(import_, progress, bar)
                else:
                    for batch_id in pending_batches(import_id=import_.pk):
                        tasks.enqueue(tasks.ingest_batch, batch_id)
                    see_through(import_, progress, bar)
        except DomainError as error:
            raise CommandError(printable(f"{path}: {words_of(error)}"), returncode=EXIT_UNREADABLE) from error
        except KeyboardInterrupt as stop:
            raise CommandError(
                "Stopped. The next worker imports the rest, or run the same command again.", returncode=EXIT_STOPPED
            ) from stop
        if import_.state == ImportState.CANCELLED:
            raise CommandError(
                f"The import was cancelled. {import_.pairs_added:,} pairs had been added and stay.", returncode=EXIT_STOPPED
            )
        self.report(import_, campaign, is_new=is_new)
        if import_.lines_failed:
            sys.exit(EXIT_SOME_FAILED)

    def report(self, import_: Import, campaign: Campaign, *, is_new: bool) -> None:
        for error in import_.line_errors.order_by("number")[:SHOWN_ERRORS]:
            where = f"line {error.number}" + (f", {error.field}" if error.field else "")
            self.stdout.write(self.style.WARNING(printable(f"{where}: {error.message}")))
        if import_.lines_failed > SHOWN_ERRORS:
            self.stdout.write(f"… and {import_.lines_failed - SHOWN_ERRORS:,} more rejected lines.")
        self.stdout.write(
            f"{printable(import_.file_name)} into {campaign.slug}: {import_.lines_total:,} lines, {import_.lines_failed:,} "
            f"rejected; {import_.pairs_added:,} pairs added, {import_.pairs_known:,} already imported."
        )
        if is_new:
            self.stdout.write(f"Created the campaign {campaign.slug} as a draft. Add a guideline and people, then open it.")


def read_map(entries: list[str]) -> dict[str, str]:
    """--map entries to our column → theirs. Raises Invalid."""
    column_map: dict[str, str] = {}
    for entry in entries:
        ours, equals, theirs = entry.partition("=")
        if not equals:
            raise Invalid(f"--map {entry!r} must have the form OURS=THEIRS.")
        if ours in column_map:
            raise Invalid(f"--map contains {ours} twice.")
        column_map[ours] = theirs
    check_column_map(column_map)
    return column_map


def find_campaign(slug: str, *, create: bool) -> tuple[Campaign, bool]:
    """The campaign and whether it is new. Raises CommandError where there is none, Invalid where the slug cannot be one."""
    campaign = Campaign.objects.filter(slug=slug).first() if "\0" not in slug else None
    if campaign is not None:
        return campaign, False
    if not create:
        raise CommandError(f"There is no campaign {slug!r}. Add --create to create it.", returncode=EXIT_UNREADABLE)
    name = slug.replace("-", " ").replace("_", " ").capitalize()
    return lifecycle.create_campaign(slug=slug, name=name, by=None), True


def stage(import_: Import, path: Path, progress: Progress) -> None:
    bar = progress.add_task("Reading the file", total=1.0, counts="")

    def show(fraction: float, lines: int) -> None:
        progress.update(bar, completed=fraction, counts=f"{lines:,} lines")

    try:
        stage_file(import_=import_, path=path, root=path.parent, on_progress=show)
    except KeyboardInterrupt as stop:
        fail_import(import_id=import_.pk, reason="Reading the file was stopped. Import it again.")
        raise CommandError("Stopped while reading the file. Nothing was imported.", returncode=EXIT_STOPPED) from stop
    progress.update(bar, completed=1.0)


def see_through(import_: Import, progress: Progress, bar: TaskID) -> None:
    """Show how the workers get on until all is done. Where there are none, do their work."""
    quiet_since = time.monotonic()
    may_be_alone = True
    while import_.state == ImportState.RUNNING:
        quiet = time.monotonic() - quiet_since
        if (may_be_alone and not worker_answers()) or quiet > STUCK_SECONDS:
            work_here(import_, progress, bar)
            return
        may_be_alone = quiet > QUIET_SECONDS
        time.sleep(LOOK_SECONDS)
        if refresh(import_, progress, bar):
            quiet_since = time.monotonic()


def refresh(import_: Import, progress: Progress, bar: TaskID) -> bool:
    """Look at the counts again and show them. Returns whether they moved."""
    before = import_.lines_done
    import_.refresh_from_db()
    counts = f"{import_.lines_done:,} of {import_.lines_total:,} lines"
    progress.update(bar, completed=import_.lines_done, counts=counts)
    return import_.lines_done != before


def work_here(import_: Import, progress: Progress, bar: TaskID) -> None:
    """Work the batches off in processes of our own, one per core. A worker that comes late finds its batches done."""
    batch_ids = pending_batches(import_id=import_.pk)
    cores = len(os.sched_getaffinity(0))
    if len(batch_ids) < 2 or cores < 2:
        for batch_id in batch_ids:
            ingest_batch(batch_id=batch_id)
            refresh(import_, progress, bar)
        return
    databases = {alias: connections[alias].settings_dict for alias in connections}
    with ProcessPoolExecutor(
        min(cores, len(batch_ids)),
        mp_context=multiprocessing.get_context("spawn"),  # a fork would share this process's connections
        initializer=begin,
        initargs=(databases, settings.STORAGES),
    ) as pool:
        waiting = [pool.submit(ingest_batch, batch_id=batch_id) for batch_id in batch_ids]
        try:
            for future in waiting:
                future.result()
                refresh(import_, progress, bar)
        except BrokenProcessPool as error:
            raise CommandError(
                "A process that imports images died, perhaps because memory ran out. Run the command again."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)
    refresh(import_, progress, bar)


def words_of(error: DomainError) -> str:
    errors = [f"{field}: {' '.join(messages)}" for field, messages in error.errors.items() if field != "column_map"]
    return " ".join([error.detail, *errors])


def printable(text: str) -> str:
    """Text from a file as a terminal may show it: no control characters."""
    return "".join(character if character.isprintable() else "�" for character in text)
