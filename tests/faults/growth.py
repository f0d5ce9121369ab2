"""What the processes of a site hold – memory, open files, connections to the database – and whether it grows."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import scipy

WARM_UP = 0.25  # of the samples, in which caches fill
HERE_THROUGHOUT = 0.9  # of the other samples; a process that was there for less has no slope
KINDS = ("granian", "beat", "worker", "postgres", "valkey-server", "annotator.local.supervisor")  # words of their commands
SHARED = re.compile(r"^Pss_Shmem:\s+(\d+)", re.MULTILINE)
PROPORTIONAL = re.compile(r"^Pss:\s+(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Bound:
    """What counts as growth: more than `per_hour`, and more than `at_least` within the run, whose length may be minutes."""

    unit: str
    per_hour: float
    at_least: float


BOUNDS = {
    "memory": Bound("MB", per_hour=16, at_least=8),
    "files": Bound("files", per_hour=4, at_least=4),
    "connections": Bound("connections", per_hour=2, at_least=2),
}


@dataclass(frozen=True)
class Trend:
    """Of one thing that one process holds: the least and the steepest slope that the samples allow, at 95 %."""

    process: str
    what: str
    first: float
    last: float
    worst: float
    slope: float
    slope_low: float
    slope_high: float
    grows: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Samples:
    """Rows of (process, what) → value, with the second at which each was taken."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.rows: defaultdict[tuple[str, str], dict[int, float]] = defaultdict(dict)

    def add(self, at: float, values: Mapping[tuple[str, str], float]) -> None:
        for key, value in values.items():
            self.rows[key][len(self.seconds)] = value
        self.seconds.append(at)

    def trends(self) -> list[Trend]:
        """Of all that was there throughout, after the warm-up."""
        start = int(WARM_UP * len(self.seconds))
        found = []
        for (process, what), row in sorted(self.rows.items()):
            kept = [(self.seconds[n], value) for n, value in row.items() if n >= start]
            if len(kept) >= max(3, HERE_THROUGHOUT * (len(self.seconds) - start)):
                found.append(trend(process, what, kept))
        return found


def trend(process: str, what: str, points: list[tuple[float, float]]) -> Trend:
    """By Theil and Sen: the median of the slopes between any two samples, which no single peak moves."""
    seconds, values = [at for at, _ in points], [value for _, value in points]
    found = scipy.stats.theilslopes(values, seconds, 0.95)
    slope, low, high = (3600 * float(each) for each in (found.slope, found.low_slope, found.high_slope))
    bound = BOUNDS[what]
    grown = low / 3600 * (seconds[-1] - seconds[0])
    grows = low > bound.per_hour and grown > bound.at_least
    return Trend(process, what, values[0], values[-1], max(values), slope, low, high, grows)


def sample(root: psutil.Process, database: psycopg.Connection[Any]) -> dict[tuple[str, str], float]:
    """What the process and all its descendants hold now. Those of PostgreSQL come and go, and are one row together."""
    values: Counter[tuple[str, str]] = Counter()
    names: dict[int, str] = {}
    for process in [root, *root.children(recursive=True)]:
        try:
            name = name_of(process)
            memory, files = memory_of(process), process.num_fds()
        except (psutil.NoSuchProcess, psutil.ZombieProcess, FileNotFoundError, ProcessLookupError):
            continue
        names[process.pid] = name
        values[name, "memory"] += memory
        values[name, "files"] += files
    rows = database.execute(
        "SELECT application_name FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    ).fetchall()
    for name in names.values():
        values[name, "connections"] += 0
    values.update(Counter(connections_of(names, (row[0] for row in rows))))
    values["all", "connections"] = len(rows)
    return dict(values)


def connections_of(names: Mapping[int, str], applications: Iterable[str]) -> Iterable[tuple[str, str]]:
    """One entry per connection, by the id that the process gave as its name."""
    pids = (application.removeprefix("diptych ") for application in applications)
    return [(names[int(pid)], "connections") for pid in pids if pid.isdigit() and int(pid) in names]


def name_of(process: psutil.Process) -> str:
    """What it is, and its id."""
    words = {Path(word).name for word in (process.name(), *process.cmdline())}
    kind = next((kind for kind in KINDS if kind in words), "other").removeprefix("annotator.local.")
    return kind if kind == "postgres" else f"{kind} {process.pid}"


def memory_of(process: psutil.Process) -> float:
    """Megabytes of its own and its share of what it has with others, without the segments that PostgreSQL fills once."""
    try:
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    except FileNotFoundError:  # no Linux
        return float(process.memory_info().rss) / 1e6
    pss, shared = PROPORTIONAL.search(rollup), SHARED.search(rollup)
    return (int(pss[1]) - int(shared[1] if shared else 0)) / 1e3 if pss else 0.0
