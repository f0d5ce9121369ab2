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
from functools import partial
from pathlib import Path
from typing import Any

import django
import psutil

from benchmarks.support.processes import cpu_times
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
# Of people who have not judged the pair.
_NEWS_SQL = """
WITH seats AS (
    INSERT INTO annotator_assignment
        (campaign_id, member_id, pair_id, kind, state, a_on_left, created_at, lease_expires_at, closed_at)
    SELECT %(campaign)s, member.id, pair.id, 'regular', 'answered', random() < 0.5, now(), now(), now()
    FROM (SELECT id, row_number() OVER () AS place FROM annotator_pair WHERE campaign_id = %(campaign)s
          ORDER BY random() LIMIT %(news)s) AS pair
    JOIN (SELECT id, row_number() OVER (ORDER BY random()) AS place FROM annotator_member
          WHERE campaign_id = %(campaign)s AND role = 'annotator') AS member ON member.place = 1 + pair.place %% %(people)s
    ON CONFLICT DO NOTHING
    RETURNING id, campaign_id, pair_id
)
INSERT INTO annotator_vote (campaign_id, assignment_id, question_id, choice, elapsed_ms, created_at)
SELECT campaign_id, id, %(question)s, CASE WHEN pair_id %% 3 = 0 THEN 'a' ELSE 'b' END, 2000, now() FROM seats
"""


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
        print(
            f"{row['votes']:>12,} votes, {row['how']:<22}{row['tuples']:>12,} rows read{row['cpu_ms']:>10,.0f} ms of CPU here",
            end="",
        )
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
            add_news(campaign)
            if how == "all, from the tables":
                discard(campaign)
            measured = partial(measure_campaign, campaign=campaign, now=timezone.now(), counts_all=how != "what changed")
            found.append(costs_of(measured))
    votes = Vote.objects.filter(campaign=campaign).count()
    return [
        {"votes": votes, "how": how, **{name: rounded(statistics.median(each[name] for each in found)) for name in found[0]}}
        | {"rounds": ROUNDS, **provenance()}
        for how, found in rounds.items()
    ]


def add_news(campaign: Any) -> None:
    from django.db import connection  # noqa: PLC0415

    people = campaign.members.filter(role="annotator").count()
    numbers = {"campaign": campaign.pk, "question": campaign.questions.get(position=0).pk, "people": people, "news": NEWS}
    with connection.cursor() as cursor:
        cursor.execute(_NEWS_SQL, numbers)


def costs_of(act: Callable[[], object]) -> dict[str, float]:
    before, python, server = rows_read(), time.process_time(), server_cpu()
    act()
    after = rows_read()
    return {
        "tuples": after - before,
        "cpu_ms": 1000 * (time.process_time() - python),
        "database_cpu_ms": 1000 * (server_cpu() - server),
    }


def rows_read() -> int:
    """Of tables and indexes, by all connections so far."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        time.sleep(0.2)  # until connections that have just ended have told what they read
        cursor.execute(_READ_SQL)
        return int(cursor.fetchone()[0])


def server_cpu() -> float:
    """Seconds of CPU of all of the database's processes."""
    from django.db import connection  # noqa: PLC0415

    connection.ensure_connection()
    server = psutil.Process(connection.connection.info.backend_pid).parent()
    return cpu_times({"postgres": [server.pid]}).of["postgres"] if server else 0.0


if __name__ == "__main__":
    main()
