"""Signals that end a program, as one exception in its main thread and never a second: the way out runs undisturbed."""

from __future__ import annotations

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """The user, or the system, asked the program to end. A KeyboardInterrupt, so that nothing on the way swallows it."""


def stop_on_signals() -> None:
    for number in SIGNALS:
        signal.signal(number, _stop)


def ignore_signals() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _stop(number: int, frame: FrameType | None) -> None:
    ignore_signals()
    raise Stopped(signal.Signals(number).name)
