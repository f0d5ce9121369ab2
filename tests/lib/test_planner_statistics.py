"""Which tables are analyzed, and when."""

from __future__ import annotations

import pytest
from django.db import connection

from annotator.lib import arrow
from annotator.lib.planner_statistics import analyze_what_changed
from tests.factories import CampaignFactory
from tests.models.test_fields import import_pairs
from tests.without_statistics import forget_statistics

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 1000


def expected_images() -> int:
    """By the planner."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) SELECT FROM annotator_image WHERE format = 'PNG'")
        return cursor.fetchone()[0][0]["Plan"]["Plan Rows"]


def report_changes() -> None:
    """Have this session report what it changed, which it would do within a second. A table with room in it does not grow."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT 1")


def test_what_has_grown_is_analyzed_and_what_is_known_is_left_alone():
    material = {"annotator_pair", "annotator_image", "annotator_prompt"}
    import_pairs(CampaignFactory(), MANY)
    forget_statistics()
    assert material <= set(analyze_what_changed())
    assert expected_images() == 2 * MANY
    assert material.isdisjoint(analyze_what_changed())

    import_pairs(CampaignFactory(), MANY)
    report_changes()
    assert material <= set(analyze_what_changed())
    assert expected_images() == 4 * MANY


def test_a_snapshot_is_planned_with_statistics_of_now():
    import_pairs(CampaignFactory(), MANY)
    forget_statistics()

    with arrow.snapshot() as database:
        rows = database.table("SELECT reltuples FROM pg_class WHERE relname = 'annotator_pair'").to_pylist()

    assert rows == [{"reltuples": MANY}]
