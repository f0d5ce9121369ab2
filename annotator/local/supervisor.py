"""The one process that owns all others of a DATA_DIR: embedded PostgreSQL and Valkey, and the services of `manage.py serve`.

`annotator.local.hold` starts it, and it ends with its last client. A server or service that ended is started again, with longer
waits each time; one that cannot stay up ends all services. While the disk is full, it is tried for as long as that takes. When
the supervisor itself is killed, the kernel ends the servers, and a watchdog the services.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from asyncio import StreamReader, StreamWriter, Task
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from annotator.local import watchdog
from annotator.local.child import Child, end_with_parent
from annotator.local.embedded_servers import Postgres, Server, Valkey
from annotator.local.hold import locked, socket_address

SERVERS: dict[str, type[Server]] = {"postgres": Postgres, "valkey": Valkey}
START_TIMEOUT = 60.0  # seconds; crash recovery of a large database can take a while
STOP_TIMEOUT = 30.0
FULL = 50_000_000  # bytes; with less left on the disk, a start that fails is the disk's fault
FULL_WORDS = "The disk is full. It is tried again until there is room."


class Supervisor:
    def __init__(self, data_dir: Path, *, lock: int) -> None:
        """Servers and watchdog inherit `lock`, so that the next supervisor waits for their end, should this one be killed."""
        self.data_dir = data_dir
        self.lock = lock
        self.clients = 0
        self.door: asyncio.Server
        self.has_ended = asyncio.Event()
        self.one_by_one = asyncio.Lock()  # two clients may ask for the same server
        self.servers: dict[str, tuple[Server, Child, Task[None]]] = {}
        self.services: dict[Child, Task[None]] = {}
        self.site: StreamWriter | None = None  # the client that is `manage.py serve`, …
        self.address = ""  # … where it serves, …
        self.watchdog: subprocess.Popen[str] | None = None  # … and who ends its services, should this process be killed

    async def run(self, listener: socket.socket, first: socket.socket) -> None:
        """Do what clients ask for until there are none."""
        self.door = await asyncio.start_unix_server(self.attend, sock=listener)
        await self.attend(*await asyncio.open_connection(sock=first))
        await self.has_ended.wait()

    async def attend(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One client, until it leaves or ends. It is let go once what was up for it alone has ended."""
        if self.door.is_serving():  # otherwise it gets no greeting, and starts another supervisor
            self.clients += 1
            say(writer, "")
            with suppress(EOFError, ConnectionError):
                while (message := await hear(reader)) != ["leave"]:
                    await self.answer(writer, message)
            self.clients -= 1
            if writer is self.site:
                self.site = None
                self.stop_services()
            if not self.clients:
                await self.end()
        writer.close()

    async def answer(self, writer: StreamWriter, message: list[Any]) -> None:
        match message:
            case ["hold", name]:
                async with self.one_by_one:
                    say(writer, "" if name in self.servers else await self.open_server(SERVERS[name](self.data_dir)))
            case ["claim", _] if self.site is not None:  # two on one folder would run two beats and write the same logs
                words = f"{self.data_dir} is being served already, at {self.address}."
                say(writer, f"{words} Stop that, or choose another DATA_DIR.")
            case ["claim", address]:
                self.site, self.address = writer, address
                say(writer, "")
            case ["run", commands, environment, log_dir]:  # answered when one of them cannot stay up
                self.start_services(commands, environment, Path(log_dir))

    async def open_server(self, server: Server) -> str:
        """Start it for the first time, and wait until it can be used. Returns what stands in the way."""
        dying = partial(end_with_parent, os.getpid(), server.stop_signal)
        options = {"cwd": "/", "user": server.user, "pass_fds": [self.lock], "preexec_fn": dying}
        child = Child(server.name, server.command(), server.log, **options)
        keeper = asyncio.create_task(self.keep_up(child))  # which begins when this waits
        try:
            server.prepare()
            deadline = time.monotonic() + START_TIMEOUT
            while not server.is_up():
                await asyncio.sleep(0.02)
                if child.how_it_ended or time.monotonic() > deadline:
                    raise RuntimeError(child.how_it_ended or "it does not answer")
            server.complete()
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            await stop_server(server, child, keeper)
            return f"The embedded {server.name} did not start: {error}\n{child.end_of_log()}"
        self.servers[server.name] = server, child, keeper
        return ""

    def start_services(self, commands: dict[str, str], environment: dict[str, str], log_dir: Path) -> None:
        command = [sys.executable, "-m", watchdog.__name__]
        self.watchdog = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[self.lock], start_new_session=True, text=True)
        for name, line in commands.items():
            service = Child(name, ["/bin/sh", "-c", line], log_dir / f"{name}.log", env=environment)
            self.services[service] = asyncio.create_task(self.keep_up(service))

    async def keep_up(self, child: Child) -> None:
        """Start it, and start it again each time it ends."""
        while True:
            with suppress(OSError):  # no room for a log; as if it had ended at once
                await child.start()
            with self.watched(child):
                wait = await child.wait()
            is_full = shutil.disk_usage(self.data_dir).free < FULL
            if wait is None and not is_full:
                why = f"{child.name} {child.how_it_ended} again and again, so everything was stopped. {child.end_of_log()}"
                self.give_up(why)
            child.note(f"{child.name} {child.how_it_ended}. {FULL_WORDS if is_full else 'It is started again.'}")
            await asyncio.sleep(child.backoff.once_more() if wait is None else wait)

    @contextmanager
    def watched(self, child: Child) -> Iterator[None]:
        """The watchdog knows a service while it runs. Who is left of it when its leader has ended is ended as well."""
        if child not in self.services or child.process is None:
            yield
            return
        pid = child.process.pid
        self.tell_watchdog(f"+{pid}\n")
        yield
        watchdog.stop_groups([pid])
        self.tell_watchdog(f"-{pid}\n")

    def tell_watchdog(self, line: str) -> None:
        if self.watchdog is not None and self.watchdog.stdin is not None:
            self.watchdog.stdin.write(line)
            self.watchdog.stdin.flush()

    def give_up(self, why: str) -> None:
        if self.site is not None and self.services:
            say(self.site, why)
            self.stop_services()

    def stop_services(self) -> None:
        """End all services with their children. Takes little more than the watchdog's grace at most."""
        for keeper in self.services.values():
            keeper.cancel()
        watchdog.stop_groups([service.process.pid for service in self.services if service.process is not None])
        self.services = {}
        if self.watchdog is not None:
            self.watchdog.communicate()  # it finds nothing left to end
            self.watchdog = None

    async def end(self) -> None:
        self.door.close()
        for server, child, keeper in self.servers.values():
            await stop_server(server, child, keeper)
        socket_address(self.data_dir).unlink(missing_ok=True)
        self.has_ended.set()


def say(writer: StreamWriter, problem: str) -> None:
    """As a multiprocessing.Connection does: the length of a message comes before it."""
    writer.write(len(problem.encode()).to_bytes(4, "big") + problem.encode())


async def hear(reader: StreamReader) -> Any:
    return json.loads(await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big")))


async def stop_server(server: Server, child: Child, keeper: Task[None]) -> None:
    keeper.cancel()
    if child.process is not None:
        child.process.send_signal(server.stop_signal)
        try:
            await asyncio.wait_for(child.process.wait(), STOP_TIMEOUT)
        except TimeoutError:
            child.process.kill()


def main(data_dir: Path, first: socket.socket) -> None:
    if os.fork():
        os._exit(0)  # so that the supervisor is nobody's child
    address = socket_address(data_dir)
    with locked(data_dir / "supervisor" / "lock") as lock, socket.socket(socket.AF_UNIX) as listener:
        address.unlink(missing_ok=True)  # of one that was killed
        listener.bind(str(address))
        listener.listen()
        asyncio.run(Supervisor(data_dir, lock=lock).run(listener, first))


if __name__ == "__main__":
    main(Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])))
