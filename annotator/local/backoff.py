"""When to start again what ended, and when to give it up."""

from __future__ import annotations

WAITS = (0.0, 0.5, 1.0, 2.0, 4.0)  # seconds before each start in a row; after the last one it is given up
STEADY = 10.0  # seconds; who ran so long stays up, and an end after that is the first in a row


class Backoff:
    """Of one process. Times are those of a monotonic clock."""

    def __init__(self) -> None:
        self.in_a_row = 0
        self.started = 0.0
        self.due: float | None = None  # when it is to be started again; None: it runs

    def note_start(self, now: float) -> None:
        self.started, self.due = now, None

    def note_end(self, now: float) -> bool:
        """False: it cannot stay up. Otherwise `due` says when to start it."""
        if now - self.started >= STEADY:
            self.in_a_row = 0
        if self.in_a_row == len(WAITS):
            return False
        self.due = now + WAITS[self.in_a_row]
        self.in_a_row += 1
        return True

    def wait_on(self, now: float) -> None:
        """Not its fault: try once more after the longest wait, however often that was."""
        self.in_a_row = len(WAITS) - 1
        self.due = now + WAITS[-1]
