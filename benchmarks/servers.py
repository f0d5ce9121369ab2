"""The vote loop on granian and on gunicorn, each with a pool of connections and with a connection for each thread.

make bench-servers
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from pathlib import Path

import benchmarks.support.start
from benchmarks.support.measuring import CLIENTS, one_query_rate, page_votes
from benchmarks.support.production import Site
from benchmarks.support.results import Row, median_row, provenance, write_rows
from benchmarks.support.site import granian, gunicorn, running
from benchmarks.support.volume import judged_campaigns

PAIRS = 10_000
SECONDS = 10.0
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="a file for the rows")
    arguments = parser.parse_args()
    known = provenance() | {"rounds": arguments.rounds}
    benchmarks.support.start.prepare()
    campaigns = judged_campaigns(PAIRS, 1)
    kinds = [make(workers=2, threads=4, pool=pool) for make in (granian, gunicorn) for pool in (True, False)]
    print(f"{CLIENTS} annotators, 2 processes of 4 threads, {os.cpu_count()} cores, {arguments.seconds:g} s each\n")
    print(f"{'server':<36}{'votes/s':>8}{'p50':>9}{'p95':>9}{'p99':>9}{'one query/s':>13}")
    rounds: defaultdict[str, list[Row]] = defaultdict(list)
    for _ in range(arguments.rounds):  # interleaved, so that a slow moment of the machine does not count against one of them
        for server in kinds:
            with running(server) as port:
                site = Site(port, {})
                one_query = one_query_rate(site, campaigns[0], arguments.seconds / 2)
                row = page_votes(site, campaigns, arguments.seconds)
            rounds[server.name].append({"server": server.name, "one_query_per_s": one_query} | row)
    rows = [median_row(each) | known for each in rounds.values()]
    for row in rows:
        times = "".join(f"{row[name]:>7.1f}ms" for name in ("p50_ms", "p95_ms", "p99_ms"))
        print(f"{row['server']:<36}{row['votes_per_s']:>8.0f}{times}{row['one_query_per_s']:>13.0f}")
    write_rows(arguments.json, rows)


if __name__ == "__main__":
    main()
