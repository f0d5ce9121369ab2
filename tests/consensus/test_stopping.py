"""The stopping rule: who stops is right as often as promised, and nobody stops on the strength of a guess."""

from __future__ import annotations

import time

import numpy as np
import pytest

from annotator.consensus.posterior import Prior, fit_prior, no_prior, posterior
from annotator.consensus.stopping import PAIRS_MIN, expected_saving, is_decided, knows_enough
from tests.consensus.populations import counted, rightness, splits, votes_in_order

VOTES_MIN, VOTES_MAX = 2, 7


def mixed(seed: int, agreement: float, *, n_pairs: int, n_choices: int):
    """Hard and easy pairs, on which people are with the most common answer this often on average."""
    rng = np.random.default_rng(seed)
    hard, easy = 1 / n_choices + 0.05, min(0.97, agreement + 0.17)
    is_hard = rng.random(n_pairs) < (easy - agreement) / (easy - hard)
    top = np.where(is_hard, hard, easy)
    truth = rng.integers(0, n_choices, n_pairs)
    split = np.repeat(((1 - top) / (n_choices - 1))[:, None], n_choices, axis=1)
    split[np.arange(n_pairs), truth] = top
    return split, truth


def run(votes: np.ndarray, n_choices: int, *, stop_confidence: float = 0.9) -> tuple[np.ndarray, Prior]:
    """The counts at which each pair stops, with the prior fitted again after each round."""
    counts = counted(votes[:, :VOTES_MIN], n_choices)
    is_open = np.ones(len(votes), dtype=bool)
    for n in range(VOTES_MIN, VOTES_MAX):
        prior = fit_prior(counts)
        is_open &= ~is_decided(prior, counts, votes_max=VOTES_MAX, stop_confidence=stop_confidence)
        counts[is_open, votes[is_open, n]] += 1
    return counts, fit_prior(counts)


def votes_for(accuracy: float, votes: np.ndarray, truth: np.ndarray, n_choices: int) -> float:
    """The fixed overlap that is right as often."""
    fixed = [rightness(counted(votes[:, :n], n_choices), truth).mean() for n in range(VOTES_MIN, VOTES_MAX + 1)]
    best = np.maximum.accumulate(fixed) + np.arange(len(fixed)) * 1e-9
    return float(np.interp(accuracy, best, np.arange(VOTES_MIN, VOTES_MAX + 1)))


@pytest.mark.parametrize("n_choices", [2, 3, 4])
@pytest.mark.parametrize("agreement", [0.65, 0.75, 0.85])
def test_of_pairs_stopped_at_nine_tenths_nine_tenths_are_right(n_choices, agreement):
    split, truth = mixed(1, agreement, n_pairs=4000, n_choices=n_choices)
    votes = votes_in_order(2, split, VOTES_MAX)

    counts, prior = run(votes, n_choices)

    right = rightness(posterior(prior, counts).first, truth)
    early = counts.sum(axis=1) < VOTES_MAX
    assert right[early].mean() >= 0.88
    spent, as_good = counts.sum(axis=1).mean(), votes_for(right.mean(), votes, truth, n_choices)
    # With two choices and 65 or 75 % agreement, a lead takes nearly all of seven votes to be sure of.
    least = {(2, 0.65): 0.05, (2, 0.75): 0.2}.get((n_choices, agreement), 0.25)
    assert 1 - spent / as_good >= least
    found = expected_saving(prior, votes_min=VOTES_MIN, votes_max=VOTES_MAX, stop_confidence=0.9)
    assert found.right_of_stopped == pytest.approx(right[early].mean(), abs=0.05)
    assert found.accuracy == pytest.approx(right.mean(), abs=0.05)


@pytest.mark.parametrize("n_choices", [2, 4])
def test_of_coin_flips_hardly_any_stops_early(n_choices):
    split, _ = splits(3, "even", n_pairs=1000, n_choices=n_choices)

    counts, prior = run(votes_in_order(4, split, VOTES_MAX), n_choices)

    assert np.mean(counts.sum(axis=1) < VOTES_MAX) < 0.02
    assert expected_saving(prior, votes_min=VOTES_MIN, votes_max=VOTES_MAX, stop_confidence=0.9).saving == 0


def test_before_enough_pairs_are_known_none_stops():
    few, enough = fit_prior([[3, 0]] * (PAIRS_MIN - 1)), fit_prior([[3, 0]] * PAIRS_MIN)
    counts = [[3, 0], [6, 0], [7, 0]]

    assert is_decided(few, counts, votes_max=7, stop_confidence=0.9).tolist() == [False, False, True]
    assert is_decided(enough, counts, votes_max=7, stop_confidence=0.9).tolist() == [True, True, True]
    # Pairs with a single vote tell nothing of agreement.
    assert not knows_enough(fit_prior([[1, 0]] * 1000))
    assert not is_decided(no_prior(2), [[5, 0]], votes_max=7, stop_confidence=0.9)[0]


def test_a_pair_without_votes_is_not_decided_and_one_with_all_is():
    prior = fit_prior([[3, 0, 0, 0]] * 100)

    assert is_decided(prior, [[0, 0, 0, 0], [2, 2, 2, 1]], votes_max=7, stop_confidence=0.2).tolist() == [False, True]


def test_a_surer_campaign_asks_for_more():
    split, _ = mixed(5, 0.8, n_pairs=2000, n_choices=2)
    votes = votes_in_order(6, split, VOTES_MAX)

    spent = [run(votes, 2, stop_confidence=confidence)[0].sum() for confidence in (0.8, 0.9, 0.98)]

    assert spent[0] < spent[1] < spent[2]


def test_what_is_expected_is_what_happens_on_pairs_of_that_prior():
    split, truth = splits(7, "uniform", n_pairs=20_000, n_choices=2)
    votes = votes_in_order(8, split, 5)
    prior = fit_prior(counted(votes, 2))
    counts = counted(votes[:, :3], 2)
    for n in (3, 4):
        goes_on = ~is_decided(prior, counts, votes_max=5, stop_confidence=0.95) & (counts.sum(axis=1) == n)
        counts[goes_on, votes[goes_on, n]] += 1

    found = expected_saving(prior, votes_min=3, votes_max=5, stop_confidence=0.95)

    assert found.votes == pytest.approx(counts.sum(axis=1).mean(), abs=0.02)
    assert found.stopped == pytest.approx(np.mean(counts.sum(axis=1) < 5), abs=0.01)
    assert found.accuracy == pytest.approx(rightness(posterior(prior, counts).first, truth).mean(), abs=0.01)
    assert found.saving > 0.05


def test_plain_fixed_overlap_saves_nothing():
    prior = fit_prior([[3, 0]] * 100)

    found = expected_saving(prior, votes_min=3, votes_max=3, stop_confidence=0.9)

    assert (found.votes, found.stopped, found.saving) == (pytest.approx(3), 0, pytest.approx(0))
    assert np.isnan(found.right_of_stopped)


@pytest.mark.parametrize(("votes_min", "votes_max"), [(0, 5), (4, 3)])
def test_it_refuses_numbers_that_make_no_rule(votes_min, votes_max):
    with pytest.raises(ValueError, match="votes_min"):
        expected_saving(no_prior(2), votes_min=votes_min, votes_max=votes_max, stop_confidence=0.9)


def test_a_thousand_pairs_are_decided_at_once():
    split, _ = mixed(9, 0.8, n_pairs=1000, n_choices=4)
    counts = counted(votes_in_order(10, split, 5), 4)
    prior = fit_prior(counts, groups=(0, 0, 1, 2))
    is_decided(prior, counts, votes_max=7, stop_confidence=0.9)
    start = time.process_time()

    is_decided(prior, counts, votes_max=7, stop_confidence=0.9)

    assert time.process_time() - start < 0.5  # some milliseconds, on a machine that does other things too
