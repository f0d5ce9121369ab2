"""The faults, each done and timed until the site is well again."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import cycle
from random import Random

from tests.faults.annotators import Scene
from tests.faults.site import WORKERS, Site, seconds_until

RECOVERY_LIMIT = 90.0  # seconds; a site that is not well again by then is broken
AFTERMATH = 2.0  # seconds after a recovery in which the answers to what was asked before may still come
JUMP = 3600  # seconds that the clock jumps, forth and back
LASTS = 3.0  # seconds that the disk is full, or the clock is wrong


class Strikes(threading.Thread):
    """Faults at fixed numbers of acknowledged votes, one after the other, in an order that the seed decides."""

    def __init__(self, site: Site, scene: Scene, *, names: list[str], at_votes: list[int], seed: int) -> None:
        super().__init__(name="strikes", daemon=True)
        self.site, self.scene = site, scene
        self.recoveries: dict[str, list[float]] = defaultdict(list)
        self.is_done = threading.Event()
        self._dice = Random(f"strikes {seed}")
        order: list[str] = []
        while len(order) < len(at_votes) and names:
            order += self._dice.sample(names, len(names))
        self._plan = list(zip(at_votes, order, strict=False))
        self._workers = cycle(WORKERS)

    def run(self) -> None:
        try:
            for votes, name in self._plan:
                while self.scene.record.acknowledged < votes:
                    if self.scene.is_over.wait(0.05):
                        return
                self.strike(name)
        except BaseException as failure:
            self.scene.record.surprise(f"Strikes broke off: {failure!r}")
        finally:
            self.is_done.set()

    def strike(self, name: str) -> None:
        pair = self.site.pair
        # A wiped or absent Valkey, or a missing worker, is none of an annotator's business: no failure is expected then.
        strikes: dict[str, tuple[Callable[[], None], Callable[[], bool], bool]] = {
            "worker": (lambda: self.site.kill_worker(next(self._workers)), self.site.workers_answer, False),
            "beat": (self.site.kill_beat, self.votes_again(), False),
            "disk": (self.fill_disk_for_a_while, self.votes_again(), True),
            "clock": (self.set_clock_for_a_while, self.votes_again(), False),
            "wipe": (self.site.wipe_valkey, self.site.workers_answer, False),
            "valkey": (self.site.kill_valkey, self.site.workers_answer, False),
            "web": (lambda: self.site.kill_web_process(self._dice.randrange(2)), self.site.has_both_web_processes, True),
            "postgres": (self.site.stop_postgres_at_once, self.votes_again(), True),
            "postgres-kill": (self.site.kill_postgres, self.votes_again(), True),
        }
        if pair is not None:
            strikes["failover"] = (pair.lose_primary, self.votes_again(pair.promote_standby), True)
        break_it, is_well, may_fail = strikes[name]
        if may_fail:
            self.scene.expect_failures(RECOVERY_LIMIT + AFTERMATH)
        break_it()
        start = time.monotonic()  # of what lasts, from its end
        waited = seconds_until(lambda: is_well() or self.scene.is_over.is_set(), timeout=RECOVERY_LIMIT)
        took = time.monotonic() - start
        if may_fail:
            self.scene.expect_failures_no_more(AFTERMATH)
        if waited is None:
            self.scene.record.surprise(f"Not well {RECOVERY_LIMIT:.0f} s after fault {name!r}.")
        self.recoveries[name].append(took)
        if pair is not None and name == "failover":
            pair.build_standby()

    def fill_disk_for_a_while(self) -> None:
        self.site.fill_disk()
        self.scene.is_over.wait(LASTS)
        self.site.make_room()

    def set_clock_for_a_while(self) -> None:
        for seconds in (JUMP, -JUMP):
            self.site.set_clock(seconds)
            self.scene.is_over.wait(LASTS)
        self.site.set_clock(0)

    def votes_again(self, mend: Callable[[], None] | None = None) -> Callable[[], bool]:
        """Whether the database answers and ten votes more were acknowledged after it did. What mends it is done first."""
        mark: list[int] = []
        to_do = [] if mend is None else [mend]

        def is_well() -> bool:
            while to_do:
                to_do.pop()()
            if not mark:
                if self.site.database_answers():
                    mark.append(self.scene.record.acknowledged)
                return False
            return self.scene.record.acknowledged >= mark[0] + 10

        return is_well
