"""The same annotators on this site and on other tools, in turns: votes a second, and how many times as many.

Each round starts every tool anew on items of the same number, lets eight clients with sessions do what each tool's own page does
for a vote and the next item, and ends it. Ratios are of medians of the rounds.

    make bench-peers                                      Potato, with 1,000, 10,000 and 100,000 items
    make bench-peers ARGS="--peers potato label-studio"   Label Studio too, which takes minutes to install and to start
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import benchmarks.support.start
from benchmarks.support import peers
from benchmarks.support.measuring import CLIENTS, MODES, measure_votes, one_query_rate, send_order
from benchmarks.support.production import served
from benchmarks.support.results import Row, median_row, provenance, ratio, rounded, write_rows
from benchmarks.votes import enough_campaigns

OURS = "Diptych"
SIZES = (1_000, 10_000, 100_000)
SECONDS = 10.0
ROUNDS = 3

Peer = Callable[[Path, Path, int, int], AbstractContextManager[dict[str, Any]]]
PEERS: dict[str, Peer] = {"potato": peers.potato, "label-studio": peers.label_studio}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, help="the folder with an environment for each tool")
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), default=["potato"])
    parser.add_argument("--pairs", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="a file for the rows")
    arguments = parser.parse_args()
    known = provenance() | {"rounds": arguments.rounds}
    benchmarks.support.start.prepare()
    rounds: defaultdict[tuple[int, str], list[Row]] = defaultdict(list)
    for number in range(arguments.rounds):
        for size in arguments.pairs:
            for tool in (OURS, *arguments.peers):
                row = ours(size, arguments.seconds) if tool == OURS else theirs(tool, arguments.programs, size, arguments.seconds)
                rounds[size, row["tool"]].append(row)
                print(f"round {number + 1}  {size:>9,}  {row['tool']:<24}{row['votes_per_s']:>8.1f} votes/s", flush=True)
    rows = [median_row(each) | known for each in rounds.values()]
    for row in rows:
        [beside] = [each for each in rows if each["pairs"] == row["pairs"] and each["tool"] == OURS]
        times = ratio(beside["votes_per_s"], row["votes_per_s"])
        row["times"] = None if times is None else rounded(times)
    report(rows)
    write_rows(arguments.json, rows)


def ours(size: int, seconds: float) -> Row:
    campaigns = enough_campaigns(size, seconds)
    with served() as site:
        one_query = one_query_rate(site, campaigns[0], seconds / 2)
        measured = measure_votes(site, MODES["page"], campaigns, seconds)
    return {"pairs": size, "tool": OURS, "one_query_per_s": one_query} | measured


def theirs(name: str, programs: Path, size: int, seconds: float) -> Row:
    program = programs / name / "bin" / name
    if not program.exists():
        raise SystemExit(f"{name} is not installed. `make bench-peers` installs it.")
    with (
        tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder,
        PEERS[name](program, Path(folder), size, CLIENTS) as order,
    ):
        measured = send_order(order | {"clients": CLIENTS}, seconds)
    return {
        "pairs": size,
        "tool": f"{name} {version_of(program)}",
        "clients": CLIENTS,
        "votes_per_s": measured["per_second"],
        "p50_ms": measured["p50"],
        "p95_ms": measured["p95"],
    }


def version_of(program: Path) -> str:
    """Of the installed package, from the name of the folder that pip made for it."""
    package = {"potato": "potato_annotation", "label-studio": "label_studio"}[program.name]
    [found] = program.parent.parent.glob(f"lib/python3*/site-packages/{package}-*.dist-info")
    return found.name.removeprefix(f"{package}-").removesuffix(".dist-info")


def report(rows: list[Row]) -> None:
    print(f"\n{'items':>9}  {'tool':<24}{'votes/s':>9}{'p50':>10}{'p95':>10}{'Diptych is':>13}")
    for row in sorted(rows, key=lambda row: row["pairs"]):
        times = "" if row["tool"] == OURS or row["times"] is None else f"{row['times']:.1f} ×"
        p50, p95 = (f"{row[name]:.1f}ms" for name in ("p50_ms", "p95_ms"))
        print(f"{row['pairs']:>9,}  {row['tool']:<24}{row['votes_per_s']:>9.1f}{p50:>10}{p95:>10}{times:>13}")


if __name__ == "__main__":
    main()
