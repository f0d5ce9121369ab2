"""This process's connection to the supervisor of a DATA_DIR, which keeps up what was asked for as long as it is open.

The kernel closes it however the process ends. So any number of web processes, workers and commands share the embedded
servers, the last one out switches them off, and a SIGKILL anywhere leaves nothing running. Processes forked from one that
holds share its connection.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

from django.conf import settings

from annotator.local.embedded_servers import short_folder
from annotator.local.follow import leave

ROOT = Path(__file__).resolve().parent.parent.parent

_connections: dict[Path, Connection] = {}
_held: set[tuple[Path, str]] = set()


class SupervisorError(RuntimeError):
    """The supervisor could not do what it was asked for; the message says why."""


def hold_embedded() -> None:
    """Keep the embedded servers up that the settings call for. Entry points call it; importing the settings starts nothing."""
    hold(settings.DATA_DIR, *settings.EMBEDDED_SERVERS)


def hold(data_dir: Path, *names: str) -> None:
    """Make sure the named servers run and keep them running for as long as this process lives. Safe to call again."""
    for name in names:
        if (data_dir, name) not in _held:
            ask(data_dir, "hold", name)
            _held.add((data_dir, name))


def ask(data_dir: Path, verb: str, *arguments: Any) -> None:
    """Return when it is done. Raises SupervisorError when it cannot be."""
    tell(data_dir, verb, *arguments)
    hear(data_dir)


def tell(data_dir: Path, verb: str, *arguments: Any) -> Connection:
    """Ask, and leave the answer to `hear`: it is there once the connection that this returns can be read."""
    if data_dir not in _connections:
        try:
            _connections[data_dir] = _connect(data_dir)
        except OSError as error:
            raise SupervisorError(f"DATA_DIR={str(data_dir)!r} cannot be used: {error.strerror}.") from error
    with suppress(OSError):  # it has ended, and `hear` says so
        _connections[data_dir].send_bytes(json.dumps([verb, *arguments]).encode())
    return _connections[data_dir]


def hear(data_dir: Path) -> None:
    """Wait for the answer. Raises SupervisorError if it is not that all is done."""
    try:
        problem = _connections[data_dir].recv_bytes().decode()
    except (EOFError, OSError) as error:
        raise SupervisorError(f"The supervisor ended. Its log is {data_dir / 'supervisor.log'}") from error
    if problem:
        raise SupervisorError(problem)


def release(data_dir: Path) -> None:
    """Let go, and wait for the end of what no other process uses."""
    _held.difference_update([held for held in _held if held[0] == data_dir])
    connection = _connections.pop(data_dir, None)
    if connection is not None:
        leave(connection)


def _connect(data_dir: Path) -> Connection:
    """A connection to the supervisor, which has greeted us. Starts one where there is none."""
    folder, address = data_dir / "supervisor", socket_address(data_dir)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    address.parent.mkdir(mode=0o700, exist_ok=True)
    if address.parent.stat().st_uid != os.getuid():
        raise SupervisorError(f"{address.parent} belongs to another user. Choose a DATA_DIR of your own.")
    with locked(folder / "connecting"):  # or two processes would start two
        while True:
            try:
                connection, is_new = Client(str(address), "AF_UNIX"), False
            except (FileNotFoundError, ConnectionRefusedError):
                connection, is_new = _start_supervisor(data_dir), True
            try:
                connection.recv_bytes()
                return connection
            except (EOFError, ConnectionError) as error:
                if is_new:
                    raise SupervisorError(f"The supervisor did not start. Its log is {data_dir / 'supervisor.log'}") from error
                # Otherwise it was about to end, for want of clients.


def _start_supervisor(data_dir: Path) -> Connection:
    """Our end of its first connection. It inherits the other, so that it never runs without a client."""
    ours, theirs = Pipe()
    with theirs, (data_dir / "supervisor.log").open("ab") as log:
        subprocess.run(
            [sys.executable, "-m", "annotator.local.supervisor", str(data_dir), str(theirs.fileno())],
            cwd=ROOT,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return ours


def socket_address(data_dir: Path) -> Path:
    return short_folder(data_dir / "supervisor", "socket") / "socket"


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """The file's lock, which stays taken as long as any process has the descriptor open."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
