"""What a review of the annotators costs after a thousand new votes: rows and CPU, as it is, and counted from all votes.

    .venv/bin/python -m benchmarks.review                           100,000 and 1,000,000 votes
    .venv/bin/python -m benchmarks.review --votes 100000 --json review.json
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

from benchmarks.support.results import provenance, rounded, write_rows

ROOT = Path(__file__).resolve().parent.parent
SIZES = (100_000, 1_000_000)
NEWS, ROUNDS = 1_000, 3

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.support.settings")
os.environ.setdefault("DATA_DIR", str(ROOT / "var" / "bench"))

_READ_SQL = """
SELECT (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables)
     + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)
"""
# Each void for a moment: that is as much news as votes that are cast.
_NEWS_SQL = """
UPDATE annotator_vote SET void_reason = void_reason
WHERE id IN (SELECT id FROM annotator_vote WHERE campaign_id = %(campaign)s ORDER BY random() LIMIT %(news)s)
"""
_VOID_SQL = "UPDATE annotator_vote SET void_reason = 'undone', voided_at = now() WHERE id = ANY (%s)"
_LIVE_SQL = "UPDATE annotator_vote SET void_reason = NULL, voided_at = NULL WHERE id = ANY (%s)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--votes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--json", type=Path, help="a file for the rows")
    arguments = parser.parse_args()
    from annotator.local.hold import hold_embedded  # noqa: PLC0415 - the settings are named above

    hold_embedded()
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    rows = [row for votes in sorted(arguments.votes) for row in measure(votes)]
    for row in rows:
        print(f"{row['votes']:>12,} votes, {row['how']:<22}{row['tuples']:>12,} rows read{row['cpu_ms']:>10,.0f} ms of CPU here", end="")
        print(f"{row['database_cpu_ms']:>10,.0f} ms in the database")
    write_rows(arguments.json, rows)


def measure(n_votes: int) -> list[dict[str, Any]]:
    from django.utils import timezone  # noqa: PLC0415

    from annotator.feeds.vote_columns import discard  # noqa: PLC0415
    from annotator.models import Vote  # noqa: PLC0415
    from annotator.quality.annotator_metrics import measure_campaign  # noqa: PLC0415
    from benchmarks.scoring import make_campaign  # noqa: PLC0415

    campaign = make_campaign(n_votes)
    measure_campaign(campaign=campaign, now=timezone.now())
    rounds: dict[str, list[dict[str, Any]]] = {"what changed": [], "all, in columns": [], "all, from the tables": []}
    for _ in range(ROUNDS):
        for how, found in rounds.items():
            change_some(campaign)
            if how == "all, from the tables":
                discard(campaign)
            counts_all = how != "what changed"
            found.append(costs_of(lambda every=counts_all: measure_campaign(campaign=campaign, now=timezone.now(), counts_all=every)))
    votes = Vote.objects.filter(campaign=campaign).count()
    return [
        {"votes": votes, "how": how, **{name: rounded(statistics.median(each[name] for each in found)) for name in found[0]}}
        | {"rounds": ROUNDS, **provenance()}
        for how, found in rounds.items()
    ]


def change_some(campaign: Any) -> None:
    """Void and restore votes, which is read as new ones are: half of them stay void."""
    from django.db import connection  # noqa: PLC0415

    from annotator.models import Vote  # noqa: PLC0415

    chosen = list(Vote.objects.filter(campaign=campaign).order_by("-pk").values_list("pk", flat=True)[: 2 * NEWS])
    with connection.cursor() as cursor:
        cursor.execute(_LIVE_SQL, [chosen[::2]])
        cursor.execute(_VOID_SQL, [chosen[1::2]])
        chosen.reverse()


def costs_of(act: Callable[[], object]) -> dict[str, float]:
    before, python, server = rows_read(), time.process_time(), server_cpu()
    act()
    after = rows_read()
    return {
        "tuples": after - before,
        "cpu_ms": 1000 * (time.process_time() - python),
        "database_cpu_ms": 1000 * (server_cpu() - server),
    }
