"""Intervals over other prompts and other people: they cover where votes hang together, and are no wider where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.binomial import clopper_pearson
from annotator.consensus.bootstrap import bootstrap
from annotator.consensus.two_way import (
    Clusters,
    added_variance,
    joined,
    not_foretold,
    share_of_votes,
    slopes_of,
    variance_of,
    variances_by,
    widened,
)


def votes_of(rng, *, prompts=60, people=25, each=8, by_prompt=0.0, by_person=0.0, chance=0.6):
    """Hits of `each` votes on each prompt by different people; both move the log-odds of a hit."""
    prompt = np.repeat(np.arange(prompts), each)
    person = rng.random((prompts, people)).argsort(axis=1)[:, :each].ravel()
    moved = by_prompt * rng.normal(size=prompts)[prompt] + by_person * rng.normal(size=people)[person]
    is_hit = rng.random(len(prompt)) < 1 / (1 + np.exp(-(np.log(chance / (1 - chance)) + moved)))
    order = Clusters.order(prompt, person)
    return is_hit[order], Clusters(prompt[order], person[order])


@pytest.mark.parametrize(("by_prompt", "by_person"), [(0.0, 0.0), (1.5, 0.0), (0.0, 1.0), (1.0, 1.0)])
def test_the_interval_of_a_share_covers_whatever_votes_have_in_common(by_prompt, by_person):
    rng = np.random.default_rng(7)
    truth = np.mean(
        [votes_of(rng, prompts=4000, people=400, by_prompt=by_prompt, by_person=by_person)[0].mean() for _ in range(4)]
    )
    held, held_as_if_alone = [], []
    for _ in range(300):
        is_hit, clusters = votes_of(rng, by_prompt=by_prompt, by_person=by_person)
        found = share_of_votes(is_hit, clusters)
        held.append(found.lower[0] <= truth <= found.upper[0])
        lower, upper = clopper_pearson(is_hit.sum(), len(is_hit))
        held_as_if_alone.append(lower <= truth <= upper)
    assert 0.92 <= np.mean(held) <= 0.99
    if by_prompt or by_person:
        assert np.mean(held_as_if_alone) < 0.9


def test_left_bias_of_people_is_found_no_more_often_than_it_says():
    """People lean to either side, and on average to none."""
    rng = np.random.default_rng(2)
    p_values = [float(share_of_votes(*votes_of(rng, by_person=0.8, chance=0.5)).p_value[0]) for _ in range(300)]
    assert np.mean(np.array(p_values) < 0.05) < 0.09
    assert share_of_votes(*votes_of(rng, by_person=0.3, chance=0.75)).p_value[0] < 0.001


def test_of_votes_that_hang_together_perfectly_the_clusters_count():
    """Twenty prompts, on each of which all agree."""
    is_hit = np.repeat(np.arange(20) < 9, 50)
    found = share_of_votes(is_hit, Clusters(np.repeat(np.arange(20), 50), np.tile(np.arange(50), 20)))
    lower, upper = (float(end) for end in clopper_pearson(9, 20))
    assert (found.taken[0], found.votes[0]) == (450, 1000)
    assert found.lower[0] == pytest.approx(lower, abs=0.04)
    assert found.upper[0] == pytest.approx(upper, abs=0.04)


def test_all_or_none_of_few_prompts_is_no_proof():
    clusters = Clusters(np.repeat(np.arange(4), 25), np.tile(np.arange(25), 4))
    every = share_of_votes(np.ones(100, dtype=bool), clusters)
    assert (every.rate[0], every.upper[0]) == (1.0, 1.0)
    assert every.lower[0] == pytest.approx(float(clopper_pearson(4, 4)[0]))
    assert every.p_value[0] == pytest.approx(2 / 16)


def test_without_votes_nothing_is_known_and_one_prompt_is_taken_as_it_is():
    none = np.zeros(0, dtype=np.int64)
    nothing = share_of_votes(none.astype(bool), Clusters(none, none))
    assert np.isnan(nothing.rate[0])
    assert (nothing.lower[0], nothing.upper[0], nothing.p_value[0]) == (0.0, 1.0, 1.0)
    alone = share_of_votes(np.arange(10) < 3, Clusters(np.zeros(10, dtype=np.int64), np.arange(10)))
    assert (alone.lower[0], alone.upper[0]) == pytest.approx(tuple(float(end) for end in clopper_pearson(3, 10)))
    assert joined([nothing, alone]).votes.tolist() == [0, 10]
    assert len(joined([]).rate) == 0


def test_the_variance_is_that_of_the_two_clusterings():
    """By hand: two prompts, two people, a vote of each on each."""
    influence = np.array([3.0, 1.0, -1.0, 1.0])
    clusters = Clusters(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    # Prompts: 4 and 0; people: 2 and 2; all divided by 1 - 1/2. Both: each vote.
    found = variance_of(influence, clusters)
    assert found.by_first == pytest.approx(8.0**2)
    assert added_variance(influence, clusters)[0] == pytest.approx(4.0**2 + 4.0**2 - 12)
    assert found.total == pytest.approx(64 + 20)
    assert added_variance(influence, Clusters(clusters.first, np.zeros(4, dtype=np.int64))) == (0.0, np.inf)


def test_people_widen_a_bootstrap_over_prompts_so_that_it_covers():
    """A mean over prompts of votes by people who differ: the bootstrap alone is of these people only."""
    rng = np.random.default_rng(3)
    held = np.zeros(2)
    for _ in range(150):
        is_hit, clusters = votes_of(rng, by_person=1.0, chance=0.5)
        sums = np.stack([is_hit.astype(float), np.ones(len(is_hit))], axis=1)
        found = bootstrap(sums, lambda totals: totals[:, :1] / totals[:, 1:], cluster=clusters.first, resamples=200)
        influence = (sums[:, :1] - found.value * sums[:, 1:]) / len(is_hit)
        added = [added_variance(influence[:, 0], clusters)]
        both = widened(found, variances_by(clusters.first, influence), added, largest=np.ones(1))
        held += [each.lower[0] <= 0.5 <= each.upper[0] for each in (found, both)]
    assert held[0] / 150 < 0.85
    assert held[1] / 150 >= 0.9


def test_slopes_are_derivatives_and_what_is_foretold_is_taken_off():
    totals = np.array([6.0, 3.0])
    assert slopes_of(lambda t: np.stack([t[:, 0] / t[:, 1], t[:, 0] * t[:, 1]], axis=1), totals) == pytest.approx(
        np.array([[1 / 3, -6 / 9], [3, 6]]), rel=1e-6
    )
    rng = np.random.default_rng(4)
    others, own, times = rng.normal(1, 1, (50, 1)), rng.normal(0, 1, (50, 1)), rng.integers(1, 5, 50)
    left = not_foretold(2 * others + own, others, times)
    assert times @ (left * (others - (times @ others) / times.sum())) == pytest.approx(0, abs=1e-9)
    assert not_foretold(own, np.ones((50, 1)), times) == pytest.approx(own)
