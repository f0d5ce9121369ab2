"""The CPU time of the site's processes, by what they are: from /proc, and so with all threads and all children."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class CpuTimes:
    """CPU seconds until one moment."""

    of: dict[str, float]  # by role
    web: dict[int, float]  # of each web process

    def since(self, before: CpuTimes) -> dict[str, float]:
        return {role: seconds - before.of[role] for role, seconds in self.of.items()}

    def busiest_web_share(self, before: CpuTimes) -> float:
        """Of the web processes' CPU time since then: 1 / their number when all have the same."""
        spent = [seconds - before.web.get(pid, 0.0) for pid, seconds in self.web.items()]
        return max(spent) / sum(spent) if sum(spent) else 0.0


def cpu_times(roots: dict[str, list[int]]) -> CpuTimes:
    """Of the processes with these ids and their descendants, by role. A child that has ended is counted by its parent."""
    children = [child for pid in roots.get("web", []) for child in psutil.Process(pid).children()]
    return CpuTimes(
        of={role: sum(_of_tree(psutil.Process(pid)) for pid in pids) for role, pids in roots.items()},
        web={child.pid: _of_tree(child) for child in children},
    )


def memory_mb(pids: list[int]) -> float:
    """Of one of the processes that these started, on average, with its share of what it shares with others."""
    sizes = [child.memory_full_info().pss for pid in pids for child in psutil.Process(pid).children(recursive=True)]
    return sum(sizes) / max(1, len(sizes)) / 1e6


def pin(roots: dict[str, list[int]], *, database_cores: int) -> str:
    """Give PostgreSQL cores of its own and the others the rest, where there are enough for that. Returns what was done."""
    cores = sorted(psutil.Process().cpu_affinity())
    if len(cores) < 2 * database_cores:
        return "not pinned"
    for role, pids in roots.items():
        mine = cores[:database_cores] if role == "postgres" else cores[database_cores:]
        for pid in pids:
            process = psutil.Process(pid)
            for each in (process, *process.children(recursive=True)):
                each.cpu_affinity(mine)
    return f"PostgreSQL on {database_cores} of {len(cores)} cores"


def _of_tree(root: psutil.Process) -> float:
    return _of_one(root) + sum(map(_of_one, root.children(recursive=True)))


def _of_one(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
