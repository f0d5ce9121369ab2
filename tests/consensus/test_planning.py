"""The planner against simulated campaigns: what it foretells is what comes out, and what it estimates is what went in."""

from __future__ import annotations

import math

import numpy as np
import pytest

from annotator.consensus.bradley_terry import bradley_terry_of_counts, count_comparisons
from annotator.consensus.planning import (
    Components,
    Design,
    VoteColumns,
    budget,
    components,
    difference_variance,
    estimate,
    foretell,
    log_odds,
    oriented,
    prompts_for,
    variance_for_power,
    variance_for_width,
    votes_per_pair_for,
)

PUBLISHED = {(1500, 1): 0.055, (500, 3): 0.065, (300, 5): 0.071, (100, 15): 0.105}


@pytest.mark.parametrize("arrangement", PUBLISHED)
def test_many_pairs_with_one_vote_beat_few_with_many(arrangement):
    """The defaults give the standard deviations that 1,500 votes had in four arrangements."""
    pairs, votes = arrangement
    outcome = foretell(Design(2, pairs, votes), components())
    assert outcome.votes == 1500
    assert outcome.difference_sd == pytest.approx(PUBLISHED[arrangement], rel=0.03)


@pytest.mark.parametrize("arrangement", PUBLISHED)
def test_simulated_campaigns_of_two_generators_vary_as_foretold(arrangement):
    pairs, votes = arrangement
    of, rng = components(), np.random.default_rng(1)
    p = (1 + math.sqrt(1 - 4 * of.information)) / 2  # the win rate that leaves this information
    strength = 1 / of.pair_share - 1  # a beta distribution of pairs with this correlation of votes on one
    wins = rng.binomial(votes, rng.beta(p * strength, (1 - p) * strength, (1500, pairs))).sum(axis=1)
    rate = wins / 1500
    found = np.log(rate / (1 - rate)).std()
    assert found == pytest.approx(foretell(Design(2, pairs, votes), of).difference_sd, rel=0.05)
    assert found == pytest.approx(PUBLISHED[arrangement], rel=0.06)


def campaign(seed: int, design: Design, *, image: float = 0.0, pair: float = 0.0, taste: float = 0.0) -> VoteColumns:
    """Votes on pairs drawn at random, with luck of images and pairs and tastes of people, as standard deviations in log-odds."""
    rng = np.random.default_rng(seed)
    g, n, m, people = design.generators, int(design.prompts), int(design.votes_per_pair), int(design.people or 500)
    score = np.linspace(-0.3, 0.3, g)
    match = np.stack(np.triu_indices(g, 1), axis=1)
    chosen = np.argsort(rng.random((n, len(match))), axis=1)[:, : int(design.pairs_per_prompt or len(match))]
    prompt, place = np.repeat(np.arange(n), chosen.shape[1]), chosen.ravel()
    i, j = match[place].T
    luck = rng.normal(0, image, (n, g))
    odds = score[i] - score[j] + luck[prompt, i] - luck[prompt, j] + rng.normal(0, pair, len(place))
    tastes = rng.normal(0, taste, (people, g))
    first, second, which, odds = (np.repeat(column, m) for column in (i, j, np.arange(len(place)), odds))
    person = rng.integers(0, people, len(which))
    odds = odds + tastes[person, first] - tastes[person, second]
    outcome = (rng.random(len(odds)) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    return VoteColumns(first, second, outcome, which, prompt[which], person)


def difference(votes: VoteColumns, generators: int) -> float:
    winner = np.where(votes.outcome == 1, 0, 1)
    score = bradley_terry_of_counts(*count_comparisons(votes.first, votes.second, winner, n_generators=generators)).score
    return float(score[0] - score[1])


@pytest.mark.parametrize(
    ("design", "luck"),
    [
        (Design(6, 25, 3), {"image": 0.7}),
        (Design(6, 25, 3), {"pair": 1.0}),
        (Design(6, 80, 4, pairs_per_prompt=4), {"image": 0.6, "pair": 0.5}),
        (Design(4, 60, 4, people=15), {"taste": 0.5}),
        (Design(6, 40, 3), {}),
    ],
)
def test_the_scatter_of_scores_is_what_is_foretold_from_the_votes_of_one_campaign(design, luck):
    campaigns = [campaign(seed, design, **luck) for seed in range(90)]
    scatter = np.std([difference(votes, design.generators) for votes in campaigns])
    found = [estimate(votes, expected=components()) for votes in campaigns[:20]]
    foretold = np.mean([math.sqrt(difference_variance(each.design, each.components)) for each in found])
    assert foretold == pytest.approx(scatter, rel=0.17)  # 90 campaigns tell the scatter to 7.5 %


def test_votes_tell_the_components_that_they_were_made_with():
    design = Design(5, 150, 4)
    image = estimate(campaign(1, design, image=0.7), expected=components()).components
    pair = estimate(campaign(1, design, pair=1.0), expected=components()).components
    noise = estimate(campaign(1, design), expected=components()).components
    assert image.pair_share == pytest.approx(0.16, abs=0.04)
    assert image.image_share > 0.85
    assert pair.pair_share == pytest.approx(0.16, abs=0.04)
    assert pair.image_share < 0.15
    assert noise.pair_share < 0.02
    assert noise.information == pytest.approx(noise.variance, abs=0.003)
    assert noise.taste_share < 0.01


def test_the_design_is_read_off_the_votes():
    design = estimate(campaign(1, Design(6, 50, 2, pairs_per_prompt=4)), expected=components()).design
    assert (design.generators, design.votes_per_pair) == (6, 2)
    assert (design.prompts, design.pairs_per_prompt) == (50, pytest.approx(4))
    assert design.people == pytest.approx(290, rel=0.2)  # 400 votes of 500 people


def test_what_votes_do_not_tell_is_as_expected_and_named():
    few = VoteColumns(
        np.zeros(6, dtype=int), np.array([1, 1, 1, 2, 2, 2]), np.array([1.0, 0, 1, 0, 1, 0.5]), np.arange(6), None, np.arange(6)
    )
    found = estimate(few, expected=components(pair_share=0.1, image_share=0.7))
    assert set(found.assumed) == {"pair_share", "image_share", "taste_share", "agreement"}
    assert (found.components.pair_share, found.components.image_share) == (0.1, 0.7)


def test_votes_on_one_pair_of_each_two_generators_do_not_tell_pairs_from_generators():
    rng = np.random.default_rng(1)
    first, second = np.array([(0, 1), (0, 2), (1, 2)])[np.repeat([0, 1, 2], 100)].T
    votes = VoteColumns(first, second, rng.integers(0, 2, 300) * 1.0, first + second, None, np.arange(300))
    assert "pair_share" in estimate(votes, expected=components()).assumed


@pytest.mark.parametrize("outcome", [[], [1.0, 1.0, 1.0]])
def test_without_any_disagreement_there_is_nothing_to_estimate(outcome):
    n = len(outcome)
    votes = VoteColumns(*np.zeros((1, n), dtype=int), np.ones(n, dtype=int), np.array(outcome), np.arange(n), None, np.arange(n))
    if n:
        found = estimate(votes, expected=components())
        assert found.components.variance > 0  # half a win each way beforehand
    else:
        with pytest.raises(ValueError, match="no votes"):
            estimate(votes, expected=components())


def test_swapped_sides_are_the_same_vote():
    first, second, outcome = oriented(np.array([2, 0]), np.array([0, 2]), np.array([1.0, 0.0]))
    assert (first.tolist(), second.tolist(), outcome.tolist()) == ([0, 0], [2, 2], [0, 0])


# --- what is expected


def test_agreement_and_pair_share_fix_what_a_vote_tells():
    of = components(agreement=0.7, pair_share=0.3)
    assert of.agreement == pytest.approx(0.7)
    assert of.information == pytest.approx(0.3 / 1.4)
    assert components(agreement=0.7, pair_share=0.3, ties=0.2).variance == pytest.approx(of.information - 0.05)


def test_little_agreement_leaves_little_room_for_pairs():
    assert components(agreement=0.55).pair_share == pytest.approx(0.1)
    assert components(agreement=0.5) == Components(0.25, 0.25, 0.0)
    assert components(pair_share=0.4).agreement == pytest.approx(0.7)
    with pytest.raises(ValueError, match=r"at most 0\.10 of the variation"):
        components(agreement=0.55, pair_share=0.2)


@pytest.mark.parametrize(
    "expected", [{"agreement": 0.4}, {"agreement": 1.0}, {"pair_share": 1.2}, {"ties": -0.1}, {"agreement": 0.99, "ties": 0.9}]
)
def test_what_cannot_be_is_refused(expected):
    with pytest.raises(ValueError, match=r"must be|at most|so many"):
        components(**expected)


@pytest.mark.parametrize("design", [Design(1, 10, 3), Design(4, 0, 3), Design(4, 10, 0), Design(4, 10, 3, pairs_per_prompt=7)])
def test_a_design_that_compares_nothing_is_refused(design):
    with pytest.raises(ValueError, match=r"needs|pairs per prompt"):
        difference_variance(design, components())


# --- what it will tell, and what that takes


def test_noise_gives_the_power_of_a_binomial_test():
    """Without anything that votes share, 10,000 votes tell 52 % from 50 % with the chance that every textbook has."""
    outcome = foretell(Design(2, 10_000, 1), components(agreement=0.5))
    assert outcome.difference_sd == pytest.approx(0.02, rel=1e-6)
    assert outcome.power == pytest.approx(0.98, abs=0.005)
    assert outcome.difference_width == pytest.approx(1.96 * 0.02, rel=1e-3)
    assert outcome.score_width == pytest.approx(outcome.difference_width / 2)  # two scores that sum to 0


def test_needed_prompts_reach_the_target_and_one_fewer_does_not():
    of, design = components(), Design(8, 100, 3)
    for variance in (variance_for_width(0.1, 8), variance_for_power(log_odds(0.55))):
        prompts = prompts_for(design, of, variance)
        assert difference_variance(design._replace(prompts=prompts), of) <= variance * (1 + 1e-9)
        assert difference_variance(design._replace(prompts=prompts - 1), of) > variance
    enough = design._replace(prompts=prompts_for(design, of, variance_for_width(0.1, 8)))
    assert foretell(enough, of).score_width == pytest.approx(0.1, rel=0.01)
    able = design._replace(prompts=prompts_for(design, of, variance_for_power(log_odds(0.55), 0.9)))
    assert foretell(able, of, win_rate=0.55).power == pytest.approx(0.9, abs=0.005)


def test_votes_on_the_same_pairs_reach_the_target_or_never_do():
    of, design = components(), Design(2, 500, 3)
    variance = variance_for_width(0.05, 2)
    votes = votes_per_pair_for(design, of, variance)
    assert difference_variance(design._replace(votes_per_pair=votes), of) == pytest.approx(variance)
    assert votes_per_pair_for(design, of, variance_for_width(0.03, 2)) == math.inf
    assert difference_variance(design._replace(votes_per_pair=1e9), of) > variance_for_width(0.03, 2)


def test_tastes_of_few_people_stay_whatever_the_number_of_prompts():
    of = components(taste_share=0.05)
    design = Design(4, 100, 3, people=10)
    assert prompts_for(design, of, variance_for_width(0.05, 4)) == math.inf
    assert math.isfinite(prompts_for(design._replace(people=1000), of, variance_for_width(0.05, 4)))


def test_a_target_that_is_none_is_refused():
    for call in (lambda: variance_for_width(0, 2), lambda: variance_for_power(0), lambda: log_odds(1.0)):
        with pytest.raises(ValueError, match=r"above 0|between 0 and 1"):
            call()


def test_checks_are_paid_for_too():
    assert budget(900, seconds=12, price=0.1, checks=0.1) == pytest.approx((1000, 1000 * 12 / 3600, 100))
