"""The one process that owns all others of a DATA_DIR: embedded PostgreSQL and Valkey, and the services of `manage.py serve`.

`annotator.local.hold` starts it, and it ends with its last client. A server or service that ended is started again, with longer
waits each time; one that cannot stay up ends all services. While the disk is full, it is tried for as long as that takes. When
the supervisor itself is killed, the kernel ends the servers, and a watchdog the services.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path

from annotator.local import watchdog
from annotator.local.backoff import Backoff
from annotator.local.hold import locked, socket_address
from annotator.local.server_processes import EmbeddedServerError, ServerProcess, end_of_log, server_process
from annotator.local.service_process import ServiceProcess

PERIOD = 0.25  # seconds between two looks at the children
FULL = 50_000_000  # bytes; with less left on the disk, a start that fails is the disk's fault


class Supervisor:
    def __init__(self, data_dir: Path, *, lock: int) -> None:
        """Servers and watchdog inherit `lock`, so that the next supervisor waits for their end, should this one be killed."""
        self.data_dir = data_dir
        self.lock = lock
        self.clients: list[Connection] = []
        self.leaving: list[Connection] = []  # to be closed once what was up for them alone has ended
        self.servers: dict[str, ServerProcess] = {}
        self.backoffs: dict[str, Backoff] = {}  # of servers
        self.site: Connection | None = None  # the client that is `manage.py serve`, …
        self.address = ""  # … where it serves, …
        self.services: dict[str, ServiceProcess] = {}  # … and what runs for it
        self.watchdog: subprocess.Popen[bytes] | None = None

    def run(self, listener: socket.socket, first: Connection) -> None:
        """Do what clients ask for until there are none."""
        self.greet(first)
        while self.clients:
            ready = wait([listener, *self.clients], timeout=0 if self.leaving else PERIOD)
            while self.leaving and not ready:
                self.leaving.pop().close()
            for one in ready:
                if isinstance(one, Connection):
                    self.answer(one)
                else:
                    self.greet(Connection(listener.accept()[0].detach()))
            self.look_after_children()
        for server in self.servers.values():
            server.stop()

    def greet(self, client: Connection) -> None:
        self.clients.append(client)
        self.send(client, "")

    def send(self, client: Connection, problem: str) -> None:
        with suppress(ConnectionError):  # it has ended, and `answer` will see that
            client.send_bytes(problem.encode())

    def answer(self, client: Connection) -> None:
        try:
            message = json.loads(client.recv_bytes())
        except (EOFError, ConnectionError):
            message = ["leave"]
        match message:
            case ["hold", name]:
                self.send(client, self.hold(name))
            case ["claim", address]:
                self.send(client, self.claim(client, address))
            case ["run", commands, environment, log_dir]:
                self.start_services(commands, environment, Path(log_dir))  # answered when one of them cannot stay up
            case ["leave"]:
                self.clients.remove(client)
                self.leaving.append(client)
                if client is self.site:
                    self.site = None
                    self.stop_services()

    def hold(self, name: str) -> str:
        if name not in self.servers:
            server = server_process(name, self.data_dir, self.lock)
            try:
                server.open()
            except EmbeddedServerError as error:
                return str(error)
            self.servers[name] = server
        return ""

    def claim(self, client: Connection, address: str) -> str:
        """Two `serve` on one folder would run two beats and write the same logs."""
        if self.site is not None:
            return f"{self.data_dir} is being served already, at {self.address}. Stop that, or choose another DATA_DIR."
        self.site, self.address = client, address
        return ""

    def start_services(self, commands: dict[str, str], environment: dict[str, str], log_dir: Path) -> None:
        command = [sys.executable, "-m", watchdog.__name__]
        self.watchdog = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[self.lock], start_new_session=True)
        for name, line in commands.items():
            self.services[name] = ServiceProcess(name, line, environment, log_dir / f"{name}.log")
            self.tell_watchdog("+", self.services[name].start(time.monotonic()))

    def tell_watchdog(self, sign: str, pid: int) -> None:
        assert self.watchdog is not None
        assert self.watchdog.stdin is not None
        self.watchdog.stdin.write(f"{sign}{pid}\n".encode())
        self.watchdog.stdin.flush()

    def look_after_children(self) -> None:
        now = time.monotonic()
        for name, server in self.servers.items():
            if server.has_ended():
                self.start_server_again(name, server, now)
        for service in self.services.values():
            if service.process is not None and (how := service.how_it_ended()):
                self.bury(service, how, now)
            elif service.process is None and service.backoff.due is not None and now >= service.backoff.due:
                with suppress(OSError):  # no room for a log; tried again at the next look
                    self.tell_watchdog("+", service.start(now))
            if not self.services:
                break

    def start_server_again(self, name: str, server: ServerProcess, now: float) -> None:
        backoff = self.backoffs.setdefault(name, Backoff())
        if backoff.due is None and not backoff.note_end(now):
            if not is_full(self.data_dir):
                self.give_up(f"The embedded {server.server.name} cannot stay up. {end_of_log(server.server.log)}")
            backoff.wait_on(now)
        if backoff.due is not None and now >= backoff.due:
            backoff.note_start(now)
            with suppress(OSError):  # no room for a log; as if it had ended at once
                server.start()

    def bury(self, service: ServiceProcess, how: str, now: float) -> None:
        """Of one whose leader has ended: end its children, and say when it is started again."""
        assert service.process is not None
        pid, service.process = service.process.pid, None
        watchdog.stop_groups([pid])
        self.tell_watchdog("-", pid)
        if service.backoff.note_end(now):
            service.note(f"{service.name} {how}. It is started again.")
        elif is_full(self.data_dir):
            service.backoff.wait_on(now)
            service.note(f"{service.name} {how}. The disk is full. It is tried again until there is room.")
        else:
            self.give_up(f"{service.name} {how} again and again, so everything was stopped. {end_of_log(service.log)}")

    def give_up(self, why: str) -> None:
        if self.site is not None and self.services:
            self.send(self.site, why)
            self.stop_services()

    def stop_services(self) -> None:
        """End all services with their children. Takes little more than the watchdog's grace at most."""
        running = [service.process for service in self.services.values() if service.process is not None]
        watchdog.stop_groups([process.pid for process in running])
        for process in running:
            process.wait()
        self.services = {}
        if self.watchdog is not None:
            self.watchdog.communicate()  # it finds nothing left to end
            self.watchdog = None


def is_full(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < FULL


def main(data_dir: Path, first: Connection) -> None:
    if os.fork():
        os._exit(0)  # so that the supervisor is nobody's child
    address = socket_address(data_dir)
    with locked(data_dir / "supervisor" / "lock") as lock, socket.socket(socket.AF_UNIX) as listener:
        address.unlink(missing_ok=True)  # of one that was killed
        listener.bind(str(address))
        listener.listen()
        Supervisor(data_dir, lock=lock).run(listener, first)
        address.unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Connection(int(sys.argv[2])))
