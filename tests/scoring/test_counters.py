"""Counters that differ from what they count are found, repaired and reported; right ones are left alone."""

from __future__ import annotations

import logging

import pytest
from django.db.models import F
from prometheus_client import REGISTRY

from annotator.models import Member, Pair
from annotator.scoring import counters
from annotator.scoring.counters import Slice, check_counters, check_open_campaigns
from tests.factories import CampaignFactory, MemberFactory, PairFactory
from tests.judges import assert_seats_are_true, judge_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    """With votes on every pair, and seats that are still open."""
    campaign = CampaignFactory(votes_wanted=3, votes_max=3, state="open")
    PairFactory.create_batch(6, campaign=campaign)
    for member in MemberFactory.create_batch(2, campaign=campaign):
        judge_all(member)
    return campaign


def drift(counter: str) -> float:
    return REGISTRY.get_sample_value("diptych_counter_drift_total", {"counter": counter}) or 0.0


def test_right_counters_are_left_alone(campaign):
    before = drift("seats_taken"), drift("answered_count")

    assert check_counters(campaign=campaign) == 0
    assert (drift("seats_taken"), drift("answered_count")) == before


def test_wrong_ones_are_repaired_and_reported(campaign, caplog):
    seats, answers = drift("seats_taken"), drift("answered_count")
    first, second = campaign.pairs.order_by("pk")[:2]
    Pair.objects.filter(pk=first.pk).update(seats_taken=F("seats_taken") - 1, seats_a_on_left=0)
    Pair.objects.filter(pk=second.pk).update(votes_wanted=1, seats_taken=1, seats_a_on_left=0)
    Member.objects.filter(pk=campaign.members.earliest("pk").pk).update(answered_count=77)

    with caplog.at_level(logging.ERROR):
        assert check_counters(campaign=campaign) == 3
    assert_seats_are_true(campaign)
    assert [member.answered_count for member in campaign.members.order_by("pk")] == [6, 6]
    assert (drift("seats_taken"), drift("answered_count")) == (seats + 2, answers + 1)
    assert f"Counter drift: seats_taken of 2 in {campaign.slug} repaired, such as of [{first.pk}, {second.pk}]." in caplog.text
    campaign.refresh_from_db()
    assert campaign.progress.votes_live == 12, "the roll-up follows"
    assert check_counters(campaign=campaign) == 0


def test_a_large_campaign_is_checked_slice_by_slice(campaign, monkeypatch):
    monkeypatch.setattr(counters, "PAIRS_AT_ONCE", 2)
    counters.roll_up(campaign=campaign)
    campaign.pairs.update(seats_taken=0, seats_a_on_left=0)

    found = [check_open_campaigns(round_number=round_number) for round_number in range(3)]
    assert sum(found) == 6
    assert max(found) < 6
    assert_seats_are_true(campaign)


def test_what_is_over_is_checked_when_it_is_asked_for_alone(campaign):
    campaign.pairs.update(seats_taken=0, seats_a_on_left=0)
    type(campaign).objects.filter(pk=campaign.pk).update(state="closed")

    assert check_open_campaigns(round_number=0) == 0
    assert check_counters(campaign=campaign, pairs=Slice(0, 2)) + check_counters(campaign=campaign, pairs=Slice(1, 2)) == 6
