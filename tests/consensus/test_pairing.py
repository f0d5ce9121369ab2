"""Batches of pairs: what they say about the order, and that every pair is drawn as often as its probability says."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from annotator.consensus.bradley_terry import bradley_terry_of_counts
from annotator.consensus.pairing import (
    IMAGE_SD,
    Scores,
    fit_scores,
    informative_batch,
    order_information,
    prior_of_images,
    swiss_round,
    systematic_sample,
)

ALL = np.ones((6, 6), dtype=bool)


def prior(n: int, sd: float = 1.0) -> Scores:
    return Scores(np.zeros(n), sd**2 * np.eye(n))


def votes_of(truth: np.ndarray, each: int, rng: np.random.Generator) -> np.ndarray:
    p = 1 / (1 + np.exp(truth - truth[:, None]))
    won = np.triu(rng.binomial(each, p), 1)
    return won + np.tril(each - won.T, -1)


class TestFitScores:
    def test_with_a_wide_prior_it_is_bradley_terry(self):
        points = votes_of(np.array([1.0, 0.5, 0.0, -1.5]), 200, np.random.default_rng(1))
        reference = bradley_terry_of_counts(points, np.zeros_like(points))
        found = fit_scores(points, prior(4, 1000.0))
        assert found.mean - found.mean.mean() == pytest.approx(reference.score, abs=1e-5)
        difference = found.covariance[0, 0] + found.covariance[1, 1] - 2 * found.covariance[0, 1]
        assert 0 < difference < 0.1

    def test_without_votes_it_is_the_prior(self):
        start = Scores(np.array([0.3, -0.2]), np.array([[1.0, 0.4], [0.4, 2.0]]))
        found = fit_scores(np.zeros((2, 2)), start)
        assert found.mean == pytest.approx(start.mean)
        assert found.covariance == pytest.approx(start.covariance)

    def test_one_more_step_does_not_move_it_even_after_one_sided_votes(self):
        points = np.zeros((3, 3))
        points[0, 1] = points[1, 2] = 500
        found = fit_scores(points, prior(3, 3.0))
        p = 1 / (1 + np.exp(found.mean - found.mean[:, None]))
        slope = (points - (points + points.T) * p).sum(axis=1) - found.mean / 9
        assert np.abs(slope).max() < 1e-5
        assert found.mean[0] > found.mean[1] > found.mean[2]

    def test_its_intervals_hold_scores_of_the_prior(self):
        rng = np.random.default_rng(2)
        inside = []
        for _ in range(300):
            truth = rng.normal(0, 1, 5)
            found = fit_scores(votes_of(truth, 3, rng), prior(5))
            inside.append(np.abs(found.mean - truth) < 1.96 * np.sqrt(np.diag(found.covariance)))
        assert 0.93 < np.mean(inside) < 0.97


class TestPriorOfImages:
    def test_images_take_after_their_generator(self):
        points = votes_of(np.array([2.0, 0.0, -2.0]), 100, np.random.default_rng(3))
        found = prior_of_images(np.array([0, 1, 2, 0, -1]), points)
        assert found.mean[0] == found.mean[3] > found.mean[1] > found.mean[2]
        assert found.mean[4] == 0
        assert found.covariance[0, 3] > 0 == found.covariance[0, 4]
        assert np.linalg.eigvalsh(found.covariance).min() > 0.9 * IMAGE_SD**2

    def test_without_generators_all_images_are_alike(self):
        found = prior_of_images(np.array([-1, -1]), np.zeros((0, 0)))
        assert found.mean.tolist() == [0, 0]
        assert found.covariance[0, 0] == found.covariance[1, 1] > found.covariance[0, 1] == 0


class TestInformation:
    def test_it_is_of_the_pairs_whose_order_is_open(self):
        scores = Scores(np.array([0.0, 0.1, 4.0]), 0.3 * np.eye(3))
        gain, fisher, _ = order_information(scores, votes=1)
        assert gain[0, 1] > 10 * gain[0, 2]
        assert fisher[0, 1] > 3 * fisher[0, 2]
        assert gain == pytest.approx(gain.T)

    def test_many_votes_on_a_pair_leave_less_to_learn(self):
        points = np.zeros((3, 3))
        points[0, 1] = points[1, 0] = 20
        gain, _, variance = order_information(fit_scores(points, prior(3)), votes=1)
        assert gain[0, 2] == pytest.approx(gain[1, 2])
        assert gain[0, 1] < gain[0, 2] / 2
        assert variance[0, 1] < variance[0, 2]

    def test_a_vote_tells_what_it_is_expected_to(self):
        """The mean fall in the entropy of the difference over both answers, by the posterior itself on a grid."""
        d = np.linspace(-12, 12, 4001)
        variance = 2.0
        p = 1 / (1 + np.exp(-d))
        start = np.exp(-(d**2) / (2 * variance))
        start /= start.sum()
        entropies = []
        for answer in (p, 1 - p):
            after = start * answer / (start @ answer)
            entropies.append((start @ answer) * -(after @ np.log(after)))
        expected = -(start @ np.log(start)) - sum(entropies)
        gain, _, _ = order_information(prior(2), votes=1)
        assert gain[0, 1] == pytest.approx(expected, rel=0.05)


class TestBatch:
    def batch(self, seed: int, **options):
        scores = Scores(np.array([0.0, 0.1, 3.0, 3.1, 6.0, 6.1]), 0.2 * np.eye(6))
        options = {"size": 3, "votes": 1, "random_share": 0.2, "rng": np.random.default_rng(seed)} | options
        return informative_batch(scores, options.pop("allowed", ALL), **options)

    def test_it_takes_the_open_pairs_and_some_at_random(self):
        times = Counter((pair.i, pair.j) for seed in range(500) for pair in self.batch(seed))
        assert sum(times.values()) == 1500
        assert len(times) == 15
        assert {pair for pair, _ in times.most_common(3)} == {(0, 1), (2, 3), (4, 5)}

    def test_every_pair_is_drawn_as_often_as_its_probability_says(self):
        draws = 1500
        times: Counter[tuple[int, int]] = Counter()
        probability = {}
        for seed in range(draws):
            batch = self.batch(seed)
            assert len({(pair.i, pair.j) for pair in batch}) == len(batch) == 3
            times.update((pair.i, pair.j) for pair in batch)
            probability |= {(pair.i, pair.j): pair.probability for pair in batch}
        assert sum(probability.values()) == pytest.approx(3)
        assert min(probability.values()) == pytest.approx(0.2 * 3 / 15)
        for pair, count in times.items():
            p = probability[pair]
            assert abs(count / draws - p) < 4.5 * (p * (1 - p) / draws) ** 0.5

    def test_only_pairs_that_are_allowed(self):
        allowed = ALL.copy()
        allowed[0, 1] = allowed[1, 0] = allowed[2, 3] = allowed[3, 2] = False
        assert all((pair.i, pair.j) not in {(0, 1), (2, 3)} for seed in range(100) for pair in self.batch(seed, allowed=allowed))

    def test_where_few_are_left_it_takes_them_all(self):
        allowed = np.zeros((6, 6), dtype=bool)
        allowed[1, 4] = allowed[4, 1] = allowed[0, 5] = allowed[5, 0] = True
        assert [tuple(pair) for pair in self.batch(1, allowed=allowed)] == [(0, 5, 1.0), (1, 4, 1.0)]
        assert self.batch(1, allowed=np.zeros((6, 6), dtype=bool)) == []

    def test_all_at_random_is_alike_for_all(self):
        assert {round(pair.probability, 9) for seed in range(50) for pair in self.batch(seed, random_share=1)} == {0.2}

    @pytest.mark.parametrize("share", [0, -0.1, 1.01])
    def test_it_refuses_a_share_that_leaves_pairs_out(self, share):
        with pytest.raises(ValueError, match="random_share"):
            self.batch(1, random_share=share)


def test_a_systematic_sample_has_the_probabilities_it_is_given():
    rng = np.random.default_rng(4)
    probability = np.array([0.9, 0.5, 0.3, 0.2, 0.1, 1.0])
    drawn = [systematic_sample(probability, rng) for _ in range(5000)]
    assert {len(places) for places in drawn} == {3}
    assert np.bincount(np.concatenate(drawn)) / 5000 == pytest.approx(probability, abs=0.03)


class TestSwiss:
    def test_those_who_won_as_often_meet(self):
        points = np.zeros((4, 4))
        points[0, 1] = points[2, 3] = points[0, 3] = points[2, 1] = 1  # 0 and 2 won both, 1 and 3 none
        assert [tuple(pair) for pair in swiss_round(points, points + points.T == 0, size=2, rng=np.random.default_rng(1))] == [
            (0, 2, 1.0),
            (1, 3, 1.0),
        ]

    def test_ties_are_drawn_by_lot_and_the_share_of_lots_is_the_probability(self):
        allowed = np.ones((4, 4), dtype=bool)
        times: Counter[tuple[int, int]] = Counter()
        inverse = 0.0
        for seed in range(300):
            drawn = swiss_round(np.zeros((4, 4)), allowed, size=2, rng=np.random.default_rng(seed))
            times.update((pair.i, pair.j) for pair in drawn)
            inverse += sum(1 / pair.probability for pair in drawn)
            assert len({image for pair in drawn for image in pair[:2]}) == 4
            assert all(0.08 < pair.probability < 0.65 for pair in drawn)
        assert len(times) == 6
        assert inverse / 300 == pytest.approx(6, rel=0.05)  # weights of 1 / p stand for all six pairs

    def test_who_sat_out_comes_first(self):
        points = np.zeros((3, 3))
        points[0, 1] = 1
        for seed in range(20):
            [pair] = swiss_round(points, points + points.T == 0, size=1, rng=np.random.default_rng(seed))
            assert pair.j == 2

    def test_no_two_meet_twice_and_it_ends_when_all_have_met(self):
        rng = np.random.default_rng(5)
        points = np.zeros((7, 7))
        truth = rng.normal(0, 1, 7)
        met = 0
        while drawn := swiss_round(points, points + points.T == 0, size=3, rng=rng):
            for i, j, probability in drawn:
                assert points[i, j] == points[j, i] == 0
                assert 0 < probability <= 1
                points[(i, j) if truth[i] > truth[j] else (j, i)] = 1
                met += 1
        assert met == 21


def test_it_finds_the_order_better_than_as_many_votes_on_all_pairs():
    """56 votes in each group: two for each of the 28 pairs, or one for each and the others where they say most."""
    rng = np.random.default_rng(6)
    i, j = np.triu_indices(8, 1)

    def wrong(points: np.ndarray, truth: np.ndarray) -> float:
        mean = fit_scores(points, prior(8)).mean
        step = np.round(mean[i] - mean[j], 8) * (truth[i] - truth[j])
        return float(((step < 0) + 0.5 * (step == 0)).mean())

    of_all, chosen = [], []
    for _ in range(60):
        truth = rng.normal(0, 1.5, 8)
        of_all.append(wrong(votes_of(truth, 2, rng), truth))
        points = votes_of(truth, 1, rng).astype(float)
        for _ in range(7):
            scores = fit_scores(points, prior(8))
            for a, b, _ in informative_batch(scores, np.ones((8, 8), bool), size=4, votes=1, random_share=0.2, rng=rng):
                won = rng.random() < 1 / (1 + np.exp(truth[b] - truth[a]))
                points[(a, b) if won else (b, a)] += 1
        chosen.append(wrong(points, truth))
    assert np.mean(chosen) < np.mean(of_all) * 0.9
