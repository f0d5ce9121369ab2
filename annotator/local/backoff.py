"""When to start again what ended, and when to give it up."""

from __future__ import annotations

WAITS = (0.0, 0.5, 1.0, 2.0, 4.0)  # seconds before each start in a row; after the last one it is given up
STEADY = 10.0  # seconds; who ran so long stays up, and an end after that is the first in a row


class Backoff:
    """Of one process."""

    def __init__(self) -> None:
        self.in_a_row = 0

    def wait_after(self, ran: float) -> float | None:
        """Seconds until it is started again, after it ran for so many; None: it cannot stay up."""
        if ran >= STEADY:
            self.in_a_row = 0
        if self.in_a_row == len(WAITS):
            return None
        self.in_a_row += 1
        return WAITS[self.in_a_row - 1]

    def once_more(self) -> float:
        """Not its fault: seconds until it is tried all the same, however often that was."""
        self.in_a_row = len(WAITS) - 1
        return WAITS[-1]
