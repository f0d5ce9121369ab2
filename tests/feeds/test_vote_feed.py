"""Cursors of the vote feed."""

from __future__ import annotations

import dataclasses

import psycopg
import pytest
from django.db import connection

from annotator.errors import Conflict, Invalid
from annotator.feeds.vote_feed import ID_LIMIT, XID_LIMIT, Cursor, page_of_votes, read_cursor, server_epoch, stream_of_votes
from annotator.models import ServerEpoch
from tests.factories import CampaignFactory, VoteFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("is_before", [False, True])
@pytest.mark.parametrize(("changed_in", "vote_id"), [(0, -1), (748, 12), (XID_LIMIT, ID_LIMIT - 1)])
def test_a_cursor_is_read_as_it_was_written(changed_in, vote_id, is_before):
    position = Cursor(changed_in, vote_id, server_epoch(), is_before=is_before)

    assert read_cursor(str(position)) == position


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a-1-1",
        "c-1-1-{}",
        "a--1-1-{}",
        "a-1-1-{} ",
        "a-1-1-{}\n",
        "a-٣-1-{}",
        f"a-{XID_LIMIT + 1}-1-{{}}",
        f"a-1-{ID_LIMIT + 1}-{{}}",
    ],
)
def test_text_that_is_no_cursor_is_invalid(text):
    with pytest.raises(Invalid) as error:
        read_cursor(text.format(server_epoch()))

    assert set(error.value.errors) == {"cursor"}


def test_a_cursor_of_another_server_has_expired():
    position = Cursor(748, 12, "0123456789abcdef")

    with pytest.raises(Conflict) as error:
        read_cursor(str(position))

    assert error.value.code == "cursor_expired"


def test_the_server_has_one_name_until_it_is_another_server():
    name = server_epoch()
    assert server_epoch() == name

    ServerEpoch.objects.update(server="a copy on another machine")

    assert server_epoch() != name
    assert ServerEpoch.objects.count() == 1
    assert server_epoch() == ServerEpoch.objects.get().name


def test_an_empty_feed_starts_a_cursor_and_keeps_one_it_was_given():
    campaign = CampaignFactory()

    start = page_of_votes(campaign=campaign, position=None, since=None, size=10)
    assert (start.votes, start.previous, start.has_more) == ([], None, False)
    assert read_cursor(str(start.position)) == start.position

    position = Cursor(748, 12, server_epoch())
    page = page_of_votes(campaign=campaign, position=position, since=None, size=10)
    assert (page.votes, page.position, page.has_more) == ([], position, False)
    assert page.previous == dataclasses.replace(position, is_before=True)


@pytest.fixture
def other_database():
    """A session of another database of the server, which writes and does not end."""
    connection.ensure_connection()
    info = connection.connection.info
    parameters = {**info.get_parameters(), "dbname": "postgres"}
    with psycopg.connect(**parameters, password=info.password or None) as session:
        session.execute("SELECT pg_current_xact_id()")
        yield session
        session.rollback()


def another_session() -> psycopg.Connection:
    info = connection.connection.info
    return psycopg.connect(**info.get_parameters(), password=info.password or None)


@pytest.mark.django_db(transaction=True)
def test_an_open_transaction_of_another_database_holds_nothing_back(other_database):
    vote = VoteFactory()

    page = page_of_votes(campaign=vote.campaign, position=None, since=None, size=10)
    stream = stream_of_votes(campaign=vote.campaign, position=None, since=None)

    assert [row["vote_id"] for row in page.votes] == [vote.pk]
    assert len(list(stream.lines())) == 1


@pytest.mark.django_db(transaction=True)
def test_one_of_this_database_does_until_it_ends(other_database):
    campaign = CampaignFactory()
    with another_session() as session:
        session.execute("SELECT pg_current_xact_id()")
        vote = VoteFactory(assignment__member__campaign=campaign)
        assert page_of_votes(campaign=campaign, position=None, since=None, size=10).votes == []

    page = page_of_votes(campaign=campaign, position=None, since=None, size=10)
    assert [row["vote_id"] for row in page.votes] == [vote.pk]
