"""Which faults there are, which of them a run is to have, and which this machine can do."""

from __future__ import annotations

from pathlib import Path

from tests.faults.small_disk import is_small_disk
from tests.faults.standby import PG_BASEBACKUP

FAULTS = ("worker", "beat", "wipe", "valkey", "web", "postgres", "postgres-kill", "failover", "disk", "clock")
# Of Debian's package `faketime`. Without it, no clock is set.
FAKE_CLOCK = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)


def names_of(faults: str) -> list[str]:
    """`all`, `none`, some of them, or all but some: `all,-disk`. Raises SystemExit for an unknown one."""
    words = [] if faults == "none" else faults.split(",")
    named = {word.removeprefix("-") for word in words} - {"all"}
    if unknown := named - set(FAULTS):
        raise SystemExit(f"Unknown faults: {', '.join(sorted(unknown))}. Known: {', '.join(FAULTS)}.")
    return [name for name in FAULTS if f"-{name}" not in words and (name in words or "all" in words)]


def only_possible(names: list[str], folder: Path) -> list[str]:
    """Those of them that this machine can do to a site in that folder; of the others it is said why."""
    impossible = {
        "disk": "" if is_small_disk(folder) else "the data is on no small disk of its own, which only root can mount",
        "clock": "" if FAKE_CLOCK else "libfaketime is not installed",
        "failover": "" if PG_BASEBACKUP.exists() else f"there is no {PG_BASEBACKUP}, which builds the standby",
    }
    for name in names:
        if impossible.get(name):
            print(f"Without the fault {name!r}: {impossible[name]}.", flush=True)
    return [name for name in names if not impossible.get(name)]
