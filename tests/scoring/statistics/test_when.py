"""When statistics are computed: when something changed, and not more often than they are worth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from annotator.models import CampaignStatistics
from annotator.scoring.consensus_writer import score_changes
from annotator.scoring.statistics import campaigns_to_compute, compute_statistics, outdate, stored_statistics
from tests.factories import CampaignFactory, ImportFactory, PairFactory
from tests.released import vote

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def campaign():
    return CampaignFactory(state="closed")


def is_due(campaign, later: timedelta = MINUTE) -> bool:
    return campaign in campaigns_to_compute(now=NOON + later)


def compute(campaign, now: datetime = NOON) -> None:
    """As on a machine that is quick."""
    compute_statistics(campaign=campaign, now=now)
    CampaignStatistics.objects.update(seconds=0)


def cast_and_score(campaign) -> None:
    vote(PairFactory(campaign=campaign), "a")
    score_changes(campaign=campaign)


def test_the_first_time_is_due_at_once(campaign):
    assert is_due(campaign, timedelta(0))


def test_nothing_new_nothing_to_do(campaign):
    cast_and_score(campaign)
    compute(campaign)
    assert not is_due(campaign, timedelta(days=9))


def test_new_votes_are_due_after_a_minute(campaign):
    compute(campaign)
    cast_and_score(campaign)
    assert not is_due(campaign, timedelta(seconds=59))
    assert is_due(campaign)


def test_void_votes_are_due_too(campaign):
    cast = vote(PairFactory(campaign=campaign), "a")
    score_changes(campaign=campaign)
    compute(campaign)
    type(cast).objects.update(void_reason="undone", voided_at=NOON)
    score_changes(campaign=campaign)
    assert is_due(campaign)


def test_votes_that_are_scored_while_it_computes_are_due_again(campaign):
    """It notes how far the scoring was before it reads, so that what it may have missed is counted the next time."""
    vote(PairFactory(campaign=campaign), "a")
    compute(campaign)
    assert stored_statistics(campaign).votes_counted == 1
    score_changes(campaign=campaign)
    assert is_due(campaign)


def test_the_slower_the_rarer(campaign):
    compute(campaign)
    cast_and_score(campaign)
    CampaignStatistics.objects.update(seconds=10)
    assert not is_due(campaign, timedelta(seconds=299))
    assert is_due(campaign, timedelta(seconds=300))


def test_an_import_and_another_question_about_groups_are_news(campaign):
    compute(campaign)
    ImportFactory(campaign=campaign, state="done", finished_at=NOON + timedelta(seconds=5))
    assert is_due(campaign)
    compute(campaign, NOON + MINUTE)
    assert not is_due(campaign, 2 * MINUTE)
    outdate(campaign)
    assert is_due(campaign, 2 * MINUTE)
    compute(campaign, NOON + 2 * MINUTE)
    assert not is_due(campaign, 3 * MINUTE)


def test_the_pace_of_an_open_campaign_is_looked_at_every_hour(campaign):
    type(campaign).objects.update(state="open")
    compute(campaign)
    assert not is_due(campaign, timedelta(minutes=59))
    assert is_due(campaign, timedelta(hours=1))


def test_the_number_of_queries_does_not_grow(campaign, django_assert_max_num_queries):
    for _ in range(2):
        for _ in range(5):
            cast_and_score(campaign)
        with django_assert_max_num_queries(18):
            compute_statistics(campaign=campaign)
    assert stored_statistics(campaign).votes_counted == 10


def test_another_campaign_is_not_due_for_it(campaign):
    other = CampaignFactory(state="closed")
    for each in (campaign, other):
        compute(each, NOON)
    cast_and_score(other)
    assert not is_due(campaign)
    assert is_due(other)
