"""The beat's scheduler, which a clock that is set back does not stop."""

from __future__ import annotations

import time
from typing import Any

from celery.beat import PersistentScheduler


class SteadyScheduler(PersistentScheduler):
    """Celery's own waits for the time that the clock showed before: after a step of an hour, no job runs for an hour."""

    _seen = float("inf")  # the time at the last tick; at first, what the file says may be of a clock that was ahead

    def tick(self, *arguments: Any, **options: Any) -> float:
        """As Celery's: send what is due, and return the seconds until the next is."""
        now = time.time()
        if now < self._seen:
            for entry in self.schedule.values():
                entry.last_run_at = min(entry.last_run_at or entry.default_now(), entry.default_now())
            self._heap = None  # which is made anew from the entries
        self._seen = now
        return float(super().tick(*arguments, **options))
