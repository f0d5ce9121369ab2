"""Waiting in tests: for a condition and not for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_PERIOD = 0.02  # seconds


def wait_until(condition: Callable[[], T], *, seconds: float = 15.0, why: str | Callable[[], str] = "the condition") -> T:
    """The first true value of `condition()`. Fails the test, saying `why` it waited, when there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {why() if callable(why) else why}")
        time.sleep(POLL_PERIOD)
    return value
