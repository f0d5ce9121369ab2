"""Cluster-robust covariance: against the bootstrap, its coverage, votes that are independent after all, and few clusters."""

from __future__ import annotations

import numpy as np
import pytest
import scipy

from annotator.consensus.bradley_terry import Ties, bradley_terry
from annotator.consensus.sandwich import EIGENVALUE_MIN, cluster_covariance
from annotator.consensus.score_model import ScoreModel, fit_scores
from tests.consensus.campaigns import campaign

SCORE = np.array([0.8, 0.3, -0.2, -0.9])
N = len(SCORE)


def fitted(votes, *, weight=None, ties=Ties.HALF):
    cell = (votes.winner * N + votes.left) * N + votes.right
    model = ScoreModel(N, ties)
    table = np.bincount(cell, weights=weight, minlength=3 * N * N).reshape(3, N, N).astype(float)
    return model, fit_scores(model, table), cell


def errors(votes, *clusterings, weight=None, ties=Ties.HALF):
    robust = cluster_covariance(*fitted(votes, weight=weight, ties=ties), weight, clusterings)
    return np.sqrt(np.diag(robust.covariance)[:N]), robust


def bootstrapped(votes, cluster, *, ties=Ties.HALF, resamples=150):
    model, fit, cell = fitted(votes, ties=ties)
    size = int(cluster.max()) + 1
    of_each = np.zeros((size, 3 * N * N))
    np.add.at(of_each, (cluster, cell), 1)
    drawn = np.random.default_rng(0).multinomial(size, np.full(size, 1 / size), resamples)
    tables = (drawn @ of_each).reshape(resamples, 3, N, N)
    return np.std([fit_scores(model, table, start=fit.parameters).parameters[:N] for table in tables], axis=0)


@pytest.mark.parametrize("ties", [Ties.HALF, Ties.DAVIDSON])
@pytest.mark.parametrize("by", ["prompt", "pair", "annotator"])
def test_standard_errors_are_those_of_a_bootstrap_over_the_clusters(by, ties):
    votes = campaign(1, SCORE, prompts=60, people=50, pair_spread=1.5, taste_spread=0.8)
    cluster = getattr(votes, by)
    error, _ = errors(votes, cluster, ties=ties)
    assert error == pytest.approx(bootstrapped(votes, cluster, ties=ties), rel=0.2)


def test_two_clusterings_give_more_than_either():
    votes = campaign(2, SCORE, prompts=40, people=20, pair_spread=1.5, taste_spread=1.0)
    alone, by_prompt, by_annotator, by_both = (
        errors(votes, *columns)[0].mean() for columns in ([], [votes.prompt], [votes.annotator], [votes.prompt, votes.annotator])
    )
    assert by_both > by_annotator > by_prompt > alone
    variances = (by_prompt**2 + by_annotator**2 - alone**2) ** 0.5
    assert by_both == pytest.approx(variances, rel=0.1)


def test_without_clusters_it_is_what_fishers_information_gives():
    votes = campaign(3, SCORE, prompts=100, pair_spread=0, taste_spread=0, ties=0.4)
    expected = bradley_terry(*votes.votes, n_generators=N).standard_error
    assert errors(votes)[0] == pytest.approx(expected, rel=0.05)


def test_a_weight_of_two_is_not_two_votes():
    votes = campaign(4, SCORE)
    once = errors(votes, votes.prompt)[0]
    assert errors(votes, votes.prompt, weight=np.full(len(votes.left), 2.0))[0] == pytest.approx(once, rel=1e-9)


def covered(seeds, truth, columns, **options):
    """The share of true scores inside, with and without clusters."""
    hits = {"clusters": [], "independent": []}
    for seed in seeds:
        votes = campaign(seed, SCORE, **options)
        model, fit, cell = fitted(votes)
        for name, clusterings in (("clusters", [getattr(votes, by) for by in columns]), ("independent", [])):
            robust = cluster_covariance(model, fit, cell, None, clusterings)
            reach = scipy.stats.t.ppf(0.975, robust.degrees) * np.sqrt(np.diag(robust.covariance)[:N])
            hits[name].append(np.abs(fit.parameters[:N] - truth) <= reach)
    return {name: float(np.mean(found)) for name, found in hits.items()}


@pytest.mark.parametrize(
    ("options", "independent_at_most"),
    [
        ({"prompts": 30, "people": 40, "votes": 3, "pair_spread": 1.5}, 0.9),
        ({"prompts": 30, "people": 40, "votes": 7, "pair_spread": 1.5}, 0.8),
        ({"prompts": 100, "people": 15, "votes": 3}, 0.8),
        ({"prompts": 30, "people": 40, "votes": 3, "pair_spread": 0.0, "taste_spread": 0.0}, 1.0),
    ],
)
def test_intervals_cover_as_often_as_they_say(options, independent_at_most):
    spreads = {key: value for key, value in options.items() if key.endswith("spread")}
    truth = np.mean(
        [fitted(campaign(1000 + k, SCORE, prompts=600, people=300, votes=1, **spreads))[1].parameters for k in range(3)], axis=0
    )
    share = covered(range(40), truth, ["prompt", "annotator"], **options)
    assert 0.9 <= share["clusters"] <= 0.99
    assert share["independent"] <= independent_at_most


def test_degrees_of_freedom_are_the_clusters_less_one_where_all_are_alike():
    votes = campaign(5, SCORE, prompts=25, people=30)
    robust = errors(votes, votes.prompt)[1]
    assert robust.clusters == [25]
    assert robust.degrees == pytest.approx(24, abs=0.5)


def test_one_annotator_with_half_of_the_votes_leaves_few_degrees_of_freedom():
    votes = campaign(6, SCORE, prompts=60, people=30, votes=2)
    busy = np.where(np.arange(len(votes.left)) % 2 == 0, 0, votes.annotator)
    assert errors(votes, votes.annotator)[1].degrees.max() > 20
    assert errors(votes, busy)[1].degrees.max() < 5


def test_an_item_that_one_prompt_alone_knows_has_a_wide_interval():
    votes = campaign(7, SCORE, prompts=30)
    is_kept = ((votes.left != 3) & (votes.right != 3)) | (votes.prompt == 0)
    votes = type(votes)(*(column[is_kept] for column in votes))
    robust = errors(votes, votes.prompt)[1]
    reach = scipy.stats.t.ppf(0.975, robust.degrees) * np.sqrt(np.diag(robust.covariance))
    assert robust.degrees[3] == pytest.approx(1, abs=0.1)
    assert reach[3] > 1.5


def test_no_direction_has_hardly_any_variance_even_with_fewer_clusters_than_items():
    votes = campaign(8, SCORE, prompts=3, people=4, votes=3)
    model, fit, cell = fitted(votes)
    alone = cluster_covariance(model, fit, cell, None, []).covariance
    both = cluster_covariance(model, fit, cell, None, [votes.prompt, votes.annotator]).covariance
    for seed in range(20):
        contrast = np.random.default_rng(seed).normal(size=N)
        contrast -= contrast.mean()
        assert contrast @ both @ contrast > EIGENVALUE_MIN / 4 * (contrast @ alone @ contrast)


def test_a_single_cluster_is_no_clustering():
    votes = campaign(9, SCORE)
    error, robust = errors(votes, np.zeros(len(votes.left), dtype=int))
    assert robust.clusters == []
    assert error == pytest.approx(errors(votes)[0])
