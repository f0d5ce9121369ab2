"""Votes become consensus: what counts, what is written, and what is taken back."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from django.utils import timezone

from annotator.consensus.posterior import fit_prior, posterior
from annotator.judging.undo import undo_act
from annotator.models import (
    Assignment,
    Campaign,
    CampaignScoring,
    Consensus,
    Member,
    Pair,
    SplitPrior,
    UnscoredAssignment,
    Vote,
)
from annotator.quality.moderation import lift_suspension, suspend_member
from annotator.scoring.consensus_writer import campaigns_to_score, score_campaign, score_changes
from annotator.scoring.settling import settle_pairs
from tests.factories import CampaignFactory, MemberFactory, PairFactory, QuestionFactory
from tests.released import vote, vote_all

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 3, tzinfo=UTC)


@pytest.fixture
def campaign():
    return CampaignFactory()


@pytest.fixture
def pair(campaign):
    return PairFactory(campaign=campaign)


def void(cast: Vote, reason: str = "undone") -> None:
    Vote.objects.filter(pk=cast.pk).update(void_reason=reason, voided_at=timezone.now())


@pytest.mark.parametrize(
    ("choices", "label", "share", "agreement", "counts"),
    [
        ("a", "a", 1.0, None, (1, 0, 0, 0)),
        ("aab", "a", 2 / 3, 1 / 3, (2, 1, 0, 0)),
        ("ab", "tie", 1 / 2, 0.0, (1, 1, 0, 0)),
        ("gga", "both_good", 2 / 3, 1 / 3, (1, 0, 2, 0)),
        ("xxx", "both_bad", 1.0, 1.0, (0, 0, 0, 3)),
        ("aabbg", "tie", 2 / 5, 2 / 10, (2, 2, 1, 0)),
    ],
)
def test_it_scores_a_pair(campaign, pair, choices, label, share, agreement, counts):
    vote_all(pair, choices)
    assert score_campaign(campaign=campaign, now=MONDAY) == 1
    consensus = Consensus.objects.get()
    assert (consensus.pair, consensus.method, consensus.label) == (pair, "majority", label)
    assert (consensus.n_a, consensus.n_b, consensus.n_both_good, consensus.n_both_bad) == counts
    soft = (consensus.p_a, consensus.p_b, consensus.p_both_good, consensus.p_both_bad)
    assert sum(soft) == pytest.approx(1, abs=1e-4)
    assert min(soft) > 0  # few votes rule nothing out
    assert sorted(soft, reverse=True)[0] == pytest.approx(soft[counts.index(max(counts))], abs=1e-4)
    assert consensus.share == pytest.approx(share)
    assert 0.25 < consensus.confidence < 1
    assert consensus.agreement == (None if agreement is None else pytest.approx(agreement))
    assert consensus.computed_at == MONDAY


def test_only_live_regular_votes_count(campaign, pair):
    vote(pair, "b")
    for kind in ("training", "gold", "repeat"):
        vote(pair, "a", assignment__kind=kind)
    for reason in ("undone", "suspended", "withdrawn"):
        void(vote(pair, "a"), reason)
    vote(pair, "a", member=MemberFactory(campaign=campaign, state="withdrawn"))
    vote(pair, "a", member=MemberFactory(campaign=campaign, kind="machine"))
    score_campaign(campaign=campaign)
    consensus = Consensus.objects.get()
    assert (consensus.label, consensus.n_votes) == ("b", 1)


def test_each_question_is_scored_by_itself(campaign, pair):
    second = QuestionFactory(campaign=campaign, slug="prompt_following", position=1)
    first_vote = vote(pair, "a")
    vote(pair, "b", question=second, assignment__assignment=first_vote.assignment)
    assert score_campaign(campaign=campaign) == 1
    assert dict(Consensus.objects.values_list("question__slug", "label")) == {"overall": "a", "prompt_following": "b"}


def test_another_campaign_is_left_alone(campaign, pair):
    other = PairFactory(campaign=CampaignFactory())
    vote_all(other, "b")
    vote_all(pair, "a")
    assert score_campaign(campaign=campaign) == 1
    assert Consensus.objects.get().pair == pair
    assert score_campaign(campaign=other.campaign) == 1
    assert Consensus.objects.count() == 2


def test_scoring_again_writes_only_what_changed(campaign, pair):
    other = PairFactory(campaign=campaign)
    vote_all(pair, "aa")
    vote_all(other, "ab")
    assert score_campaign(campaign=campaign, now=MONDAY) == 2
    rows = dict(Consensus.objects.values_list("pair", "pk"))
    assert score_campaign(campaign=campaign, now=TUESDAY) == 2
    assert set(Consensus.objects.values_list("computed_at", flat=True)) == {MONDAY}
    vote_all(other, "b")
    assert score_campaign(campaign=campaign, now=TUESDAY) == 2
    assert Consensus.objects.get(pair=other).label == "b"
    assert dict(Consensus.objects.values_list("pair", "pk")) == rows


def test_a_vote_changes_its_pair_alone_until_votes_have_grown_by_a_tenth(campaign):
    pairs = [PairFactory(campaign=campaign) for _ in range(12)]
    for number, each in enumerate(pairs):
        vote_all(each, "aab" if number % 2 else "bb")  # 30 votes
    score_changes(campaign=campaign, now=MONDAY)
    for choice in "bbb":
        vote_all(pairs[0], choice)
        score_changes(campaign=campaign, now=TUESDAY)
        computed = dict(Consensus.objects.values_list("pair", "computed_at"))
        assert computed.pop(pairs[0].pk) == TUESDAY
        assert set(computed.values()) == {MONDAY}
    before = dict(Consensus.objects.exclude(pair=pairs[0]).values_list("pair", "confidence"))
    assert SplitPrior.objects.get().votes_now == 33
    vote_all(pairs[0], "b")
    score_changes(campaign=campaign, now=TUESDAY)
    after = dict(Consensus.objects.exclude(pair=pairs[0]).values_list("pair", "confidence"))
    assert all(before[pair_id] != after[pair_id] for pair_id in before)
    assert SplitPrior.objects.get().fitted_at == TUESDAY


def test_the_same_votes_end_in_the_same_numbers_however_they_came(campaign):
    pairs = [PairFactory(campaign=campaign) for _ in range(6)]
    for place in range(3):
        for number, each in enumerate(pairs):
            vote_all(each, "aabbxg"[number] if place else "a")
        score_changes(campaign=campaign)
    score_campaign(campaign=campaign)
    by_parts = list(Consensus.objects.order_by("pair").values_list("label", "share", "confidence", "p_a", "p_b", "p_both_bad"))
    Consensus.objects.all().delete()
    SplitPrior.objects.all().delete()
    score_campaign(campaign=campaign)
    assert by_parts == list(
        Consensus.objects.order_by("pair").values_list("label", "share", "confidence", "p_a", "p_b", "p_both_bad")
    )


def test_confidence_is_what_the_posterior_says_of_all_pairs(campaign):
    for number in range(20):
        vote_all(PairFactory(campaign=campaign), "aaa" if number % 4 else "abx")
    score_campaign(campaign=campaign)
    counts = np.array(Consensus.objects.order_by("pair").values_list("n_a", "n_b", "n_both_good", "n_both_bad"))
    expected = posterior(fit_prior(counts, groups=(0, 0, 1, 2)), counts)
    rows = list(Consensus.objects.order_by("pair"))
    unanimous = [row for row in rows if row.label == "a"]
    assert [row.confidence for row in rows] == pytest.approx(expected.confidence.tolist(), abs=2e-5)
    assert [row.p_a for row in rows] == pytest.approx(expected.p[:, 0].tolist(), abs=2e-5)
    assert {row.share for row in unanimous} == {1.0}
    assert max(row.confidence for row in unanimous) < 1


def test_a_campaign_that_has_no_prior_yet_is_scored_though_no_vote_changed(campaign, pair):
    vote_all(pair, "aa")
    score_changes(campaign=campaign)
    assert not is_due(campaign)
    SplitPrior.objects.all().delete()
    Consensus.objects.update(confidence=1.0)  # a share of votes, as it was before
    assert is_due(campaign)
    run_beat(campaign)
    assert not is_due(campaign)
    assert Consensus.objects.get().confidence < 1


def test_a_pair_that_lost_its_last_vote_has_no_consensus_any_more(campaign, pair):
    only = vote(pair, "a")
    score_campaign(campaign=campaign)
    void(only)
    assert score_campaign(campaign=campaign) == 0
    assert not Consensus.objects.exists()


def test_a_campaign_without_votes_or_without_a_question_has_nothing_to_score(campaign, pair):
    assert score_campaign(campaign=campaign) == 0
    assert score_campaign(campaign=CampaignFactory(question=None)) == 0


def test_the_number_of_queries_does_not_grow_with_the_pairs(campaign, django_assert_max_num_queries):
    for count in (1, 10):
        for number in range(count):
            vote_all(PairFactory(campaign=campaign), "ab" if number % 2 else "aax")
        with django_assert_max_num_queries(28):
            score_campaign(campaign=campaign)
        with django_assert_max_num_queries(10):
            settle_pairs(campaign=campaign)


# --- what changed since


def labels() -> dict[int, str]:
    return dict(Consensus.objects.filter(method="majority").values_list("pair", "label"))


def test_only_pairs_whose_votes_changed_are_counted(campaign, pair):
    other = PairFactory(campaign=campaign)
    vote_all(pair, "aa")
    vote_all(other, "b")
    assert score_changes(campaign=campaign, now=MONDAY) == 2
    assert score_changes(campaign=campaign, now=TUESDAY) == 0
    vote_all(other, "a")
    assert score_changes(campaign=campaign, now=TUESDAY) == 1
    assert labels() == {pair.pk: "a", other.pk: "tie"}
    assert not UnscoredAssignment.objects.exists()


def test_no_void_no_undo_and_no_departure_is_missed(campaign, pair):
    first, second, third = (vote(pair, choice) for choice in "aab")
    Member.objects.update(answered_count=1)
    Pair.objects.update(seats_taken=3, seats_a_on_left=3)
    score_changes(campaign=campaign)
    undo_act(assignment_id=first.assignment_id, by=first.assignment.member.user)
    assert score_changes(campaign=campaign) == 1
    assert labels() == {pair.pk: "tie"}
    suspend_member(member=second.assignment.member, by=None)
    assert score_changes(campaign=campaign) == 1
    assert labels() == {pair.pk: "b"}
    lift_suspension(member=second.assignment.member, by=None)
    assert score_changes(campaign=campaign) == 1
    assert labels() == {pair.pk: "tie"}
    # Their vote is as live as it was; it is the member who counts no longer.
    Member.objects.filter(pk=third.assignment.member_id).update(state="withdrawn")
    assert score_changes(campaign=campaign) == 1
    assert labels() == {pair.pk: "a"}
    Member.objects.filter(pk=second.assignment.member_id).update(kind="machine")
    assert score_changes(campaign=campaign) == 1
    assert labels() == {}


def test_what_changes_nothing_about_votes_is_not_noted(campaign, pair):
    cast = vote(pair, "a")
    score_changes(campaign=campaign)
    Member.objects.filter(pk=cast.assignment.member_id).update(state="paused", answered_count=7)
    assert not UnscoredAssignment.objects.exists()


def test_changes_of_another_campaign_stay_noted(campaign, pair):
    other = PairFactory(campaign=CampaignFactory())
    vote_all(other, "b")
    assert score_changes(campaign=campaign) == 0
    assert score_changes(campaign=other.campaign) == 1


def test_counting_all_finds_what_no_trigger_noted(campaign, pair):
    vote_all(pair, "a")
    UnscoredAssignment.objects.all().delete()
    assert score_changes(campaign=campaign) == 0
    assert not Consensus.objects.exists()
    assert score_campaign(campaign=campaign) == 1
    changes = CampaignScoring.objects.get().changes
    assert changes > 0
    score_campaign(campaign=campaign)
    assert CampaignScoring.objects.get().changes == changes


def test_an_unchanged_campaign_costs_the_same_few_queries_however_many_votes_it_has(campaign, django_assert_max_num_queries):
    for _ in range(2):
        for _ in range(8):
            vote_all(PairFactory(campaign=campaign), "ab")
        score_changes(campaign=campaign)
        with django_assert_max_num_queries(9):
            score_changes(campaign=campaign)


# --- which campaigns have something to score


def is_due(campaign: Campaign) -> bool:
    return campaign in campaigns_to_score()


def run_beat(campaign: Campaign) -> None:
    campaign.refresh_from_db()
    settle_pairs(campaign=campaign)
    score_changes(campaign=campaign)


def test_a_campaign_is_scored_when_its_votes_change_and_then_no_more(campaign, pair):
    other = CampaignFactory()
    assert not campaigns_to_score()
    cast = vote(pair, "a")
    assert list(campaigns_to_score()) == [campaign]
    run_beat(campaign)
    assert not campaigns_to_score()
    void(cast)
    assert list(campaigns_to_score()) == [campaign]
    run_beat(campaign)
    assert not campaigns_to_score()
    Campaign.objects.filter(pk=other.pk).update(state="draft")
    vote(PairFactory(campaign=other), "a")
    assert not campaigns_to_score()


@pytest.mark.parametrize(
    "values",
    [
        {"state": "open", "seats_taken": 3},  # may have all its votes
        {"state": "settled", "seats_taken": 2},  # lost one
    ],
)
def test_a_campaign_is_looked_at_while_a_pair_may_have_to_change(campaign, pair, values):
    Pair.objects.filter(pk=pair.pk).update(**values)
    assert is_due(campaign)
    Pair.objects.filter(pk=pair.pk).update(gold_choice="a")
    assert not is_due(campaign)


def test_a_campaign_is_looked_at_until_a_reopened_pair_is_back(campaign, pair):
    vote_all(pair, "aab")
    run_beat(campaign)
    assert not is_due(campaign)
    Pair.objects.filter(pk=pair.pk).update(state="settled", seats_taken=3)
    assert not is_due(campaign)
    Assignment.objects.filter(pk=pair.assignments.first().pk).update(state="open", closed_at=None)
    assert is_due(campaign)
    run_beat(campaign)
    assert Pair.objects.get().state == "open"


def test_a_campaign_is_scored_when_its_method_changes(campaign, pair):
    vote_all(pair, "ab")
    run_beat(campaign)
    for method in ("dawid_skene", "majority"):
        Campaign.objects.filter(pk=campaign.pk).update(consensus_method=method)
        assert is_due(campaign)
        run_beat(campaign)
        assert not is_due(campaign)
