"""What each page of the console costs, small and large: queries, bytes, and CPU as a multiple of a page with one query.

The pages of both campaigns are opened in turns, so that a busy machine slows all of them alike. `x` is how much more the large
campaign costs than the small one. Marked are pages that cost over a fifth more there, or that have over 100 KB of HTML.

    make bench-console                                 1,000 and 1,000,000 pairs with five votes each
    make bench-console ARGS="--pairs 1000 10000"       other sizes
    make bench-console ARGS="--json console.json"      and the rows as JSON
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

from benchmarks import pages
from benchmarks.support.results import provenance, rounded, write_rows

ROOT = Path(__file__).resolve().parent.parent
SIZES = (1_000, 1_000_000)
VOTES_A_PAIR = 5
ROUNDS = 20
FLAT = 1.2
BYTES_MAX = 100_000

os.environ.setdefault("DATA_DIR", str(ROOT / "var" / "bench-console"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, nargs=2, default=list(SIZES), metavar=("SMALL", "LARGE"))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="a file for the rows")
    arguments = parser.parse_args()
    pages.prepare()
    from benchmarks.support import pages as filled  # noqa: PLC0415 - needs Django's settings

    filled.VOTES_A_PAIR = VOTES_A_PAIR
    for size in arguments.pairs:
        pages.make(size)
    rows = measure(arguments.pairs, arguments.rounds)
    show(rows)
    write_rows(arguments.json, rows)


def measure(sizes: list[int], rounds: int) -> list[dict[str, Any]]:
    """A row for each page."""
    from django.urls import reverse  # noqa: PLC0415

    from benchmarks.support.pages import addresses, filled_campaign, logged_in  # noqa: PLC0415

    of_size = {size: addresses(filled_campaign(size)) for size in sizes}
    names = [name for name, (_, address) in of_size[sizes[0]].items() if address.startswith("/manage/")]
    boss = of_size[sizes[0]]["campaign_page"][0]
    client = logged_in(boss)  # superusers both
    one_query = reverse("language")
    rows = []
    for name in names:
        opened = {size: of_size[size][name][1] for size in sizes}
        clients = {size: logged_in(of_size[size][name][0]) for size in sizes}
        for size in sizes:  # caches and prepared plans are as they will stay
            clients[size].get(opened[size])
            clients[size].get(opened[size])
        # Sums, because the kernel counts the database's CPU in hundredths of a second.
        costs: dict[Any, float] = dict.fromkeys((*sizes, None), 0.0)
        for _ in range(rounds):
            costs[None] += cost(client, one_query)
            for size in sizes:
                costs[size] += cost(clients[size], opened[size])
        small, large = (costs[size] / costs[None] for size in sizes)
        looked = {size: look(clients[size], opened[size]) for size in sizes}
        rows.append(
            {
                "page": name,
                "pairs": sizes,
                "queries": [looked[size][0] for size in sizes],
                "bytes": [looked[size][1] for size in sizes],
                "times_one_query": [rounded(small), rounded(large)],
                "growth": rounded(large / small),
                **provenance(),
            }
        )
    return rows


def cost(client: Any, address: str) -> float:
    """Seconds of CPU for one page, here and in the database."""
    python, server = time.thread_time(), pages.server_cpu()
    response = client.get(address)
    if response.status_code != 200:
        raise RuntimeError(f"{address} answers {response.status_code}")
    return time.thread_time() - python + pages.server_cpu() - server


def look(client: Any, address: str) -> tuple[int, int]:
    """How many queries the page takes, and bytes of its HTML."""
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    with CaptureQueriesContext(connection) as captured:
        content = client.get(address).content
    return len(captured), len(content)


def show(rows: list[dict[str, Any]]) -> None:
    small, large = rows[0]["pairs"]
    print(f"{os.cpu_count()} cores; CPU as a multiple of a page with one query\n")
    print(f"{'':<26}{'queries':>16}{'kB':>18}{'CPU':>18}{'x':>7}")
    print(f"{'pairs':<26}" + 3 * f"{small:>8,}{large:>10,}")
    for row in rows:
        line = f"{row['page']:<26}{row['queries'][0]:>8}{row['queries'][1]:>10}"
        line += "".join(f"{size / 1000:>{width}.1f}" for size, width in zip(row["bytes"], (8, 10), strict=True))
        line += "".join(f"{times:>{width}.1f}" for times, width in zip(row["times_one_query"], (8, 10), strict=True))
        is_marked = row["growth"] > FLAT or max(row["bytes"]) > BYTES_MAX
        print(f"{line}{row['growth']:>7.2f}{' !' if is_marked else ''}")


if __name__ == "__main__":
    main()
