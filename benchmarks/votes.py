"""The vote loop over HTTP, on the site as `make serve` starts it, in campaigns from a thousand to ten million pairs.

Clients with real sessions and CSRF tokens post votes as the page does, or scripts with tokens vote over REST. Each round measures
every size and every way to vote once, in turns, on a site of its own, beside a Django view of one query. What is printed and
written are medians of the rounds.

    make bench-votes                                             1,000 to 1,000,000 pairs
    make bench-votes ARGS="--pairs 10000000 --json votes.json"   of one size, which takes half an hour to load
    make bench-votes ARGS="--pairs 1000 --seconds 3 --rounds 1"  a minute
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Any

import benchmarks.support.start
from annotator.models import Campaign
from benchmarks.support.measuring import MODES, WARM_UP, measure_votes, one_query_rate
from benchmarks.support.plans import claiming_plan, is_index_range_scan
from benchmarks.support.production import served
from benchmarks.support.results import Row, median_row, provenance, ratio, write_rows
from benchmarks.support.volume import VOTES_A_PAIR, judged_campaigns
from benchmarks.support.writes import bytes_per_index_entry, bytes_per_row

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SECONDS = 10.0
ROUNDS = 3
FASTEST = 500  # votes a second of one client; nobody runs out of pairs who is slower
COLUMNS = (
    ("votes_per_s", "votes/s", "{:.0f}"),
    ("of_one_query", "of one query", "{:.2f}"),
    ("p50_ms", "p50", "{:.1f}"),
    ("p95_ms", "p95", "{:.1f}"),
    ("cpu_ms", "CPU ms", "{:.2f}"),
    ("cpu_ms_web", "web", "{:.2f}"),
    ("cpu_ms_postgres", "PostgreSQL", "{:.2f}"),
    ("cpu_ms_worker", "worker", "{:.2f}"),
    ("cpu_ms_valkey", "Valkey", "{:.2f}"),
    ("cpu_ms_client", "client", "{:.2f}"),
    ("web_busiest", "busiest web", "{:.0%}"),
    ("hot_share", "HOT", "{:.0%}"),
    ("index_entries", "index entries", "{:.1f}"),
    ("pages", "pages", "{:.0f}"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--modes", nargs="+", choices=list(MODES), default=list(MODES))
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that each load is counted")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--beat", action="store_true", help="with the periodic jobs, which look at all campaigns")
    parser.add_argument("--json", type=Path, help="a file for the rows")
    arguments = parser.parse_args()
    known = provenance() | {"rounds": arguments.rounds, "seconds": arguments.seconds}
    benchmarks.support.start.prepare()
    campaigns = {size: enough_campaigns(size, arguments.seconds) for size in sorted(set(arguments.pairs))}
    print_head(arguments.seconds, arguments.rounds)
    rounds: defaultdict[tuple[int, str], list[Row]] = defaultdict(list)
    for number in range(arguments.rounds):
        for size in turned(list(campaigns), number):
            for row in measure_size(campaigns[size], size, turned(arguments.modes, number), arguments.seconds, arguments.beat):
                rounds[size, row["mode"]].append(row)
    rows = [median_row(rounds[size, mode]) | known for size in campaigns for mode in arguments.modes]
    print_rows("median", rows)
    print_hot(rows)
    write_rows(arguments.json, rows)


def enough_campaigns(size: int, seconds: float) -> list[Campaign]:
    """So many that nobody judges all their pairs, however fast they are."""
    return judged_campaigns(size, int(1 + FASTEST * (WARM_UP + seconds) // size))


def measure_size(campaigns: list[Campaign], size: int, modes: list[str], seconds: float, beat: bool) -> list[Row]:
    """A row for each mode, of one round."""
    with served(beat=beat) as site:
        before = one_query_rate(site, campaigns[0], seconds / 2)
        measured = [measure_votes(site, MODES[mode], campaigns, seconds) for mode in modes]
        one_query = (before + one_query_rate(site, campaigns[0], seconds / 2)) / 2
    assert_flat(campaigns[0])
    sizes = {
        "bytes_per_vote": bytes_per_row("annotator_vote", "annotator_assignment"),
        "bytes_per_index_entry": bytes_per_index_entry("annotator_vote", "annotator_assignment"),
        "bytes_per_pair": bytes_per_row("annotator_pair", "annotator_pair_seats", "annotator_prompt", "annotator_image"),
    }
    rows: list[Row] = [
        {"pairs": size, "votes": size * VOTES_A_PAIR}
        | row
        | {"one_query_per_s": one_query, "of_one_query": ratio(row["votes_per_s"], one_query)}
        | sizes
        for row in measured
    ]
    print_rows("", rows)
    return rows


def assert_flat(campaign: Campaign) -> None:
    """The next pairs come from a range of the ring's index, whatever the campaign's size."""
    member = campaign.members.order_by("-pk").first()
    assert member is not None
    plan = claiming_plan(campaign, member)
    if not is_index_range_scan(plan):
        raise SystemExit(f"The next pairs are not found by an index range scan: {plan}")


def turned(items: list[Any], by: int) -> list[Any]:
    """The same items, begun at another one in each round, so that a slow moment does not meet the same one again."""
    start = by % len(items)
    return items[start:] + items[:start]


def print_head(seconds: float, rounds: int) -> None:
    about = provenance()
    print(f"{about['machine']}, commit {about['commit']}, {about['date']}; {seconds:g} s each, {rounds} rounds\n")
    print(f"{'pairs':>10}  {'by':<25}" + "".join(f"{title:>{width(title)}}" for _, title, _ in COLUMNS), flush=True)


def print_rows(name: str, rows: list[Row]) -> None:
    if name:
        print(f"\n{name}")
    for row in rows:
        cells = "".join(f"{shown(row[key], form):>{width(title)}}" for key, title, form in COLUMNS)
        print(f"{row['pairs']:>10,}  {row['mode']:<25}{cells}", flush=True)


def print_hot(rows: list[Row]) -> None:
    """Of each table that is updated by a vote: how many of its updates are HOT."""
    print("\nHOT updates by table")
    for row in rows:
        by_table = ", ".join(
            f"{name.removeprefix('annotator_')} {share:.0%}" for name, share in row["hot_share_by_table"].items()
        )
        print(f"{row['pairs']:>10,}  {row['mode']:<25}  {by_table}")


def width(title: str) -> int:
    return max(8, len(title) + 2)


def shown(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


if __name__ == "__main__":
    main()
