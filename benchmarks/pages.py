"""What every list and page costs as a campaign grows: rows and buffers that the database reads, and CPU.

Each page is opened in this process, as a request goes through all middleware, and the database's own process is looked at beside
it. `x` is how much more the largest campaign costs than the smallest; more than 1.2 is marked.

    make bench-pages                                   1,000 to 1,000,000 pairs with three votes each
    make bench-pages ARGS="--pairs 1000 10000"         other sizes
    make bench-pages ARGS="--json pages.json"          and the rows as JSON
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

import django

from benchmarks.support.results import provenance, rounded, write_rows

ROOT = Path(__file__).resolve().parent.parent
SIZES = (1_000, 10_000, 100_000, 1_000_000)
TIMES = 10  # that each page is opened
FLAT = 1.2
NOISE = 20  # tuples or buffers that make no difference

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.support.settings")
os.environ.setdefault("DATA_DIR", str(ROOT / "var" / "bench"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--json", type=Path, help="a file for the rows")
    arguments = parser.parse_args()
    prepare()
    sizes = sorted(arguments.pairs)
    for size in sizes:  # all of them first, so that each is measured in the same database
        make(size)
    rows = [row for size in sizes for row in measure(size, arguments.times)]
    show(rows)
    write_rows(arguments.json, rows)


def prepare() -> None:
    from annotator.local.hold import hold_embedded  # noqa: PLC0415 - the settings are named above

    hold_embedded()
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)


def make(size: int) -> None:
    from annotator.judging.assigning import refill_queue  # noqa: PLC0415
    from benchmarks.support.campaigns import settle_down  # noqa: PLC0415
    from benchmarks.support.pages import compute_documents, filled_campaign  # noqa: PLC0415

    filled = filled_campaign(size)
    compute_documents(filled)
    refill_queue(member_id=filled.annotator.pk)
    settle_down()


def measure(size: int, times: int) -> list[dict[str, Any]]:
    """A row for each page."""
    from benchmarks.support.pages import addresses, filled_campaign, logged_in, look_at  # noqa: PLC0415

    filled = filled_campaign(size)
    found = []
    for name, (user, address) in addresses(filled).items():
        client = logged_in(user)
        look_at(client, address)
        look_at(client, address)  # caches and prepared plans are as they will stay
        python, server, start = time.process_time(), server_cpu(), time.perf_counter()
        reads = [look_at(client, address) for _ in range(times)]
        found.append(
            {
                "pairs": size,
                "page": name,
                "tuples": int(statistics.median(read.tuples for read in reads)),
                "buffers": int(statistics.median(read.buffers for read in reads)),
                "ms": rounded(1000 * (time.perf_counter() - start) / times),
                "cpu_ms": rounded(1000 * (time.process_time() - python) / times),
                "database_cpu_ms": rounded(1000 * (server_cpu() - server) / times),
                **provenance(),
            }
        )
    return found


def server_cpu() -> float:
    """Seconds of CPU of the database's process behind this connection."""
    from django.db import connection  # noqa: PLC0415

    connection.ensure_connection()
    fields = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(rows: list[dict[str, Any]]) -> None:
    sizes = sorted({row["pairs"] for row in rows})
    heads = "".join(f"{size:>12,}" for size in sizes)
    print(f"{os.cpu_count()} cores; tuples, then buffers, then ms of CPU (Python and database), by pairs\n")
    print(f"{'':<26}{heads}{'x':>6}{heads}{'x':>6}{heads}")
    for page in dict.fromkeys(row["page"] for row in rows):
        of_page = {row["pairs"]: row for row in rows if row["page"] == page}
        its = [of_page[size] for size in sizes]
        line = f"{page:<26}"
        for key in ("tuples", "buffers"):
            values = [row[key] for row in its]
            line += "".join(f"{value:>12,}" for value in values) + f"{growth(values):>5.2f}"
            line += " " if growth(values) <= FLAT else "!"
        line += "".join(f"{row['cpu_ms'] + row['database_cpu_ms']:>12.1f}" for row in its)
        print(line)


def growth(values: list[int]) -> float:
    """Of the last to the first; 1 where they differ by as good as nothing."""
    return 1.0 if abs(values[-1] - values[0]) <= NOISE else values[-1] / max(values[0], 1)


if __name__ == "__main__":
    main()
