from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from annotator.models import Pair, PairSeats
from tests.crowds import make_pairs
from tests.factories import CampaignFactory, PairFactory

pytestmark = pytest.mark.django_db


def seats_of(pair: Pair) -> PairSeats:
    return PairSeats.objects.get(pk=pair.pk)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"seats_taken": 1}, ("free", 5)),
        ({"seats_taken": 2}, ("full", 5)),
        ({"state": "held"}, ("held", 5)),
        ({"state": "settled", "seats_taken": 1}, ("short", 5)),
        ({"state": "settled", "seats_taken": 2}, ("settled", 5)),
        ({"state": "settled", "seats_taken": 2, "is_audit": True}, ("audit", 2)),
        ({"state": "settled", "seats_taken": 1, "is_audit": True}, ("short", 5)),
        ({"gold_choice": "a"}, ("gold", 0)),
        ({"gold_choice": "a", "state": "held"}, ("gold", 0)),
    ],
)
def test_a_line_and_a_rank_say_who_looks_for_a_pair(fields, line):
    seats = seats_of(PairFactory(votes_wanted=2, priority=5, **fields))

    assert (seats.line, seats.rank) == line


def test_the_seats_know_whether_the_pair_is_gold_however_that_is_written():
    pair = PairFactory()
    Pair.objects.filter(pk=pair.pk).update(gold_choice="b")
    assert seats_of(pair).is_gold

    pair.save()  # read before: without a known answer
    assert not seats_of(pair).is_gold


def test_a_pair_and_its_seats_are_of_one_campaign():
    pair, other = PairFactory(), CampaignFactory()

    with pytest.raises(DatabaseError, match="pair_and_seats_agree"), transaction.atomic():
        Pair.objects.filter(pk=pair.pk).update(campaign=other)


def test_many_pairs_are_made_with_their_seats():
    campaign = CampaignFactory()
    pairs = make_pairs(campaign, 3, seats_taken=1, priority=2)

    assert [(pair.seats_taken, pair.priority) for pair in campaign.pairs.order_by("pk")] == [(1, 2)] * 3
    assert [pair.pk for pair in campaign.pairs.order_by("pk")] == [pair.pk for pair in pairs]
    assert PairSeats.objects.filter(of_campaign=campaign).count() == 3


def test_two_indexes_of_every_pair_and_room_for_the_next_version():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_index WHERE indrelid = 'annotator_pair_seats'::regclass AND indpred IS NULL")
        assert cursor.fetchone() == (2,)
        cursor.execute("SELECT reloptions FROM pg_class WHERE oid = 'annotator_pair_seats'::regclass")
        assert "fillfactor=70" in cursor.fetchone()[0]
