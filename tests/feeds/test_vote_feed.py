"""Cursors of the vote feed."""

from __future__ import annotations

import dataclasses

import pytest

from annotator.errors import Conflict, Invalid
from annotator.feeds.vote_feed import ID_LIMIT, XID_LIMIT, Cursor, page_of_votes, read_cursor, server_epoch
from annotator.models import ServerEpoch
from tests.factories import CampaignFactory

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
    with pytest.raises(Invalid) as refusal:
        read_cursor(text.format(server_epoch()))

    assert set(refusal.value.errors) == {"cursor"}


def test_a_cursor_of_another_server_has_expired():
    position = Cursor(748, 12, "0123456789abcdef")

    with pytest.raises(Conflict) as refusal:
        read_cursor(str(position))

    assert refusal.value.code == "cursor_expired"


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
