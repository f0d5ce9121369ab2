"""The posterior on populations that it was not made for: what it calls probable comes true as often as it says."""

from __future__ import annotations

import json

import numpy as np
import pytest

from annotator.consensus.calibration import reliability
from annotator.consensus.majority import NO_LABEL
from annotator.consensus.posterior import (
    fit_prior,
    from_document,
    no_prior,
    posterior,
    summary_of,
    to_document,
)
from tests.consensus.populations import counted, rightness, splits, votes_in_order

PAIRS = 10_000
KINDS = ["alike 0.65", "alike 0.85", "uniform", "bimodal", "few hard", "many hard"]


def worst_bins(confidence, right, share=0.02):
    """The largest over-confidence and the largest under-confidence of bins that hold this share of pairs."""
    table = reliability(confidence, right)
    excess = table.excess[table.n >= share * len(confidence)]
    return excess.max(), excess.min()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_choices", [2, 3, 4])
def test_three_votes_err_towards_caution(kind, n_choices):
    split, truth = splits(1, kind, n_pairs=PAIRS, n_choices=n_choices)
    counts = counted(votes_in_order(2, split, 3), n_choices)

    found = posterior(fit_prior(counts), counts)

    over, under = worst_bins(found.confidence, rightness(found.first, truth))
    # Three votes do not tell all kinds of populations apart: most are met within 0.03, the others within this.
    assert over < 0.07
    assert under > -0.2
    assert abs(np.mean(found.confidence - rightness(found.first, truth))) < 0.12


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_choices", [2, 3, 4])
def test_with_seven_votes_it_is_right_as_often_as_it_says(kind, n_choices):
    split, truth = splits(3, kind, n_pairs=PAIRS, n_choices=n_choices)
    counts = counted(votes_in_order(4, split, 7), n_choices)

    found = posterior(fit_prior(counts), counts)
    right = rightness(found.first, truth)

    # Of "many hard", 0.57 and 0.95, seven votes look the same as of coin flips with easy pairs: confidence is in between.
    assert np.mean(found.confidence) == pytest.approx(right.mean(), abs=0.04)
    table = reliability(found.confidence, right)
    large = table.n >= 0.1 * PAIRS
    assert table.excess[large].max() < 0.04
    assert table.excess[large].min() > -0.12


@pytest.mark.parametrize("n_choices", [3, 4])
def test_two_choices_that_are_close_on_hard_pairs_do_not_make_it_overconfident(n_choices):
    rng = np.random.default_rng(30)
    order = np.argsort(rng.random((PAIRS, n_choices)), axis=1)
    rest = n_choices - 2
    hard, easy = [0.46, 0.42, *[0.12 / rest] * rest], [0.9, 0.08, *[0.02 / rest] * rest]
    split = np.take_along_axis(np.where(rng.random((PAIRS, 1)) < 0.5, hard, easy), order, axis=1)
    counts = counted(votes_in_order(31, split, 7), n_choices)

    found = posterior(fit_prior(counts), counts)

    over, _ = worst_bins(found.confidence, rightness(found.first, split.argmax(axis=1)))
    assert over < 0.08


@pytest.mark.parametrize("n_choices", [2, 3, 4])
@pytest.mark.parametrize("votes", [3, 5, 7])
def test_coin_flips_give_what_chance_gives(n_choices, votes):
    split, _ = splits(5, "even", n_pairs=PAIRS, n_choices=n_choices)
    counts = counted(votes_in_order(6, split, votes), n_choices)

    found = posterior(fit_prior(counts), counts)

    assert found.confidence.max() < 1 / n_choices + 0.1
    assert np.mean(found.confidence) < 1 / n_choices + 0.03
    assert summary_of(fit_prior(counts)).nearly_even > 0.9


@pytest.mark.parametrize(("split", "groups"), [([0.4, 0.4, 0.1, 0.1], (0, 0, 1, 2)), ([0.45, 0.45, 0.1], (0, 0, 1))])
@pytest.mark.parametrize("votes", [5, 7])
def test_noise_with_ties_rarer_than_wins_is_called_even(split, groups, votes):
    counts = np.random.default_rng(9).multinomial(votes, split, size=PAIRS)

    found = posterior(fit_prior(counts, groups=groups), counts)

    # The images are even on every pair: whichever of the two the label is, half of the time it is not the other.
    over, _ = worst_bins(found.confidence, np.where(counts[:, 0] == counts[:, 1], 0.5, np.isin(found.label, (0, 1)) * 0.5))
    assert over < 0.05
    assert found.confidence.max() < 0.7


def test_a_few_coin_flips_are_never_called_sure():
    for seed in range(5):
        split, _ = splits(seed, "even", n_pairs=200, n_choices=2)
        counts = counted(votes_in_order(seed + 50, split, 5), 2)
        assert posterior(fit_prior(counts), counts).confidence.max() < 0.9


def test_where_people_agree_five_votes_are_enough_for_most_pairs():
    split, _ = splits(7, "alike 0.85", n_pairs=1000, n_choices=2)
    counts = counted(votes_in_order(8, split, 5), 2)

    found = posterior(fit_prior(counts), counts)

    assert np.mean(found.confidence >= 0.9) > 0.5


@pytest.mark.parametrize("kind", ["bimodal", "uniform"])
def test_a_rule_that_stops_when_votes_agree_does_not_make_it_overconfident(kind):
    split, truth = splits(9, kind, n_pairs=PAIRS, n_choices=2)
    votes = votes_in_order(10, split, 7)
    counts = counted(votes[:, :2], 2)
    for n in range(2, 7):  # until one answer leads by two
        goes_on = (np.abs(counts[:, 0] - counts[:, 1]) < 2) & (counts.sum(axis=1) == n)
        counts[goes_on, votes[goes_on, n]] += 1

    found = posterior(fit_prior(counts), counts)

    right = rightness(found.first, truth)
    # The share of the votes on the label says far too much.
    assert np.mean(found.share) - right.mean() > 0.05
    assert np.mean(found.confidence) - right.mean() < 0.02


def test_the_same_votes_give_the_same_prior_in_any_order():
    split, _ = splits(11, "bimodal", n_pairs=500, n_choices=4)
    counts = counted(votes_in_order(12, split, 5), 4)
    shuffled = np.random.default_rng(0).permutation(counts)
    rows, number = np.unique(counts, axis=0, return_counts=True)

    weight = fit_prior(counts).weight

    assert np.array_equal(fit_prior(shuffled).weight, weight)
    assert fit_prior(rows, frequency=number).weight == pytest.approx(weight)


def test_exchangeable_choices_are_treated_alike():
    rng = np.random.default_rng(13)
    split = rng.dirichlet([0.8, 0.8, 0.1, 0.1], 2000)
    counts = rng.multinomial(5, split)
    prior = fit_prior(counts, groups=(0, 0, 1, 2))

    found, mirrored = posterior(prior, counts), posterior(prior, counts[:, [1, 0, 2, 3]])

    assert prior.groups == (0, 0, 1, 2)
    assert mirrored.confidence == pytest.approx(found.confidence)
    assert mirrored.p[:, [1, 0, 2, 3]] == pytest.approx(found.p)
    assert posterior(prior, [[2, 2, 0, 0]]).label.tolist() == [4]
    # One vote for a rare answer says less than one for a frequent answer.
    assert posterior(prior, [[0, 0, 1, 0]]).confidence[0] < posterior(prior, [[1, 0, 0, 0]]).confidence[0]


def test_choices_that_the_votes_do_not_tell_apart_are_taken_as_exchangeable():
    split, _ = splits(14, "uniform", n_pairs=1000, n_choices=3)
    counts = counted(votes_in_order(15, split, 5), 3)

    assert len(set(fit_prior(counts).groups)) == 1
    assert posterior(fit_prior(counts), [[2, 2, 1]]).label.tolist() == [3]


@pytest.mark.parametrize("classes", [(0.75, 0.25), (0.9, 0.1), (0.6, 0.3, 0.1), (0.3, 0.25, 0.2, 0.15, 0.1)])
def test_rare_labels_are_neither_believed_nor_doubted_too_much(classes):
    rng = np.random.default_rng(16)
    truth = rng.choice(len(classes), 3000, p=classes)
    top = np.where(rng.random(3000) < 0.3, rng.uniform(0.45, 0.7, 3000), rng.uniform(0.75, 1, 3000))
    split = np.repeat(((1 - top) / (len(classes) - 1))[:, None], len(classes), axis=1)
    split[np.arange(3000), truth] = top
    # Where the true answer is not the first of the split, the first counts.
    truth = split.argmax(axis=1)
    counts = rng.multinomial(5, split)

    found = posterior(fit_prior(counts), counts)

    right = rightness(found.first, truth)
    common = found.label == 0
    assert np.mean(found.confidence - right) == pytest.approx(0, abs=0.04)
    assert np.mean((found.confidence - right)[common]) < 0.05
    assert np.mean((found.confidence - right)[~common]) < 0.08


def test_labels_shares_and_what_has_no_votes():
    prior = no_prior(2)

    found = posterior(prior, [[3, 0], [1, 2], [1, 1], [0, 0]])

    assert found.label.tolist() == [0, 1, 2, NO_LABEL]
    assert found.share[:3] == pytest.approx([1, 2 / 3, 1 / 2])
    assert np.isnan(found.share[3])
    assert found.confidence[2:] == pytest.approx([0.5, 0.5])
    assert found.confidence[0] > found.confidence[1] > 0.5
    assert found.p.sum(axis=1) == pytest.approx(1)
    assert found.first.sum(axis=1) == pytest.approx(1)


def test_the_soft_label_lies_between_the_votes_and_the_mean():
    split, _ = splits(17, "uniform", n_pairs=2000, n_choices=2)
    counts = counted(votes_in_order(18, split, 4), 2)
    found = posterior(fit_prior(counts), counts)

    unanimous = counts[:, 0] == 4
    assert np.all((found.p[unanimous, 0] > 0.7) & (found.p[unanimous, 0] < 1))
    # It foretells the population better than the share of the votes does.
    assert np.mean((found.p - split) ** 2) < 0.7 * np.mean((counts / 4 - split) ** 2)


def test_the_summary_says_how_a_population_splits():
    split, _ = splits(19, "alike 0.85", n_pairs=5000, n_choices=2)
    counts = counted(votes_in_order(20, split, 7), 2)

    summary = summary_of(fit_prior(counts))

    assert summary.split == pytest.approx([0.5, 0.5])
    assert summary.agreement == pytest.approx(0.85**2 + 0.15**2, abs=0.01)
    assert summary.typical == pytest.approx(0.85, abs=0.02)
    assert summary.nearly_even < 0.02


def test_a_prior_is_kept_as_json():
    split, _ = splits(21, "bimodal", n_pairs=400, n_choices=4)
    counts = counted(votes_in_order(22, split, 5), 4)
    prior = fit_prior(counts, groups=(0, 0, 1, 2))

    document = json.loads(json.dumps(to_document(prior)))
    again = from_document(document)

    assert again is not None
    assert (again.groups, again.pairs, again.repeated, again.votes) == (prior.groups, 400, 400, 2000)
    assert posterior(again, counts).confidence == pytest.approx(posterior(prior, counts).confidence, abs=1e-6)
    assert from_document(document | {"support": 0}) is None


def test_many_votes_and_many_different_counts_are_no_trouble():
    rng = np.random.default_rng(23)
    split = rng.dirichlet([0.7] * 4, 5000)
    counts = rng.multinomial(60, split)  # nearly all different

    found = posterior(fit_prior(counts), counts)

    assert np.isfinite(found.confidence).all()
    assert found.p == pytest.approx(split, abs=0.35)
    assert np.mean(np.abs(found.p - split)) < 0.04


@pytest.mark.parametrize("n_choices", [0, 1])
def test_a_question_without_a_choice_has_nothing_to_doubt(n_choices):
    counts = np.full((2, n_choices), 3)

    assert posterior(fit_prior(counts), counts).confidence.tolist() == [float(n_choices), float(n_choices)]


def test_it_refuses_what_are_no_counts():
    with pytest.raises(ValueError, match="shape"):
        fit_prior([1, 2])
    with pytest.raises(ValueError, match="negative"):
        fit_prior([[1, -1]])
    with pytest.raises(ValueError, match="groups"):
        fit_prior([[1, 1]], groups=(0,))
    with pytest.raises(ValueError, match="frequency"):
        fit_prior([[1, 1]], frequency=[1, 2])
    with pytest.raises(ValueError, match="column for each choice"):
        posterior(no_prior(3), [[1, 1]])
