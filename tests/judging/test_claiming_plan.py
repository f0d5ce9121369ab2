from __future__ import annotations

import pytest
from django.db import connection

from benchmarks.support.campaigns import give_past, load_campaign, make_annotators
from benchmarks.support.plans import claiming_plan, is_index_range_scan
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db

LOADED = 3_000
MILLION = 1_000_000


@pytest.fixture
def campaign():
    """A campaign that the planner takes for one of a million pairs and as many assignments."""
    campaign = load_campaign(LOADED, settle=False)
    give_past(campaign, make_annotators(campaign, 1, name="busy"), LOADED // 2, settle=False)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE annotator_pair_seats, annotator_assignment")
        cursor.execute(
            "UPDATE pg_class SET reltuples = %s, relpages = greatest(pg_relation_size(oid) / 8192, 1)"
            " WHERE relname IN ('annotator_pair_seats', 'pair_line', 'annotator_assignment')",
            [MILLION],
        )
    return campaign


def test_the_next_pairs_are_an_index_range_scan_at_a_million_pairs(campaign):
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN SELECT * FROM annotator_pair_seats")
        assert f"rows={MILLION}" in cursor.fetchone()[0]

    plan = claiming_plan(campaign, MemberFactory(campaign=campaign))

    assert is_index_range_scan(plan), plan


def test_without_the_index_it_would_be_no_such_scan(campaign):
    member = MemberFactory(campaign=campaign)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX pair_line")

    assert not is_index_range_scan(claiming_plan(campaign, member))
