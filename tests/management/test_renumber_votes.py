"""`manage.py renumber_votes`."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from annotator.errors import Conflict
from annotator.feeds import vote_feed
from annotator.feeds.vote_feed import server_epoch
from annotator.models import ServerEpoch
from tests.factories import VoteFactory

pytestmark = pytest.mark.django_db(transaction=True)


def come_from_another_server() -> None:
    """As a copy of the database would: with numbers that are far ahead of those here."""
    ServerEpoch.objects.update_or_create(pk=1, defaults={"server": "elsewhere/00000001"})
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE annotator_vote DISABLE TRIGGER USER")
        cursor.execute("UPDATE annotator_vote SET changed_in = '9000000000'")
        cursor.execute("ALTER TABLE annotator_vote ENABLE TRIGGER USER")


def run() -> str:
    out = StringIO()
    call_command("renumber_votes", stdout=out)
    return out.getvalue()


def test_votes_of_another_server_can_be_read_after_it(monkeypatch):
    monkeypatch.setattr(vote_feed, "RENUMBERED_AT_ONCE", 2)
    VoteFactory.create_batch(5)
    come_from_another_server()

    with pytest.raises(Conflict) as error:
        server_epoch()
    assert error.value.code == "votes_not_renumbered"

    assert run() == "Votes renumbered: 5.\n"
    assert server_epoch() == ServerEpoch.objects.get().name
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM annotator_vote WHERE changed_in >= '9000000000'")
        assert cursor.fetchone() == (0,)
    assert run() == "All votes have numbers of this server.\n"


def test_without_votes_of_another_server_nothing_has_to_be_run():
    VoteFactory()
    ServerEpoch.objects.create(pk=1, server="elsewhere/00000001", name="old")

    assert server_epoch() != "old"
