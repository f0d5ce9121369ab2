from __future__ import annotations

import pytest
from django.db import connection

from benchmarks.support import hot
from benchmarks.support.hot import Rows

pytestmark = pytest.mark.django_db


def test_each_row_that_is_not_hot_is_an_entry_in_the_indexes_that_take_it():
    nothing = dict.fromkeys(hot.TABLES, Rows(0, 0, 0))
    after = nothing | {"annotator_assignment": Rows(10, 20, 10), "annotator_pair_seats": Rows(0, 10, 10)}

    cost = hot.cost(nothing, after, votes=10)

    assert cost.hot_share == 20 / 30
    assert cost.hot_share_of == {"annotator_assignment": 0.5, "annotator_pair_seats": 1.0}
    # Its key, the same with the campaign, once per member and pair, the member's: twice each.
    assert cost.entries_per_vote == cost.entries_per_vote_of["annotator_assignment"] == 2 * 4


def test_every_partial_index_of_the_vote_loop_is_known():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT class.relname FROM pg_index JOIN pg_class class ON class.oid = indexrelid"
            " WHERE indpred IS NOT NULL AND indrelid::regclass::text = ANY (%s)",
            [list(hot.TABLES)],
        )
        assert {name for (name,) in cursor.fetchall()} == set(hot.PARTIAL)
