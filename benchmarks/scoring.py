"""What it costs to turn a million votes into consensus and statistics, from the tables and back into them.

    .venv/bin/python -m benchmarks.scoring [VOTES]

A campaign is made straight in Postgres: a third as many pairs as votes, a thousand annotators of different skill, 24 generators.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

ROOT = Path(__file__).resolve().parent.parent
ANNOTATORS, GENERATORS = 1000, 24

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.support.settings")
os.environ.setdefault("DATA_DIR", str(ROOT / "var" / "bench"))

_GENERATORS_SQL = """
INSERT INTO annotator_generator (campaign_id, name) SELECT %(campaign)s, 'generator ' || n FROM generate_series(1, %(count)s) n
"""
_MAKERS_SQL = """
UPDATE annotator_image image SET generator_id = (SELECT min(id) FROM annotator_generator WHERE campaign_id = %(campaign)s)
    + hashint8(image.id)::bigint %% %(count)s + CASE WHEN hashint8(image.id)::bigint %% %(count)s < 0 THEN %(count)s ELSE 0 END
FROM annotator_prompt prompt WHERE prompt.id = image.prompt_id AND prompt.campaign_id = %(campaign)s
"""
_CATEGORIES_SQL = "UPDATE annotator_prompt SET category = 'category ' || id %% 20 WHERE campaign_id = %(campaign)s"
# Generators with a lower number are better; annotator n errs in n of 2,000 cases and answers anything then.
_VOTES_SQL = """
WITH seats AS (
    INSERT INTO annotator_assignment
        (campaign_id, member_id, pair_id, kind, state, a_on_left, created_at, lease_expires_at, closed_at)
    SELECT pair.campaign_id, %(first)s + (pair.id * 7919 + k * 131) %% %(annotators)s, pair.id, 'regular', 'answered',
           random() < 0.5, now(), now(), now() - random() * interval '20 days'
    FROM annotator_pair pair, generate_series(1, 4) k
    WHERE pair.campaign_id = %(campaign)s AND (k < 4 OR pair.id %% 3 = 0)
    RETURNING id, member_id, pair_id, closed_at
)
INSERT INTO annotator_vote (campaign_id, member_id, assignment_id, question_id, choice, elapsed_ms, created_at)
SELECT pair.campaign_id, seats.member_id, seats.id, %(question)s,
       CASE WHEN random() < (seats.member_id - %(first)s) / 2000.0
            THEN (ARRAY['a', 'b', 'both_good', 'both_bad'])[1 + floor(random() * 4)::int]
            WHEN a.generator_id + 6 * random() < b.generator_id + 6 * random() THEN 'a' ELSE 'b' END,
       1000 + floor(random() * 9000)::int, seats.closed_at
FROM seats JOIN annotator_pair pair ON pair.id = seats.pair_id
JOIN annotator_image a ON a.id = pair.image_a_id JOIN annotator_image b ON b.id = pair.image_b_id
"""


def main() -> None:
    from annotator.local.hold import hold_embedded  # noqa: PLC0415

    hold_embedded()
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)


def measure(n_votes: int) -> None:
    from annotator.choices import ConsensusMethod  # noqa: PLC0415
    from annotator.lib.arrow import snapshot  # noqa: PLC0415
    from annotator.models import Vote  # noqa: PLC0415
    from annotator.scoring import consensus_writer, label_fits, statistics  # noqa: PLC0415

    campaign = make_campaign(n_votes)
    print(f"{Vote.objects.filter(question__campaign=campaign).count():,} votes{'':<41} seconds  of them CPU here")

    def timed(what: str, act: Callable[[], Any]) -> None:
        start, cpu = time.perf_counter(), time.process_time()
        act()
        print(f"{what:<56} {time.perf_counter() - start:>8.2f} {time.process_time() - cpu:>8.2f}", flush=True)

    timed("all votes counted for the first time", lambda: consensus_writer.score_campaign(campaign=campaign))
    timed("all counted again, nothing changed", lambda: consensus_writer.score_campaign(campaign=campaign))
    timed("what changed counted, and nothing had", lambda: consensus_writer.score_changes(campaign=campaign))
    some = list(Vote.objects.filter(question__campaign=campaign).values_list("pk", flat=True)[:1000])
    Vote.objects.filter(pk__in=some).update(void_reason="undone", voided_at=campaign.created_at)
    timed("what changed counted, a thousand votes void", lambda: consensus_writer.score_changes(campaign=campaign))
    Vote.objects.filter(pk__in=some).update(void_reason=None, voided_at=None)
    timed("the statistics", lambda: statistics.compute_statistics(campaign=campaign))
    question = campaign.questions.get(position=0)
    with snapshot() as votes:
        timed("Dawid–Skene alone", lambda: label_fits.labels_of(ConsensusMethod.DAWID_SKENE, votes, question))
    campaign.consensus_method = "dawid_skene"
    timed("Dawid–Skene with all its rows written for the first time", lambda: consensus_writer.score_campaign(campaign=campaign))
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def make_campaign(n_votes: int) -> Any:
    from django.db import connection  # noqa: PLC0415

    from annotator.models import CampaignScoring, Consensus, Member, Vote  # noqa: PLC0415
    from benchmarks.support.campaigns import load_campaign, make_annotators, settle_down  # noqa: PLC0415

    campaign = load_campaign(n_votes * 3 // 10, votes_wanted=4, settle=False)
    if Vote.objects.filter(question__campaign=campaign).exists():
        Consensus.objects.filter(question__campaign=campaign).delete()
        CampaignScoring.objects.filter(campaign=campaign).delete()
        return campaign
    users = make_annotators(campaign, ANNOTATORS, name="scoring")
    first = Member.objects.filter(campaign=campaign, user__in=users).order_by("pk").values_list("pk", flat=True)[0]
    numbers = {
        "campaign": campaign.pk,
        "count": GENERATORS,
        "first": first,
        "annotators": ANNOTATORS,
        "question": campaign.questions.get(position=0).pk,
    }
    with connection.cursor() as cursor:
        for statement in (_GENERATORS_SQL, _MAKERS_SQL, _CATEGORIES_SQL, _VOTES_SQL):
            cursor.execute(statement, numbers)
    settle_down()
    return campaign


if __name__ == "__main__":
    main()
