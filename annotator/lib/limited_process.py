"""A child process for what may go wrong in any way: with limits of memory and processor time, and without our secrets.

The child lives on from call to call, because starting one costs as much as decoding several images. Arguments and results are
JSON and bytes, never pickles: nothing that a child sends is executed here. Linux holds the child to its limit of memory
(RLIMIT_AS). Where the system cannot (macOS), the parent looks at its memory ten times a second and kills it, which a
decoder that allocates fast can outrun.
"""

from __future__ import annotations

import atexit
import importlib
import json
import logging
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from math import ceil
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, NamedTuple

import psutil

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent.parent
# Of the environment, only this goes to a child. The threads and arenas of libraries reserve address space without using it.
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
FRUGAL = {
    "MALLOC_ARENA_MAX": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # Up to 64 MB are kept from call to call: the pages of an image, asked for anew each time, cost a fifth of decoding it.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20),
}
START_SECONDS = 60.0
LOOK_SECONDS = 0.1
WAITING_RATIO = 10  # wall time to processor time, before a child that uses none is taken to hang
IDLE_MAX = 2  # children kept for later; one is enough unless threads ask at the same time

Message = tuple[dict[str, Any], list[bytes]]
Handler = Callable[[str, dict[str, Any], list[bytes]], Message]


class ChildFailure(Exception):
    """The child did not answer. What it was given may be the reason."""


class OutOfMemory(ChildFailure):
    """It needed more than its memory."""


class OutOfTime(ChildFailure):
    """It needed more than its processor time."""


class ChildDied(ChildFailure):
    """Something ended it: a fault of its code, or somebody else."""


class Limits(NamedTuple):
    memory: int  # bytes, on top of the program itself; with the blobs that go in and out
    cpu_seconds: int  # for one call


class LimitedProcess:
    """One child that runs `handle` of a module. Not for two threads at once."""

    def __init__(self, module: str, limits: Limits) -> None:
        self.limits = limits
        self.is_sound = True
        self._scratch = tempfile.mkdtemp(prefix="diptych-child-")  # from outside, so that nothing is left of one that was killed
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, module, str(theirs.fileno()), str(limits.memory), str(limits.cpu_seconds)],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={name: os.environ[name] for name in PASSED_ON if name in os.environ}
                | FRUGAL
                | {"PYTHONPATH": str(ROOT), "TMPDIR": self._scratch},
            )
        self._connection = ours
        self._is_held_by_kernel = True
        try:
            self._is_held_by_kernel = bool(self._receive(START_SECONDS)[0]["is_limited"])
        except BaseException:
            self.close()
            raise
        if not self._is_held_by_kernel:
            logger.warning("This system cannot limit the memory of a process. Its memory is watched instead.")

    @property
    def pid(self) -> int:
        return self._process.pid

    def call(self, name: str, arguments: dict[str, Any] | None = None, blobs: Sequence[bytes] = ()) -> Message:
        """What `handle(name, arguments, blobs)` returns. Raises ChildFailure; the child is then of no further use."""
        self.is_sound = False
        try:
            send(self._connection, {"name": name, "arguments": arguments or {}}, blobs)
        except ConnectionError as error:
            raise self._why_dead() from error
        header, found = self._receive(self.limits.cpu_seconds * WAITING_RATIO)
        if header.get("is_out_of_memory"):
            raise OutOfMemory
        self.is_sound = not header["has_grown"]
        return header["result"], found

    def _receive(self, seconds: float) -> Message:
        give_up_at = time.monotonic() + seconds
        try:
            while not self._has_answer(give_up_at - time.monotonic()):
                if time.monotonic() >= give_up_at:
                    raise OutOfTime
            return receive(self._connection)
        except (EOFError, OSError, ValueError, LookupError) as error:
            raise self._why_dead() from error

    def _has_answer(self, seconds: float) -> bool:
        if not self._is_held_by_kernel:
            self._look_at_memory()
            seconds = min(seconds, LOOK_SECONDS)
        return bool(wait([self._connection], timeout=max(0.0, seconds)))

    def _look_at_memory(self) -> None:
        with suppress(psutil.NoSuchProcess):  # it has ended, and the connection tells
            if psutil.Process(self.pid).memory_info().rss > self.limits.memory:
                raise OutOfMemory

    def _why_dead(self) -> ChildFailure:
        try:
            code = self._process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            return ChildDied("its connection broke")
        if code in (-signal.SIGXCPU, -signal.SIGALRM):
            return OutOfTime()
        return ChildDied(f"it was ended by {signal.Signals(-code).name}" if code < 0 else f"it ended with exit code {code}")

    def close(self) -> None:
        self._connection.close()
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def let_go(self) -> None:
        """It is somebody else's child."""
        self._connection.close()
        self._process.returncode = 0  # or its end would be waited for


class Pool:
    """Children of one module, started when they are asked for and used again while they are sound."""

    def __init__(self, module: str) -> None:
        self.module = module
        self._idle: list[LimitedProcess] = []
        self._lock = threading.Lock()
        atexit.register(self.close)
        os.register_at_fork(after_in_child=self._forget)

    @contextmanager
    def process(self, limits: Limits) -> Iterator[LimitedProcess]:
        process = self._take(limits) or LimitedProcess(self.module, limits)
        try:
            yield process
        finally:
            self._put_back(process)

    def _take(self, limits: Limits) -> LimitedProcess | None:
        with self._lock:
            for process in reversed(self._idle):  # the last one that was used: it is warm
                if process.limits == limits:
                    self._idle.remove(process)
                    return process
        return None

    def _put_back(self, process: LimitedProcess) -> None:
        with self._lock:
            if process.is_sound:
                self._idle.append(process)
            surplus = self._idle.pop(0) if len(self._idle) > IDLE_MAX else None
        if not process.is_sound:
            process.close()
        if surplus is not None:
            surplus.close()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.close()

    def _forget(self) -> None:
        """In a fork: the children are the parent's, and a thread that is not here may have held the lock."""
        self._lock = threading.Lock()
        for process in self._idle:
            process.let_go()
        self._idle = []


# --- both sides


def send(connection: socket.socket, header: dict[str, Any], blobs: Sequence[bytes]) -> None:
    head = json.dumps(header | {"blobs": [len(blob) for blob in blobs]}).encode()
    connection.sendall(len(head).to_bytes(8, "big") + head)
    for blob in blobs:
        connection.sendall(blob)


def receive(connection: socket.socket) -> Message:
    """Raises EOFError where the other side has ended."""
    header = json.loads(_exactly(connection, int.from_bytes(_exactly(connection, 8), "big")))
    return header, [_exactly(connection, length) for length in header["blobs"]]


def _exactly(connection: socket.socket, length: int) -> bytes:
    """In one piece, mostly: the pages of a second copy cost more than the bytes."""
    data = connection.recv(length, socket.MSG_WAITALL)
    while len(data) < length:
        more = connection.recv(length - len(data), socket.MSG_WAITALL)
        if not more:
            raise EOFError
        data += more
    return data


# --- the child's side


def address_space() -> int | None:
    """Bytes of this process's address space; None where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return None


def main(module: str, connection: socket.socket, limits: Limits) -> None:
    handle = importlib.import_module(module).handle
    at_start = address_space()
    if at_start is not None:
        resource.setrlimit(resource.RLIMIT_AS, (at_start + limits.memory, resource.getrlimit(resource.RLIMIT_AS)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    send(connection, {"is_limited": at_start is not None}, [])
    with suppress(EOFError, ConnectionError):  # the parent is gone
        while _answer(handle, connection, limits, at_start):
            pass
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)


def _answer(handle: Handler, connection: socket.socket, limits: Limits, at_start: int | None) -> bool:
    """Take one call. Returns whether there may be another."""
    header, blobs = receive(connection)
    allow_time(limits.cpu_seconds)
    try:
        result, found = handle(header["name"], header["arguments"], blobs)
    except MemoryError:
        send(connection, {"is_out_of_memory": True}, [])
        return False
    signal.alarm(0)
    # Memory that came to stay would be missing to what comes next.
    has_grown = at_start is not None and (address_space() or 0) > at_start + limits.memory // 2
    del blobs
    send(connection, {"result": result, "has_grown": has_grown}, found)
    return True


def allow_time(seconds: int) -> None:
    """Of the processor, from now on. The kernel ends the process by SIGXCPU after it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = ceil(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    signal.alarm(seconds * WAITING_RATIO)  # for one that hangs and whose parent is not there any more to end it


if __name__ == "__main__":
    main(sys.argv[1], socket.socket(fileno=int(sys.argv[2])), Limits(int(sys.argv[3]), int(sys.argv[4])))
