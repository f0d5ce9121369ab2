"""How much memory the processes of a site hold on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

# Words of a command, and what that process is to those who run the site; the first that is found.
KINDS = {
    "annotator.local.follow": "serve",
    "annotator.local.supervisor": "supervisor",
    "annotator.local.watchdog": "watchdog",
    "annotator.lib.limited_process": "decoder",
    "annotator.lib.beat": "beat",
    "granian": "web",
    "postgres": "postgres",  # which has workers of its own
    "valkey-server": "valkey",
    "worker": "worker",
}


class Held(NamedTuple):
    kind: str
    processes: int
    megabytes: float


def memory_of_site(data_dir: Path) -> list[Held]:
    """By kind of process, the largest first; empty where no site runs. A page that several processes share is counted once."""
    held: dict[str, list[float]] = {}
    for process in processes_of_site(data_dir):
        try:
            command, facts = " ".join(process.cmdline()), process.memory_full_info()
        except psutil.Error:  # it has just ended
            continue
        kind = next((kind for words, kind in KINDS.items() if words in command), "other")
        held.setdefault(kind, []).append(getattr(facts, "pss", facts.uss) / 1e6)  # macOS does not say who shares
    return sorted((Held(kind, len(each), sum(each)) for kind, each in held.items()), key=lambda one: -one.megabytes)


def processes_of_site(data_dir: Path) -> Iterator[psutil.Process]:
    """Those that the supervisor of the folder owns, itself, and `serve`. Not commands that are running."""
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
        except psutil.Error:
            continue
        if "annotator.local.supervisor" in command and str(data_dir) in command:
            yield process
            yield from process.children(recursive=True)
        if "annotator.local.follow" in command and f'"{data_dir / "logs"}"' in command[-1]:
            yield process
