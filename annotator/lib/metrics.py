"""What is counted and timed, for Prometheus. Costs no query; every label has few values, whatever people send.

With PROMETHEUS_MULTIPROC_DIR set (the Procfile sets it), every process of web and worker writes to files in that folder, and
each of them can answer for all. Without it a process counts for itself alone.
"""

from __future__ import annotations

import os

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from annotator.lib.metrics_files import use_reserved_files

use_reserved_files()  # before the first metric

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)  # seconds; what somebody waits for
SLOW = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800)  # what nobody waits for

VOTES = Counter(
    "diptych_votes",
    "Answers to an assignment by its kind; outcome is new, again (posted twice), or the code of the error.",
    ["kind", "outcome"],
)
IMPOSSIBLE_TIMES = Counter(
    "diptych_impossible_times", "Votes counted without their time, because the pair was sent out later than it would have begun."
)
ASSIGNMENT_WAIT = Histogram(
    "diptych_assignment_wait_seconds", "Time to hand a member the next assignments, filling the queue included.", buckets=FAST
)
REFILL_SECONDS = Histogram("diptych_refill_seconds", "Time to fill a member's queue, by a worker or not.", buckets=FAST)
FALLBACKS = Counter("diptych_refill_fallbacks", "Queues filled while a member waited, because no worker had done it.")
COUNTER_DRIFT = Counter("diptych_counter_drift", "Counters that differed from what they count, and were repaired.", ["counter"])
EXPIRED_LEASES = Counter("diptych_expired_leases", "Seats taken back because their lease ran out.")
HTTP_SECONDS = Histogram(
    "diptych_http_request_seconds", "Time until a response began, by view and status.", ["view", "status"], buckets=FAST
)
TASK_WAIT = Histogram("diptych_task_wait_seconds", "Time a task waited in the queue.", ["task"], buckets=SLOW)
TASK_SECONDS = Histogram("diptych_task_seconds", "Time a task took, by how it ended.", ["task", "state"], buckets=SLOW)


def registry() -> CollectorRegistry:
    """All that the processes of this machine have counted; where they share no folder, this process alone."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    shared = CollectorRegistry()
    MultiProcessCollector(shared)
    return shared
