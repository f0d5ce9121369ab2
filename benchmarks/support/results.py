"""Rows of results: who measured what where, medians of rounds, and the JSON files that docs are written from."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
Row = dict[str, Any]


def provenance() -> Row:
    """When, of which commit, on what machine and beside how much other work something is measured. In each row, so that rows can
    be put together."""
    load = round(os.getloadavg()[0], 1)  # of the last minute
    return {"date": datetime.now(UTC).date().isoformat(), "commit": _commit(), "machine": _machine(), "load": load}


def median_row(rounds: Iterable[Mapping[str, Any]]) -> Row:
    """Each figure's median; what is no figure is the same in all rounds. A figure that a round lacks is not counted for it."""
    listed = list(rounds)
    row: Row = {}
    for name in dict.fromkeys(name for each in listed for name in each):
        values = [each[name] for each in listed if each.get(name) is not None]
        if not values:
            row[name] = None
        elif isinstance(values[0], dict):
            row[name] = median_row(values)
        elif isinstance(values[0], int | float) and not isinstance(values[0], bool):
            row[name] = rounded(statistics.median(values))
        else:
            row[name] = values[0]
    return row


def rounded(value: float) -> float:
    """To four digits, or to a whole number: nothing here is known better."""
    return int(value) if float(value).is_integer() else float(f"{value:.4g}")


def ratio(value: float, of: float) -> float | None:
    """None where there is nothing to compare with, as on a machine that answered nothing meanwhile."""
    return value / of if of else None


def write_rows(file: Path | None, rows: list[Row]) -> None:
    """As a list with an object a row; nothing without a file."""
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n")
        print(f"\nWritten: {file}")


def read_rows(file: Path) -> list[Row]:
    rows = json.loads(file.read_text())
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{file.name} must be a JSON list with an object a row.")
    return rows


def _commit() -> str:
    git = ["git", "-C", str(ROOT)]
    found = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    if found.returncode:
        return "unknown"
    changed = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=False)
    return found.stdout.strip() + (" with changes" if changed.stdout.strip() else "")


def _machine() -> str:
    try:
        model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        model = None
    name = model[1].replace("(R)", "") if model else platform.processor() or platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{len(os.sched_getaffinity(0))} cores of {name}, {memory:.0f} GB"
