"""The prior of a question is kept, and fitted again when the votes on it have changed by a tenth."""

from __future__ import annotations

import pytest

from annotator.models import SplitPrior, Vote
from annotator.scoring.consensus_writer import score_campaign, score_changes
from annotator.scoring.split_priors import prior_of
from tests.factories import CampaignFactory, PairFactory, QuestionFactory
from tests.released import vote, vote_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory()


def test_a_question_has_the_prior_of_its_own_votes(campaign):
    second = QuestionFactory(campaign=campaign, slug="beauty", position=1, choices=["a", "b"])
    for _ in range(10):
        pair = PairFactory(campaign=campaign)
        cast = vote(pair, "a")
        vote(pair, "b", question=second, assignment__assignment=cast.assignment)
        vote_all(pair, "aa")
    score_campaign(campaign=campaign)

    first, other = prior_of(campaign.questions.get(position=0)), prior_of(second)

    assert (first.pairs, first.repeated, first.votes, len(first.groups)) == (10, 10, 30, 4)
    assert (other.pairs, other.repeated, other.votes, len(other.groups)) == (10, 0, 10, 2)


def test_it_is_fitted_again_when_votes_grow_or_go(campaign):
    pairs = [PairFactory(campaign=campaign) for _ in range(10)]
    for pair in pairs:
        vote_all(pair, "ab")
    score_changes(campaign=campaign)
    question = campaign.questions.get(position=0)
    fitted_to = []
    for _ in range(3):
        vote_all(pairs[0], "a")
        score_changes(campaign=campaign)
        fitted_to.append((prior_of(question).votes, SplitPrior.objects.get().votes_now))
    assert fitted_to == [(20, 21), (20, 22), (23, 23)]
    for cast in Vote.objects.order_by("pk")[:3]:
        Vote.objects.filter(pk=cast.pk).update(void_reason="undone", voided_at=cast.created_at)
    score_changes(campaign=campaign)
    assert prior_of(question).votes == 20


def test_it_is_fitted_again_when_the_whole_campaign_is_scored(campaign):
    pairs = [PairFactory(campaign=campaign) for _ in range(20)]
    for pair in pairs:
        vote_all(pair, "aab")
    score_changes(campaign=campaign)
    vote_all(pairs[0], "a")
    score_changes(campaign=campaign)
    question = campaign.questions.get(position=0)
    assert prior_of(question).votes == 60
    score_campaign(campaign=campaign)
    assert prior_of(question).votes == 61


def test_a_prior_for_points_that_are_no_more_is_fitted_again(campaign):
    vote_all(PairFactory(campaign=campaign), "aab")
    score_changes(campaign=campaign)
    kept = SplitPrior.objects.get()
    SplitPrior.objects.update(document=kept.document | {"support": 0})
    question = campaign.questions.get(position=0)
    assert prior_of(question) is None
    vote_all(PairFactory(campaign=campaign), "a")
    score_changes(campaign=campaign)
    assert prior_of(question).votes == 4


def test_before_the_first_votes_there_is_none(campaign):
    assert prior_of(campaign.questions.get(position=0)) is None
