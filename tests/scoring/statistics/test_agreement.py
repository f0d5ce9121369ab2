"""How far people agree: on noise, on known truth, and counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from django.utils import timezone

from annotator.consensus.agreement import krippendorff_alpha_of_counts
from annotator.models import Campaign, Vote
from annotator.quality import moderation
from annotator.scoring.statistics import agreement
from annotator.scoring.statistics.agreement import agreement_of, overlap_of
from annotator.scoring.statistics.schema import AUDIT_PAIRS, FIRST_VOTES
from tests.factories import MemberFactory, QuestionFactory
from tests.released import vote
from tests.scoring.statistics.by_hand import pair_of, people, statistics
from tests.scoring.statistics.simulated import coin_flips, simulated, tastes


@pytest.fixture
def fewer_samples(monkeypatch):
    monkeypatch.setattr(agreement, "RESAMPLES", 200)


RUNS = 80


# --- simulated


def test_coin_flips_that_stop_when_they_agree_are_no_agreement(fewer_samples):
    """Over all votes alpha would be far above 0. Its interval over the first two holds 0 about as often as it says."""
    covered, covered_by_audit, of_all, unanimous = 0, 0, [], []
    for seed in range(RUNS):
        data = simulated(seed, probabilities=coin_flips(300), audit_rate=0.3)
        [found] = agreement_of(data, [])
        covered += found.agreement.lower <= 0 <= found.agreement.upper
        covered_by_audit += found.audit.lower <= 0 <= found.audit.upper
        unanimous.append(found.agreement.unanimous.rate)
        of_all.append(krippendorff_alpha_of_counts(data.primary_counts).alpha)
    assert np.mean(of_all) > 0.05
    assert 0.89 <= covered / RUNS <= 1
    assert 0.89 <= covered_by_audit / RUNS <= 1
    assert np.mean(unanimous) == pytest.approx(1 / 4, abs=0.02)  # of two flips with four answers


@pytest.mark.parametrize("level", [0.65, 0.85])
def test_first_votes_and_audit_pairs_of_adaptive_overlap_say_what_fixed_overlap_would(level):
    shares = tastes(0, 30_000, level)
    [fixed] = agreement_of(simulated(1, probabilities=shares, votes_wanted=5, votes_max=5), [])
    [adaptive] = agreement_of(simulated(2, probabilities=shares, audit_rate=0.2), [])
    for mine, theirs in ((adaptive.agreement, fixed.agreement), (adaptive.audit, fixed.agreement)):
        assert mine.alpha == pytest.approx(theirs.alpha, abs=0.015)
        assert mine.ordinal.value == pytest.approx(theirs.ordinal.value, abs=0.02)
        assert mine.same_answer.value == pytest.approx(theirs.same_answer.value, abs=0.015)
    assert fixed.audit is None


def test_the_interval_is_wider_where_pairs_of_a_prompt_are_alike():
    shares = np.repeat(tastes(0, 200, 0.7), 10, axis=0)
    [by_prompt] = agreement_of(simulated(1, probabilities=shares, pairs_per_prompt=10), [])
    [alone] = agreement_of(simulated(1, probabilities=shares), [])
    assert by_prompt.agreement.alpha == alone.agreement.alpha
    assert (by_prompt.agreement.prompts, alone.agreement.prompts) == (200, 2000)
    widths = [each.agreement.upper - each.agreement.lower for each in (by_prompt, alone)]
    assert widths[0] > 1.2 * widths[1]
    exact, wider = alone.agreement.unanimous, by_prompt.agreement.unanimous
    assert wider.upper - wider.lower > 1.2 * (exact.upper - exact.lower)


def test_it_says_of_which_votes_it_is():
    data = simulated(0, probabilities=tastes(0, 400, 0.7), audit_rate=0.1)
    [found] = agreement_of(data, [])
    assert (found.agreement.votes_used, found.agreement.votes_per_pair) == (FIRST_VOTES, 2)
    assert (found.agreement.pairs, found.agreement.votes) == (400, 800)
    audit = int(data.pairs.is_audit.sum())
    assert (found.audit.votes_used, found.audit.votes_per_pair, found.audit.pairs) == (AUDIT_PAIRS, 7, audit)
    assert (found.audit.votes, found.audit.unanimous.n) == (7 * audit, audit)
    overlap = overlap_of(data)
    votes = data.primary_counts.sum(axis=1)
    assert (overlap.votes_wanted, overlap.votes_max, overlap.pairs_audit) == (2, 7, audit)
    assert overlap.pairs_beyond == (votes > 2).sum()
    assert overlap.pairs_stopped_early == (votes < 7).sum() > 0


def test_one_vote_a_pair_says_nothing_of_agreement_but_the_audit_pairs_do():
    [found] = agreement_of(simulated(0, probabilities=tastes(0, 400, 0.8), votes_wanted=1, audit_rate=0.2), [])
    assert (found.agreement.alpha, found.agreement.pairs, found.agreement.unanimous.n) == (None, 0, 0)
    assert found.audit.alpha > 0.3


def test_without_audit_pairs_there_is_no_figure_of_them():
    [found] = agreement_of(simulated(0, probabilities=coin_flips(50)), [])
    assert found.audit is None


# --- by hand, from the tables


@pytest.fixture
def adaptive(campaign) -> Campaign:
    Campaign.objects.filter(pk=campaign.pk).update(votes_wanted=2, votes_max=4)
    campaign.refresh_from_db()
    return campaign


def given(pair, choices: str, **fields) -> list[Vote]:
    """Votes in this order, a second apart, each by somebody new. The rows are made the other way round: that is not the order."""
    now = timezone.now()
    words = {"a": "a", "b": "b", "g": "both_good", "x": "both_bad"}
    rows = [
        vote(pair, words[choice], created_at=now + timezone.timedelta(seconds=place), **fields)
        for place, choice in reversed(list(enumerate(choices)))
    ]
    return rows[::-1]


@pytest.mark.django_db(transaction=True)
class TestFromTheTables:
    def test_first_votes_are_those_that_were_given_first(self, adaptive):
        for choices in ("abaa", "aabb", "bbaa"):
            given(pair_of(adaptive), choices)
        [found] = statistics(adaptive)["agreement"]
        # ab, aa, bb: N = 6, three a and three b; D_o = 2 / 6, D_e = 18 / 30.
        assert found["agreement"]["alpha"] == pytest.approx(1 - (2 / 6) / (18 / 30), abs=1e-6)
        assert (found["agreement"]["pairs"], found["agreement"]["votes"], found["agreement"]["prompts"]) == (3, 6, 3)
        assert found["agreement"]["unanimous"] | {"lower": 0, "upper": 0} == {
            "k": 2,
            "n": 3,
            "rate": pytest.approx(2 / 3, abs=1e-6),
            "lower": 0,
            "upper": 0,
        }
        assert found["agreement"]["leading_share"]["value"] == pytest.approx((0.5 + 1 + 1) / 3, abs=1e-6)
        assert found["agreement"]["entropy"]["value"] == pytest.approx(1 / 3, abs=1e-6)

    def test_ties_are_between_the_images_for_the_ordinal_alpha(self, adaptive):
        for choices in ("ag", "xg", "bb", "aa"):
            given(pair_of(adaptive), choices)
        [found] = statistics(adaptive)["agreement"]
        counts = [[1, 1, 0], [0, 2, 0], [0, 0, 2], [2, 0, 0]]
        expected = krippendorff_alpha_of_counts(counts, level="ordinal").alpha
        assert found["agreement"]["ordinal"]["value"] == pytest.approx(expected, abs=1e-6)
        assert found["agreement"]["alpha"] < expected

    @pytest.mark.parametrize("reason", ["undone", "suspended"])
    def test_a_void_vote_is_none_and_the_next_moves_up(self, adaptive, reason):
        pair = pair_of(adaptive)
        votes = given(pair, "abbb")
        given(pair_of(adaptive), "aa")
        assert statistics(adaptive)["agreement"][0]["agreement"]["unanimous"]["k"] == 1
        Vote.objects.filter(pk=votes[0].pk).update(void_reason=reason, voided_at=timezone.now())
        figures = statistics(adaptive)["agreement"][0]["agreement"]
        assert (figures["unanimous"]["k"], figures["votes"]) == (2, 4)

    def test_the_vote_of_somebody_suspended_is_replaced_by_a_later_one_and_comes_back(self, adaptive):
        pair = pair_of(adaptive, seats_taken=2, seats_a_on_left=2)
        gone, _ = given(pair, "ab")
        moderation.suspend_member(member=gone.assignment.member, by=None)
        assert statistics(adaptive)["agreement"][0]["agreement"]["pairs"] == 0  # until somebody else has voted
        given(pair, "b")
        assert statistics(adaptive)["agreement"][0]["agreement"]["unanimous"]["k"] == 1
        Vote.objects.update(void_reason=None, voided_at=None, voided_by=None)
        assert statistics(adaptive)["agreement"][0]["agreement"]["unanimous"]["k"] == 0

    def test_each_question_has_first_votes_of_its_own(self, adaptive):
        beauty = QuestionFactory(campaign=adaptive, slug="beauty", position=1)
        pair = pair_of(adaptive)
        for member, choices in zip(people(adaptive, 3), ("ab", "ab", "ba"), strict=True):
            cast = vote(pair, choices[0], member=member)
            vote(pair, choices[1], question=beauty, assignment__assignment=cast.assignment)
        figures = {row["question"]: row["agreement"]["unanimous"] for row in statistics(adaptive)["agreement"]}
        assert [(each["k"], each["n"]) for each in (figures["overall"], figures["beauty"])] == [(1, 1), (1, 1)]

    def test_votes_that_do_not_count_are_no_first_votes(self, adaptive):
        pair = pair_of(adaptive)
        vote(pair, "b", member=MemberFactory(campaign=adaptive, kind="machine"))
        vote(pair, "b", assignment__kind="repeat")
        given(pair, "aa")
        figures = statistics(adaptive)["agreement"][0]["agreement"]
        assert (figures["votes"], figures["unanimous"]["k"]) == (2, 1)

    def test_audit_pairs_are_beside_with_all_their_votes(self, adaptive):
        given(pair_of(adaptive, is_audit=True), "aabb")
        given(pair_of(adaptive, is_audit=True), "aaab")
        given(pair_of(adaptive), "bb")
        [found] = statistics(adaptive)["agreement"]
        assert (found["agreement"]["pairs"], found["agreement"]["unanimous"]["k"]) == (3, 3)
        assert (found["audit"]["pairs"], found["audit"]["votes"], found["audit"]["unanimous"]["k"]) == (2, 8, 0)
        expected = krippendorff_alpha_of_counts([[2, 2], [3, 1]]).alpha
        assert found["audit"]["alpha"] == pytest.approx(expected, abs=1e-6)
