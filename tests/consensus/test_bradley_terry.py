"""Bradley–Terry: published scores, simulated ones, the maximum itself, and graphs that have none."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.bradley_terry import (
    LEFT,
    RIGHT,
    TIE,
    NotConnected,
    Ties,
    average_win_rate,
    bradley_terry,
    bradley_terry_of_counts,
    count_comparisons,
)
from tests.consensus.published import ABOVE_BALTIMORE, BASEBALL, TEAMS
from tests.consensus.simulated import compared

SCORE = np.array([1.2, 0.5, 0.1, -0.3, -1.5])


def test_the_baseball_season_of_1987():
    result = bradley_terry_of_counts(BASEBALL, np.zeros_like(BASEBALL))
    assert result.converged
    assert result.score - result.score[TEAMS.index("Baltimore")] == pytest.approx(ABOVE_BALTIMORE, abs=0.005)
    assert result.score.sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("ties", "nu"), [(Ties.HALF, 0.0), (Ties.DROP, 0.0), (Ties.DAVIDSON, 0.7), (Ties.DROP, 0.7)])
def test_it_recovers_the_scores_that_votes_were_made_from(ties, nu):
    result = bradley_terry(*compared(1, SCORE, votes=20_000, nu=nu), n_generators=5, ties=ties)
    assert result.converged
    assert result.score == pytest.approx(SCORE, abs=0.08)
    if ties is Ties.DAVIDSON:
        assert result.tie_parameter == pytest.approx(nu, abs=0.05)


def test_half_wins_estimate_wins_plus_half_the_ties():
    left, right, winner = compared(2, np.array([0.8, -0.8]), votes=50_000, nu=1.0)
    result = bradley_terry(left, right, winner, n_generators=2)
    p = 1 / (1 + np.exp(result.score[1] - result.score[0]))
    points = np.where(winner == TIE, 0.5, (winner == LEFT) == (left == 0))
    assert p == pytest.approx(points.mean(), abs=1e-9)


@pytest.mark.parametrize(("ties", "nu"), [(Ties.HALF, 0.0), (Ties.HALF, 1.0), (Ties.DAVIDSON, 1.0), (Ties.DROP, 1.0)])
def test_the_intervals_cover_about_as_often_as_they_say(ties, nu):
    whole = bradley_terry(*compared(0, SCORE, votes=1_000_000, nu=nu), n_generators=5, ties=ties).score
    covered = []
    for seed in range(1, 201):
        result = bradley_terry(*compared(seed, SCORE, votes=500, nu=nu), n_generators=5, ties=ties)
        covered.append((result.lower <= whole) & (whole <= result.upper))
    assert 0.92 <= np.mean(covered) <= 0.975


@pytest.mark.parametrize("ties", list(Ties))
def test_no_small_move_is_more_likely(ties):
    left, right, winner = compared(3, SCORE, votes=800, nu=0.6)
    wins, tied = count_comparisons(left, right, winner, n_generators=5)
    result = bradley_terry_of_counts(wins, tied, ties=ties)

    def log_likelihood(score, nu):
        d = score[:, None] - score
        if ties is Ties.DAVIDSON:
            total = np.exp(d / 2) + np.exp(-d / 2) + nu
            return (wins * np.log(np.exp(d / 2) / total)).sum() + (np.triu(tied, 1) * np.log(nu / total)).sum()
        return ((wins + (tied / 2 if ties is Ties.HALF else 0)) * -np.log1p(np.exp(-d))).sum()

    best = log_likelihood(result.score, result.tie_parameter)
    assert best == pytest.approx(result.log_likelihood)
    rng = np.random.default_rng(0)
    for _ in range(50):
        score = result.score + rng.normal(0, 1e-3, 5)
        assert log_likelihood(score, result.tie_parameter) < best
        assert log_likelihood(score, result.tie_parameter * np.exp(rng.normal(0, 1e-2))) < best


@pytest.mark.parametrize("ties", list(Ties))
def test_one_more_step_does_not_move_it(ties, monkeypatch):
    votes = compared(3, SCORE, votes=800, nu=0.6)
    result = bradley_terry(*votes, n_generators=5, ties=ties)
    monkeypatch.setattr("annotator.consensus.bradley_terry.TOLERANCE", 0.0)
    monkeypatch.setattr("annotator.consensus.bradley_terry.ITERATIONS_MAX", result.iterations + 1)
    again = bradley_terry(*votes, n_generators=5, ties=ties)
    assert again.iterations == result.iterations + 1
    assert np.abs(again.score - result.score).max() < 1e-10


def test_the_sides_do_not_matter():
    left, right, winner = compared(4, SCORE, votes=300, nu=0.5)
    swapped = np.array([RIGHT, LEFT, TIE])[winner]
    one, other = (bradley_terry(*votes, n_generators=5) for votes in ((left, right, winner), (right, left, swapped)))
    assert one.score == pytest.approx(other.score)
    assert (one.wins.tolist(), one.losses.tolist(), one.ties.tolist()) == (
        other.wins.tolist(),
        other.losses.tolist(),
        other.ties.tolist(),
    )


def test_the_average_win_rate_is_over_opponents_and_not_over_votes():
    wins = np.array([[0, 9, 0], [1, 0, 0], [1, 0, 0]])
    assert average_win_rate(wins, np.zeros_like(wins)) == pytest.approx([0.45, 0.1, 1.0])
    assert np.isnan(average_win_rate(np.zeros((1, 1)), np.zeros((1, 1)))).all()


# --- what has no finite scores

NAMES = ["Ash", "Birch", "Cedar", "Dogwood"]


def test_generators_that_never_met_are_refused_by_name():
    with pytest.raises(
        NotConnected, match=r"2 groups that were never compared with each other: \{Ash, Birch\}, \{Cedar, Dogwood\}"
    ):
        bradley_terry([0, 1, 2, 3], [1, 0, 3, 2], [LEFT] * 4, n_generators=4, names=NAMES)


def test_a_generator_that_won_everything_is_refused_by_name():
    with pytest.raises(NotConnected, match=r"Ash won every comparison with the rest; Cedar lost every comparison with the rest"):
        bradley_terry([0, 1], [1, 2], [LEFT, LEFT], n_generators=3, names=NAMES[:3])


def test_a_tie_is_enough_to_hold_two_together():
    assert bradley_terry([0, 0], [1, 1], [LEFT, TIE], n_generators=2).score == pytest.approx([np.log(3) / 2, -np.log(3) / 2])
    with pytest.raises(NotConnected):
        bradley_terry([0, 0], [1, 1], [LEFT, TIE], n_generators=2, ties=Ties.DROP)


@pytest.mark.parametrize("ties", list(Ties))
def test_split_scores_each_group_by_itself(ties):
    votes = ([0, 1, 0, 2, 3, 3], [1, 0, 1, 3, 2, 2], [LEFT, LEFT, LEFT, LEFT, LEFT, LEFT])
    result = bradley_terry(*votes, n_generators=5, ties=ties, split=True)
    assert result.group.tolist() == [0, 0, 1, 1, 2]
    assert result.score[:4] == pytest.approx(np.log(2) / 2 * np.array([1, -1, -1, 1]), abs=1e-6 if ties != Ties.DAVIDSON else 0.2)
    assert np.isnan(result.score[4])


def test_a_prior_keeps_all_scores_finite():
    result = bradley_terry([0, 1], [1, 2], [LEFT, LEFT], n_generators=4, prior=0.5)
    assert result.converged
    assert result.score[0] > result.score[1] > result.score[2]
    assert np.isfinite(result.score).all()
    assert result.group.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("ties", list(Ties))
def test_no_votes_and_one_generator(ties):
    none = np.zeros(0, dtype=int)
    assert bradley_terry(none, none, none, n_generators=0, ties=ties).score.shape == (0,)
    alone = bradley_terry(none, none, none, n_generators=1, ties=ties)
    assert alone.group.tolist() == [0]
    assert np.isnan(alone.score).all()


@pytest.mark.parametrize("ties", [Ties.HALF, Ties.DAVIDSON])
def test_ties_all_over_are_no_difference(ties):
    result = bradley_terry([0, 1, 2], [1, 2, 0], [TIE] * 3, n_generators=3, ties=ties)
    assert result.converged
    assert result.score == pytest.approx([0, 0, 0], abs=1e-9)
    assert np.all(result.standard_error > 0)


@pytest.mark.parametrize(
    ("left", "right", "winner", "complaint"),
    [([0], [0], [0], "itself"), ([0], [2], [0], "codes"), ([0], [1], [3], "winner codes"), ([0, 1], [1], [0], "same length")],
)
def test_it_refuses_what_is_no_comparison(left, right, winner, complaint):
    with pytest.raises(ValueError, match=complaint):
        bradley_terry(left, right, winner, n_generators=2)


def test_it_refuses_a_negative_prior():
    with pytest.raises(ValueError, match="prior"):
        bradley_terry([0], [1], [0], n_generators=2, prior=-1)
