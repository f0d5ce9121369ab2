"""The one process that owns all others of a DATA_DIR: embedded PostgreSQL and Valkey, and the services of `manage.py serve`.

`annotator.local.hold` starts it, and it ends with its last client. A server that died is started again; a service that died
ends all services. When the supervisor itself is killed, the kernel ends the servers, and a watchdog the services.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path

from annotator.local import watchdog
from annotator.local.hold import locked, socket_address
from annotator.local.server_processes import EmbeddedServerError, ServerProcess, end_of_log, server_process

PERIOD = 0.25  # seconds between two looks at the children


class Supervisor:
    def __init__(self, data_dir: Path, *, lock: int) -> None:
        """Servers and watchdog inherit `lock`, so that the next supervisor waits for their end, should this one be killed."""
        self.data_dir = data_dir
        self.lock = lock
        self.clients: list[Connection] = []
        self.leaving: list[Connection] = []  # to be closed once what was up for them alone has ended
        self.servers: dict[str, ServerProcess] = {}
        self.site: Connection | None = None  # the client that is `manage.py serve`, …
        self.address = ""  # … where it serves, …
        self.services: dict[str, subprocess.Popen[bytes]] = {}  # … what runs for it, …
        self.log_dir = Path()  # … and writes here
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
                self.log_dir = Path(log_dir)
                self.start_services(commands, environment)  # answered when one of them ends
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

    def start_services(self, commands: dict[str, str], environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", watchdog.__name__]
        self.watchdog = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[self.lock], start_new_session=True)
        assert self.watchdog.stdin is not None
        for name, line in commands.items():
            with (self.log_dir / f"{name}.log").open("ab") as log:
                self.services[name] = subprocess.Popen(  # noqa: S602 - a line of the Procfile is meant for a shell
                    line,
                    shell=True,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self.watchdog.stdin.write(b"%d\n" % self.services[name].pid)
            self.watchdog.stdin.flush()

    def look_after_children(self) -> None:
        for server in self.servers.values():
            if server.has_ended():
                server.start()
        for name, process in self.services.items():
            code = process.poll()
            if code is not None and self.site is not None:
                how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
                log = end_of_log(self.log_dir / f"{name}.log")
                self.send(self.site, f"{name} {how}, so everything was stopped. {log}")
                self.stop_services()
                break

    def stop_services(self) -> None:
        """End all services with their children. Takes little more than the watchdog's grace at most."""
        watchdog.stop_groups([process.pid for process in self.services.values()])
        for process in self.services.values():
            process.wait()
        self.services = {}
        if self.watchdog is not None:
            self.watchdog.communicate()  # it finds nothing left to end
            self.watchdog = None


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
