from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps

from annotator.lib.cross_shard import crossing_tables, spread_tables, statements_of_files, statements_of_log

SPREAD = frozenset({"annotator_vote", "annotator_assignment", "annotator_member"})

# What is known to look for a row by its id alone, or by another row's. Whoever adds one says so here; whoever makes the tables
# ready for Citus begins with these.
KNOWN = {
    "campaigns/waiting.sql": ["annotator_assignment", "annotator_pair"],
    "judging/last_seats.sql": ["annotator_assignment", "annotator_member"],
    "judging/lock_assignment.sql": ["annotator_assignment"],
    "judging/own_votes.sql": ["annotator_assignment", "annotator_member", "annotator_question", "annotator_guideline"],
    "judging/queue_head.sql": ["annotator_assignment", "annotator_pair", "annotator_prompt"],
    "judging/queue_length.sql": ["annotator_assignment"],
    "judging/refill.sql": ["annotator_member"],
    "judging/vote.sql": ["annotator_assignment", "annotator_member", "annotator_pair", "annotator_prompt"],
    "scoring/answers_of_members.sql": ["annotator_assignment", "annotator_vote", "annotator_question"],
    "scoring/pairing_state.sql": ["annotator_pair_seats"],
    "scoring/roll_up.sql": ["annotator_assignment", "annotator_pair_seats", "annotator_vote"],
    "scoring/seats_of_pairs.sql": ["annotator_assignment"],
}


@pytest.mark.parametrize(
    ("sql", "crossing"),
    [
        ("SELECT 1 FROM annotator_vote WHERE id = 3", ["annotator_vote"]),
        ("SELECT campaign_id FROM annotator_vote WHERE id = 3", ["annotator_vote"]),
        ("SELECT 1 FROM annotator_vote WHERE campaign_id = 3", []),
        ("SELECT 1 FROM annotator_vote vote WHERE vote.campaign_id = 3", []),
        ('SELECT 1 FROM "annotator_vote" WHERE "annotator_vote"."campaign_id" IN (3, 4)', []),
        ("SELECT 1 FROM annotator_vote vote JOIN annotator_assignment seat ON seat.id = vote.id", SPREAD - {"annotator_member"}),
        (
            "SELECT 1 FROM annotator_vote vote JOIN annotator_assignment AS seat ON seat.id = vote.id AND seat.campaign_id = 3",
            ["annotator_vote"],
        ),
        (
            "SELECT 1 FROM annotator_vote v JOIN annotator_assignment s ON s.campaign_id = v.campaign_id WHERE v.campaign_id = 3",
            [],
        ),
        ("UPDATE annotator_member SET state = 'paused' WHERE id = 3", ["annotator_member"]),
        ("UPDATE annotator_member SET state = 'paused' WHERE id = 3 AND campaign_id = 4", []),
        ("INSERT INTO annotator_vote (id, campaign_id) VALUES (1, 2)", []),
        ("INSERT INTO annotator_vote (id) VALUES (1)", ["annotator_vote"]),
        ("SELECT 1 FROM annotator_user WHERE id = 3", []),
    ],
)
def test_a_table_of_campaigns_needs_its_campaign(sql, crossing):
    assert set(crossing_tables(sql, SPREAD)) == set(crossing)


def test_every_table_that_says_its_campaign_is_spread():
    spread = spread_tables()

    assert spread > SPREAD | {"annotator_pair", "annotator_pair_seats", "annotator_question"}
    assert spread.isdisjoint({"annotator_user", "annotator_campaign", "annotator_image"})


def test_no_other_statement_of_ours_would_cross_shards():
    found = {
        name: tables
        for name, sql in statements_of_files(Path(apps.get_app_config("annotator").path))
        if (tables := crossing_tables(sql, spread_tables()))
    }

    assert found == KNOWN


def test_a_log_has_each_statement_once_with_all_its_lines():
    lines = [
        "2026-01-01 00:00:00 UTC [7] LOG:  statement: SELECT 1\n",
        "\tFROM annotator_vote\n",
        "2026-01-01 00:00:00 UTC [7] DETAIL:  Parameters: $1 = '1'\n",
        "2026-01-01 00:00:01 UTC [7] LOG:  duration: 0.1 ms  execute _pg3_0: SELECT 2\n",
        "2026-01-01 00:00:02 UTC [7] LOG:  execute <unnamed>: SELECT 2\n",
        "2026-01-01 00:00:03 UTC [7] LOG:  checkpoint starting: time\n",
    ]

    assert list(statements_of_log(lines)) == ["SELECT 1 FROM annotator_vote", "SELECT 2"]
