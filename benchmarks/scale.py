"""The vote loop with 1, 2 and 4 web processes, and with 1, 2 and 4 worker processes: what does a vote cost with more of them?

Where there are four cores or more, PostgreSQL has cores of its own, and votes a second show what more processes bring. With
fewer, all share the cores, and the CPU time of a vote shows it: as long as it does not rise, more processes on more cores bring
as much more.

    make bench-scale
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from pathlib import Path

import benchmarks.support.start
from benchmarks.support.measuring import MODES, measure_votes, one_query_rate
from benchmarks.support.processes import pin
from benchmarks.support.production import served
from benchmarks.support.results import Row, median_row, provenance, ratio, write_rows
from benchmarks.support.volume import judged_campaigns

PAIRS = 100_000
SECONDS = 10.0
ROUNDS = 3
COUNTS = (1, 2, 4)
USUAL = 2  # of the processes whose number does not vary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="a file for the rows")
    arguments = parser.parse_args()
    known = provenance() | {"rounds": arguments.rounds}
    benchmarks.support.start.prepare()
    campaigns = judged_campaigns(arguments.pairs, 1)
    database_cores = max(2, (os.cpu_count() or 1) // 2)
    settings = [(count, USUAL) for count in COUNTS] + [(USUAL, count) for count in COUNTS if count != USUAL]
    rounds: defaultdict[tuple[int, int], list[Row]] = defaultdict(list)
    print(f"{'web':>4}{'workers':>9}{'votes/s':>9}{'p95':>9}{'CPU ms a vote: web':>21}{'PostgreSQL':>12}{'worker':>9}{'all':>8}")
    for _ in range(arguments.rounds):
        for web, workers in settings:
            with served(web=web, workers=workers) as site:
                cores = pin(site.roots, database_cores=database_cores)
                one_query = one_query_rate(site, campaigns[0], arguments.seconds / 2)
                row = measure_votes(site, MODES["page"], campaigns, arguments.seconds)
            about = {"web": web, "workers": workers, "pairs": arguments.pairs, "cores": cores, "one_query_per_s": one_query}
            rounds[web, workers].append(about | row | {"of_one_query": ratio(row["votes_per_s"], one_query)})
    rows = [median_row(each) | known for each in rounds.values()]
    for row in sorted(rows, key=lambda row: (row["web"], row["workers"])):
        print(
            f"{row['web']:>4}{row['workers']:>9}{row['votes_per_s']:>9.0f}{row['p95_ms']:>7.1f}ms{row['cpu_ms_web']:>21.2f}"
            f"{row['cpu_ms_postgres']:>12.2f}{row['cpu_ms_worker']:>9.2f}{row['cpu_ms']:>8.2f}"
        )
    write_rows(arguments.json, rows)


if __name__ == "__main__":
    main()
