"""`manage.py backup FOLDER_OR_FILE`: the whole installation in one file, while it is running."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.models import Q
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from annotator.choices import ReleaseState
from annotator.importing.images import is_stored
from annotator.lib.backup import contents, postgres_tools
from annotator.lib.backup.archive import DATABASE, SECRET_KEY, BackupError, BackupWriter, Manifest
from annotator.lib.storage import stored_files
from annotator.models import Image, Release, ReleaseFile
from annotator.releasing.release_storage import folder_name

LINE_SECONDS = 5.0  # between two lines of progress
IMAGES_AT_ONCE = 10_000
KEPT_APART = "DATABASE_URL, REDIS_URL, EMAIL_URL, OIDC_PROVIDERS, METRICS_TOKEN and the AWS_ variables"


class Command(BaseCommand):
    help = (
        "Save database and stored files to one file. In a folder, the file is named by the time. The site may be running."
        " SECRET_KEY is only in it with --with-secret-key; other secrets are never in it. Restore it with `manage.py restore`."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", metavar="FOLDER_OR_FILE", type=Path)
        parser.add_argument(
            "--with-secret-key",
            action="store_true",
            help="also save SECRET_KEY. Whoever has the file can then log in as anybody, and read encrypted tokens",
        )
        parser.add_argument(
            "--without-files", action="store_true", help="only the database, where the bucket or folder is backed up by itself"
        )
        parser.add_argument(
            "--postgres-programs", metavar="FOLDER", type=Path, help="use the pg_dump of this folder (default: one that fits)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path = options["target"]
        path = target / f"diptych-{timezone.now():%Y%m%dT%H%M%SZ}.tar" if target.is_dir() else target
        try:
            manifest = self.save(path, options)
        except BackupError as error:
            raise CommandError(str(error)) from error
        except (OSError, BotoCoreError, ClientError) as error:
            raise CommandError(f"No backup was made at {path}: {words_of(error)}. Nothing was kept.") from error
        self.stdout.write(f"Saved {path}: {filesizeformat(path.stat().st_size)}, {manifest.files:,} stored files.")
        if manifest.has_key:
            self.stdout.write("It contains SECRET_KEY. Keep it as safe as the key itself.")
        else:
            self.stdout.write("It does not contain SECRET_KEY: keep that too, apart from the backup.")
        self.stdout.write(f"Not in it, so keep your settings as well: {KEPT_APART}.")

    def save(self, path: Path, options: dict[str, Any]) -> Manifest:
        contents.require_tables()
        database = postgres_tools.Target.of(connection.connection)
        tools = postgres_tools.choose(postgres_tools.installed(options["postgres_programs"]), needed=database.major)
        with BackupWriter(path) as writer:
            with TemporaryDirectory(dir=path.parent, prefix=".diptych-") as folder, one_snapshot() as snapshot:
                created_at = timezone.now().isoformat()
                dump = Path(folder) / DATABASE
                left_out = [model._meta.db_table for model in contents.NOT_SAVED]
                postgres_tools.dump(database, tools, to=dump, snapshot=snapshot, without_rows_of=left_out)
                self.stdout.write(f"Database: {filesizeformat(dump.stat().st_size)}")
                with dump.open("rb") as file:
                    writer.add(DATABASE, file)
                migrations = contents.applied_migrations()
                ready = Release.objects.filter(state=ReleaseState.READY)
                finished = {folder_name(release) for release in ready}
                # Objects at the address of a release that was yanked, which others share.
                shared = ReleaseFile.objects.filter(release__in=ready).exclude(stored_as="")
                finished |= set(shared.values_list("stored_as", flat=True))
            if options["with_secret_key"]:
                writer.add(SECRET_KEY, BytesIO(settings.SECRET_KEY.encode()))
            if not options["without_files"]:
                self.save_files(writer, finished)
                self.report_missing()
            return writer.finish(
                created_at=created_at,
                postgres=database.major,
                tools=tools.major,
                migrations=migrations,
                key_fingerprint=contents.key_fingerprint(),
                has_key=options["with_secret_key"],
                has_files=not options["without_files"],
            )

    def save_files(self, writer: BackupWriter, finished: set[str]) -> None:
        """After the database: a file never changes under its name, and those that the database knows stay. So all that the
        dump names is there still, and what came later is in nobody's way."""
        gone, due = 0, time.monotonic() + LINE_SECONDS
        for name in stored_files():
            if not is_saved(name, finished):
                continue
            try:
                with default_storage.open(name, "rb") as file:
                    writer.add_stored(name, file)
            except FileNotFoundError:
                gone += 1  # of an import that ended meanwhile
            if time.monotonic() > due:
                self.stdout.write(f"Files: {writer.files:,}, {filesizeformat(writer.bytes)}")
                due = time.monotonic() + LINE_SECONDS
        self.stdout.write(f"Files: {writer.files:,}, {filesizeformat(writer.bytes)}")
        if gone:
            self.stdout.write(f"{gone:,} uploaded files were imported meanwhile. After a restore, start those imports again.")

    def report_missing(self) -> None:
        """Say which images the site has lost, while somebody may still have them."""
        missing = [sha256 for sha256, format_ in stored_images() if not is_stored(sha256, format_)]
        if missing:
            words = f"{len(missing):,} images of this site are missing from storage, and so from the backup. The first:"
            self.stderr.write(self.style.WARNING(f"{words} {missing[0]}"))


def stored_images() -> Iterator[tuple[str, str]]:
    """Hash and format of each file. In batches: a cursor that outlives its transaction is lost behind a pooler."""
    images = Image.objects.values_list("sha256", "format").distinct().order_by("sha256", "format")
    last = "", ""
    while batch := list(images.filter(Q(sha256__gt=last[0]) | Q(sha256=last[0], format__gt=last[1]))[:IMAGES_AT_ONCE]):
        yield from batch
        last = batch[-1]


def words_of(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def is_saved(name: str, finished: set[str]) -> bool:
    """Whether a stored file belongs in the backup: of releases, those that were finished when the database was saved. Others are
    built again from the restored votes."""
    if name.startswith("releases/"):
        return name in finished or "/".join(name.split("/")[:3]) in finished
    return not name.startswith("building/")


@contextmanager
def one_snapshot() -> Iterator[str]:
    """A moment of the database, by a name that pg_dump can look it up by. What is read inside is of the same moment."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        yield cursor.fetchone()[0]
