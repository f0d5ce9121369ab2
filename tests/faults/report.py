"""The figures of a run, and whether it was clean."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from tests.faults.attack import Attack

RECOVERY_TARGET = 5.0  # seconds; on a machine that does nothing else, so a miss does not make a run fail


def p95(seconds: list[float]) -> float:
    """The nearest rank: with fewer than twenty, the worst."""
    return sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]


def report(attack: Attack, broken: dict[str, list[tuple[Any, ...]]], *, total: float) -> bool:
    """Print what was done and found. Returns whether everything held."""
    record, manager = attack.record, attack.manager
    rate = attack.votes_at_calm / attack.seconds
    print(f"\nVotes acknowledged: {record.acknowledged:,} by {len(attack.annotators)} annotators, of {len(record.sent):,} sent")
    print(f"Seconds of attack: {attack.seconds:.1f}, {rate:.0f} votes/s; the calm end took {attack.calm_seconds:.1f} s more")
    print(f"Suspended: {manager.suspensions}, lifted: {manager.lifted}, votes restored: {manager.votes_restored}")

    print("\nAnswers by kind of request:")
    for kind in sorted({kind for kind, _ in record.answers}):
        statuses = {status: count for (of, status), count in sorted(record.answers.items()) if of == kind}
        print(f"  {kind:<22}" + "  ".join(f"{status}: {count:,}" for status, count in statuses.items()))

    print("\nFaults, and seconds until well again:")
    recoveries = attack.strikes.recoveries
    for name, seconds in sorted(recoveries.items()):
        mean = sum(seconds) / len(seconds)
        print(f"  {name:<14} {len(seconds):>3} times, mean {mean:5.1f}, p95 {p95(seconds):5.1f}, worst {max(seconds):5.1f}")
    slow = [name for name, seconds in sorted(recoveries.items()) if p95(seconds) > RECOVERY_TARGET]
    print(f"  Target, p95 of each at most {RECOVERY_TARGET:.0f} s: " + (f"not met by {', '.join(slow)}" if slow else "met"))

    print("\nInvariants:")
    for name, rows in broken.items():
        print(f"  {'FAIL' if rows else 'ok  '} {name}" + (f": {len(rows)} rows, such as {rows[:3]}" if rows else ""))
    for words, count in Counter(record.surprises).most_common(20):
        print(f"  FAIL {words} ({count} times)")
    is_clean = not record.surprises and not any(broken.values())
    print(f"\n{'Clean' if is_clean else 'BROKEN'} after {total:.1f} s in all.")
    return is_clean
