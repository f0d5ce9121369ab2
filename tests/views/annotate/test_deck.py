"""The pairs that a page holds to go on without a network."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from annotator.judging import assigning
from annotator.judging.assigning import QUEUE_TARGET
from annotator.lib.public_ids import ASSIGNMENTS, MEMBERS
from annotator.models import Assignment, CampaignProgress, Member
from annotator.scoring.progress import roll_up
from annotator.views.annotate.page_state import LEAST_DEPTH, depth_for
from tests.factories import MemberFactory, PairFactory
from tests.views.annotate.pages import shown

pytestmark = pytest.mark.django_db


def deck(browser, whose: Member, **query: object):
    return browser.get(reverse("deck", args=[whose.campaign.slug]), query)


def test_it_gives_the_whole_queue_where_there_is_enough_for_all(browser, member):
    PairFactory.create_batch(QUEUE_TARGET, campaign=member.campaign)
    roll_up(campaign=member.campaign)

    data = deck(browser, member).json()

    assert len(data["queue"]) == len(data["cards"]) == data["depth"] == QUEUE_TARGET
    assert data["more"] is False
    assert Assignment.objects.open().filter(shown_at=None).count() == 0


def test_what_the_page_holds_is_named_and_not_sent_again(browser, member):
    first, second, *rest = deck(browser, member).json()["queue"]

    data = deck(browser, member, have=shown(ASSIGNMENTS.find(first), ASSIGNMENTS.find(second))).json()

    assert data["queue"] == [first, second, *rest]
    assert [card["assignment"] for card in data["cards"]] == rest


def test_what_the_page_holds_is_renewed_and_neither_lost_to_others_nor_taken_back(browser, member):
    """Five minutes later, with a lease that was nearly over."""
    deck(browser, member)
    Assignment.objects.update(lease_expires_at=timezone.now() + timedelta(minutes=1))
    assert deck(browser, member).json()["lease"] > 25 * 60

    later = timezone.now() + timedelta(minutes=5)
    member.campaign.pairs.update(votes_wanted=1)
    assert assigning.return_expired_seats(now=later) == 0
    assert assigning.next_assignments(member=MemberFactory(campaign=member.campaign), count=3, now=later) == []
    assert assigning.open_count(member) == 5


@pytest.mark.parametrize(
    ("wanted", "live", "open_seats", "depth"),
    [
        (0, 0, 0, LEAST_DEPTH),  # not counted yet
        (3000, 100, 320, QUEUE_TARGET),
        (40, 0, 0, QUEUE_TARGET),
        (40, 20, 0, LEAST_DEPTH),
        (300, 0, 32 * 20, LEAST_DEPTH),  # twenty people at the end of a campaign
    ],
)
def test_a_page_holds_less_where_pairs_run_out(wanted, live, open_seats, depth):
    assert depth_for(CampaignProgress(votes_wanted=wanted, votes_live=live, seats_open=open_seats)) == depth


def test_where_nothing_is_left_it_says_why(browser, member):
    Member.objects.update(state="paused")

    assert 'data-reason="member_paused"' in deck(browser, member).json()["done"]


def test_a_page_of_somebody_else_gets_nothing(browser, member):
    other = MemberFactory(campaign=member.campaign)

    response = deck(browser, member, member=MEMBERS.show(other.pk))

    assert (response.status_code, response["X-Refusal"]) == (403, "other_account")
    assert not Assignment.objects.exists()


def test_a_campaign_of_others_is_not_there(client, member):
    client.force_login(MemberFactory().user)

    response = deck(client, member)

    assert (response.status_code, response["X-Refusal"]) == (404, "not_found")
    assert deck(client, member, member=MEMBERS.show(12345)).status_code == 404


def test_it_is_only_read(browser, member):
    assert browser.post(reverse("deck", args=[member.campaign.slug])).status_code == 405
