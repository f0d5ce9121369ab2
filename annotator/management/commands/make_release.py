"""`manage.py make_release CAMPAIGN`: build the campaign's next release, with a bar to watch."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from annotator import releasing, tasks
from annotator.choices import RELEASE_CONFIGS, UNFINISHED_RELEASES, USUAL_CONFIGS, ReleaseState
from annotator.errors import Invalid
from annotator.local.worker_ping import worker_answers
from annotator.management.campaign_choice import campaign_named
from annotator.models import Release
from annotator.releasing.dataset.snapshot import ProgressCallback

LOOK_SECONDS = 0.2
QUIET_SECONDS = 3.0  # in which nobody builds; then workers are asked whether they are there
STUCK_SECONDS = 60.0  # in which nobody builds although a worker answers; then the command builds


class Command(BaseCommand):
    help = (
        "Build the next release of a campaign: a folder in the Hub's format, with a dataset card and typed Parquet files. A "
        "worker builds it; if none is running, this command does. The same votes give the same revision."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="slug of the campaign")
        parser.add_argument(
            "--configs",
            nargs="+",
            default=[],
            metavar="CONFIG",
            help=f"what is in it besides the votes and leaderboards: {', '.join(RELEASE_CONFIGS)} (default: "
            f"{', '.join(USUAL_CONFIGS)})",
        )
        parser.add_argument("--shard-bytes", type=int, metavar="BYTES", help="about how many bytes each file holds")
        parser.add_argument("--shard-count", type=int, metavar="FILES", help="into how many files each split of a config is cut")
        parser.add_argument("--here", action="store_true", help="build in this process even if a worker is running")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = campaign_named(options["campaign"])
        try:
            release = releasing.create_release(
                campaign=campaign,
                by=None,
                configs=options["configs"],
                shard_bytes=options["shard_bytes"],
                shard_count=options["shard_count"],
            )
        except Invalid as error:
            reasons = [f"--{name.replace('_', '-')}: {' '.join(words)}" for name, words in error.errors.items()]
            raise CommandError("\n".join(reasons)) from error
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        ) as progress:
            bar = progress.add_task(f"Release {release.number} of {campaign.slug}", total=1.0)

            def show(share: float) -> None:
                progress.update(bar, completed=share)

            if options["here"] or not worker_answers():
                releasing.build_release(release_id=release.pk, on_progress=show)
            else:
                tasks.enqueue(tasks.build_release, release.pk)
                see_through(release, show)
        release.refresh_from_db()
        self.report(release)

    def report(self, release: Release) -> None:
        if release.state != ReleaseState.READY:
            reason = release.error or f"It is {release.get_state_display().lower()}."
            raise CommandError(f"Release {release.number} of {release.campaign.slug} was not built. {reason}")
        self.stdout.write(f"Release {release.number} of {release.campaign.slug}, revision {release.revision}")
        for file in release.files.all():
            self.stdout.write(f"  {filesizeformat(file.size):>10}  {file.path}")
        folder = releasing.local_folder(release)
        if folder is not None:
            self.stdout.write(f"Folder: {folder}. To load it:\n")
            config = release.configs[0] if release.configs else USUAL_CONFIGS[0]
            self.stdout.write(f'  from datasets import load_dataset\n  {config} = load_dataset("{folder}", "{config}")')


def see_through(release: Release, show: ProgressCallback) -> None:
    """Show how the worker gets on. Where none is left that could, build it here."""
    seen_at = time.monotonic()
    while True:
        release.refresh_from_db()
        show(release.progress)
        if release.state not in UNFINISHED_RELEASES:
            return
        if releasing.is_being_built(release):
            seen_at = time.monotonic()
        quiet = time.monotonic() - seen_at
        if quiet > STUCK_SECONDS or (quiet > QUIET_SECONDS and not worker_answers()):
            releasing.build_release(release_id=release.pk, on_progress=show)
            seen_at = time.monotonic()
        time.sleep(LOOK_SECONDS)
