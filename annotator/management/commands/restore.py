"""`manage.py restore FILE`: what `manage.py backup` saved, into an empty installation."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.template.defaultfilters import filesizeformat

from annotator import releasing
from annotator.feeds.vote_feed import renumber_votes
from annotator.judging.assigning import renew_leases
from annotator.lib.backup import contents, postgres_tools
from annotator.lib.backup.archive import DATABASE, FILES, SECRET_KEY, BackupError, Manifest, entries, verify
from annotator.lib.disk_space import room_in_storage
from annotator.lib.storage import put_stream, remove_folder, stored_files

LINE_SECONDS = 5.0  # between two lines of progress
# In storage while files are restored: what is there beside it is of a restore that was stopped, and the next one clears it away.
MARKER = ".restoring"
BLOCK = 1 << 20  # bytes


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty installation, and bring its tables up to date. Stop web, worker and beat first. If it"
        " fails, the installation is as empty as before, and the command can be run again. Restore only backups of your own: a"
        " backup can run any command in the database."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--new-secret-key",
            action="store_true",
            help="accept another SECRET_KEY: everybody logs in again, and invite links, Hub tokens and webhooks must be renewed",
        )
        parser.add_argument(
            "--postgres-programs", metavar="FOLDER", type=Path, help="use the pg_restore of this folder (default: one that fits)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.restore(options["file"], options)
        except BackupError as error:
            raise CommandError(str(error)) from error
        except (OSError, BotoCoreError, ClientError) as error:
            raise CommandError(f"The backup was not restored: {words_of(error)}. Nothing of it was kept.") from error

    def restore(self, path: Path, options: dict[str, Any]) -> None:
        connection.ensure_connection()
        database = postgres_tools.Target.of(connection.connection)
        contents.require_empty_database()
        require_empty_storage()
        manifest = verify(path, self.counter("Checked"))
        self.stdout.write(f"The backup of {manifest.created_at} is whole: {manifest.files:,} stored files.")
        postgres_tools.require_as_new(database, manifest.postgres)
        needed = max(manifest.tools, database.major)
        tools = postgres_tools.choose(postgres_tools.installed(options["postgres_programs"]), needed=needed)
        contents.require_known(manifest.migrations)
        key = self.key_to_take_over(path, manifest, accept_new=options["new_secret_key"])
        require_room(manifest)
        before, after = contents.sql_before(), contents.sql_after()
        with tempfile.TemporaryFile() as dump, files_or_none(manifest):
            self.unpack(path, dump)
            connection.close()
            postgres_tools.load(database, tools, source=dump, before=before, after=after)
        self.stdout.write("Database and files are restored.")
        self.bring_up_to_date()
        self.say_what_is_left(manifest, key)

    def key_to_take_over(self, path: Path, manifest: Manifest, *, accept_new: bool) -> str:
        """The SECRET_KEY of the backup, if it is another one than is in use. Raises BackupError where it is not to be had."""
        if manifest.key_fingerprint == contents.key_fingerprint():
            return ""
        if manifest.has_key:
            return next(source.read().decode() for name, source in entries(path) if name == SECRET_KEY)
        if not accept_new:
            raise BackupError(
                "SECRET_KEY is not the one of the backup, and the backup does not contain it. Set SECRET_KEY to the old one (or"
                f" copy the old file to {settings.DATA_DIR / 'secret_key'}), or add --new-secret-key to go on without it."
            )
        return ""

    def unpack(self, path: Path, dump: IO[bytes]) -> None:
        count = self.counter("Restored")
        files = size = 0
        for name, source in entries(path):
            if name == DATABASE:
                shutil.copyfileobj(source, dump, BLOCK)
            elif name.startswith(FILES):
                put_stream(name.removeprefix(FILES), source)
                files, size = files + 1, size + source.tell()
                count(files, size)
        self.stdout.write(f"Files: {files:,}, {filesizeformat(size)}")

    def bring_up_to_date(self) -> None:
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except Exception as error:
            words = "The data are restored, but their tables could not be brought up to date. Run `manage.py migrate` to see why:"
            raise CommandError(f"{words} {error}") from error
        renumber_votes()
        releasing.build_anew()
        renew_leases()  # pages that were open meanwhile have answers to send
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # or the first queries are planned as if the tables were empty

    def say_what_is_left(self, manifest: Manifest, key: str) -> None:
        file = settings.DATA_DIR / "secret_key"
        if key and os.environ.get("SECRET_KEY"):
            raise CommandError(
                "All is restored, but the SECRET_KEY that is set is not the one of the backup. Before you start the site, set it"
                f" to the one in the backup: tar -xOf FILE {SECRET_KEY}"
            )
        if key:
            write_key(file, key)
            self.stdout.write(f"SECRET_KEY of the backup is in {file}.")
        elif manifest.key_fingerprint != contents.key_fingerprint():
            self.stdout.write(
                "SECRET_KEY is new: everybody logs in again; send new invite links, and enter Hub tokens and webhooks."
            )
        if not manifest.has_files:
            self.stdout.write("The backup has no stored files. Bring them back to STORAGE_URL before you start the site.")
        self.stdout.write("Set the other settings as they were, then start the site.")

    def counter(self, done: str) -> Any:
        """Prints a line every few seconds."""
        due = time.monotonic() + LINE_SECONDS

        def count(files: int, size: int) -> None:
            nonlocal due
            if time.monotonic() > due:
                self.stdout.write(f"{done}: {files:,} files, {filesizeformat(size)}")
                due = time.monotonic() + LINE_SECONDS

        return count


def words_of(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def require_empty_storage() -> None:
    """Raises BackupError where there are files that no stopped restore has left."""
    if default_storage.exists(MARKER):
        return
    name = next(stored_files(), None)
    if name is not None:
        raise BackupError(f"Storage is not empty: it has {name}. Set STORAGE_URL to an empty folder or bucket.")


def require_room(manifest: Manifest) -> None:
    """Raises BackupError where the files would not fit."""
    free = room_in_storage()
    if free is not None and manifest.bytes > free:
        needed, left = filesizeformat(manifest.bytes), filesizeformat(free)
        raise BackupError(f"The stored files need {needed}, and the disk of STORAGE_URL has {left} left. Make room there.")


@contextmanager
def files_or_none(manifest: Manifest) -> Iterator[None]:
    """Storage with all files of the backup, or with none if something goes wrong."""
    if not manifest.has_files:
        yield
        return
    clear_storage()
    default_storage.save(MARKER, ContentFile(b"A restore is under way, or was stopped. The next one clears what it left.\n"))
    try:
        yield
    except BaseException:
        clear_storage()
        raise
    default_storage.delete(MARKER)


def clear_storage() -> None:
    for top, is_folder in {(name.split("/")[0], "/" in name) for name in stored_files()}:
        if is_folder:
            remove_folder(top)
        else:
            default_storage.delete(top)
    default_storage.delete(MARKER)


def write_key(file: Path, key: str) -> None:
    fresh = file.with_name(f".{file.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as written:
        written.write(key)
    os.replace(fresh, file)
