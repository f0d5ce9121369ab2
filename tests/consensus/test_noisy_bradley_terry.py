"""Noisy Bradley–Terry: simulated skills and biases, the maximum itself, and where there is little to go by."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.bradley_terry import LEFT, TIE, NotConnected, bradley_terry
from annotator.consensus.noisy_bradley_terry import noisy_bradley_terry
from tests.consensus.simulated import noisily_compared

SCORE = np.array([2.0, 1.0, 0.2, -0.7, -2.5])
SKILL = np.concatenate([np.full(20, 0.95), np.full(10, 0.5), np.full(10, 0.05)])
LEFT_BIAS = np.concatenate([np.full(20, 0.5), np.full(10, 0.2), np.full(10, 0.9)])
SIZES = {"n_annotators": 40, "n_generators": 5}


def votes(seed: int, number: int = 20_000):
    return noisily_compared(seed, SCORE, SKILL, LEFT_BIAS, votes=number)


def test_it_recovers_scores_skills_and_biases():
    result = noisy_bradley_terry(*votes(0), **SIZES)
    assert result.converged
    assert result.score == pytest.approx(SCORE, abs=0.25)
    assert result.skill == pytest.approx(SKILL, abs=0.15)
    assert result.left_bias[20:] == pytest.approx(LEFT_BIAS[20:], abs=0.12)
    plain = bradley_terry(*votes(0)[1:], n_generators=5)
    assert np.abs(result.score - SCORE).max() < np.abs(plain.score - SCORE).max() / 2


def test_the_intervals_cover_about_as_often_as_they_say():
    covered = []
    for seed in range(40):
        result = noisy_bradley_terry(*votes(seed, 4000), **SIZES)
        covered.append((result.lower <= SCORE) & (result.upper >= SCORE))
    assert 0.88 <= np.mean(covered) <= 1.0


def test_one_more_step_does_not_move_it():
    result = noisy_bradley_terry(*votes(1), **SIZES)
    again = noisy_bradley_terry(*votes(1), **SIZES, tolerance=0.0, iterations_max=result.iterations + 1)
    assert again.iterations == result.iterations + 1
    for one, other in [(result.score, again.score), (result.skill, again.skill), (result.left_bias, again.left_bias)]:
        assert np.abs(one - other).max() < 1e-6


def test_no_small_move_is_more_probable():
    annotator, left, right, winner = votes(2, 3000)
    winner = np.where(np.random.default_rng(0).random(3000) < 0.2, TIE, winner)
    result = noisy_bradley_terry(annotator, left, right, winner, **SIZES)

    def log_posterior(score, skill, left_bias):
        p = 1 / (1 + np.exp(score[right] - score[left]))
        p = skill[annotator] * p + (1 - skill[annotator]) * left_bias[annotator]
        y = np.where(winner == TIE, 0.5, winner == LEFT)
        likelihood = (y * np.log(p) + (1 - y) * np.log(1 - p)).sum()
        prior = -(score**2).sum() / 18 + (8 * np.log(skill) + np.log(1 - skill)).sum()
        return likelihood + prior + (np.log(left_bias) + np.log(1 - left_bias)).sum()

    best = log_posterior(result.score, result.skill, result.left_bias)
    assert best == pytest.approx(result.log_posterior)
    rng = np.random.default_rng(1)
    for _ in range(50):
        score = result.score + rng.normal(0, 1e-3, 5)
        skill = np.clip(result.skill + rng.normal(0, 1e-3, 40), 1e-6, 1 - 1e-6)
        left_bias = np.clip(result.left_bias + rng.normal(0, 1e-3, 40), 1e-6, 1 - 1e-6)
        assert log_posterior(score, skill, left_bias) < best


def test_mirrored_votes_have_mirrored_biases():
    annotator, left, right, winner = votes(3, 4000)
    one = noisy_bradley_terry(annotator, left, right, winner, **SIZES)
    mirrored = noisy_bradley_terry(annotator, right, left, 1 - winner, **SIZES)
    assert mirrored.score == pytest.approx(one.score, abs=1e-5)
    assert mirrored.left_bias == pytest.approx(1 - one.left_bias, abs=1e-5)


def test_generators_that_never_met_are_refused_or_split():
    rows = ([0, 0, 0, 0], [0, 1, 2, 3], [1, 0, 3, 2], [LEFT, LEFT, LEFT, TIE])
    with pytest.raises(NotConnected, match="never compared with each other"):
        noisy_bradley_terry(*rows, n_annotators=1, n_generators=4)
    result = noisy_bradley_terry(*rows, n_annotators=1, n_generators=4, split=True)
    assert result.group.tolist() == [0, 0, 1, 1]
    assert result.score[:2].sum() == pytest.approx(0, abs=1e-9)


def test_little_to_go_by():
    none = np.zeros(0, dtype=int)
    empty = noisy_bradley_terry(none, none, none, none, n_annotators=0, n_generators=0)
    assert empty.converged
    alone = noisy_bradley_terry(none, none, none, none, n_annotators=1, n_generators=1)
    assert np.isnan([alone.score[0], alone.skill[0], alone.left_bias[0]]).all()
    one_vote = noisy_bradley_terry([0], [0], [1], [LEFT], n_annotators=2, n_generators=2)
    assert one_vote.converged
    assert one_vote.score[0] > one_vote.score[1]
    assert one_vote.votes.tolist() == [1, 0]


def test_ties_all_over_are_no_difference():
    result = noisy_bradley_terry([0, 0, 0], [0, 1, 2], [1, 2, 0], [TIE] * 3, n_annotators=1, n_generators=3)
    assert result.converged
    assert result.score == pytest.approx([0, 0, 0], abs=1e-6)
