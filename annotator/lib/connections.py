"""The open connections of this process, for what its web server cannot do: give up on a client that reads nothing.

The server is written in Rust and has no deadline for an answer. A client that stops reading would keep its connection, and
the memory of what waits to be sent, for as long as it likes.
"""

from __future__ import annotations

import os
import resource
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import suppress

# Linux' own: a connection ends when the other side has taken nothing for so long. Elsewhere only `close` ends it.
_USER_TIMEOUT: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)
_FILES = 8192
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: what was not sent is thrown away


def allow_many() -> None:
    """Let this process have as many connections and files open as the system allows: shells often ask for 1024."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def limit_unread(seconds: float) -> None:
    """Let the system end the connections that are accepted from now on when a client reads nothing for so long."""
    if _USER_TIMEOUT is None:
        return
    for one in _sockets():
        with suppress(OSError):  # not a listener, or not of TCP
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                one.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, round(1000 * seconds))


def close(host: str, port: int, *, at_once: bool) -> bool:
    """End the connection from this address, with or without what waits to be sent. Returns whether there was one."""
    was_there = False
    for one in _sockets():
        with suppress(OSError):  # not a connection, or closed meanwhile
            if one.getpeername()[:2] == (host, port):
                if at_once:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                one.shutdown(socket.SHUT_RDWR)
                was_there = True
    return was_there


def _sockets() -> Iterator[socket.socket]:
    """A second handle of each socket, closed when the next is asked for."""
    for name in os.listdir("/dev/fd"):
        try:
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            handle = socket.socket(fileno=os.dup(int(name)))
        except OSError:  # closed meanwhile
            continue
        with handle:
            yield handle
