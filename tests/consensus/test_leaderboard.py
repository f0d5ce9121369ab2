"""The leaderboard as a whole: its parts fit together, sides, ties, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.bradley_terry import LEFT, RIGHT, TIE, NotConnected, bradley_terry
from annotator.consensus.leaderboard import UNIT_WINS, clear_differences, compare_ties, leaderboard
from tests.consensus.campaigns import campaign
from tests.consensus.simulated import compared

SCORE = np.array([0.9, 0.3, 0.2, -0.4, -1.0])
N = len(SCORE)


def board_of(votes, **options):
    return leaderboard(*votes.votes, n_items=N, clusters={"prompt": votes.prompt, "annotator": votes.annotator}, **options)


def test_its_scores_are_those_of_bradley_terry_and_its_intervals_wider():
    votes = campaign(1, SCORE)
    board, plain = board_of(votes), bradley_terry(*votes.votes, n_generators=N)
    assert board.score == pytest.approx(plain.score, abs=1e-8)
    assert board.standard_error.mean() > 1.15 * plain.standard_error.mean()
    assert board.clusters == {"prompt": 30, "annotator": 40}
    assert board.votes == len(votes.left)
    assert (board.wins + board.losses + board.ties).sum() == 2 * board.votes


def test_one_score_apart_is_seven_wins_of_ten():
    assert pytest.approx(7.31, abs=0.01) == UNIT_WINS
    votes = compared(1, np.array([0.5, -0.5]), votes=100_000)
    assert leaderboard(*votes, n_items=2).beats[0, 1] == pytest.approx(UNIT_WINS / 10, abs=0.01)


def test_the_matrices_say_the_same_from_both_sides():
    board = board_of(campaign(2, SCORE))
    off = ~np.eye(N, dtype=bool)
    assert np.isnan(np.diag(board.beats)).all()
    assert (board.beats + board.beats.T)[off] == pytest.approx(1)
    assert (board.above + board.above.T)[off] == pytest.approx(1)
    assert (board.beats_lower + board.beats_upper.T)[off] == pytest.approx(1)
    assert (board.beats_lower < board.beats)[off].all()
    assert board.beats[0, 1] == pytest.approx(1 / (1 + np.exp(board.score[1] - board.score[0])))
    # An interval beyond one half is the same as a difference that is clear.
    assert ((board.beats_lower > 0.5) == clear_differences(board))[off].all()


def test_intervals_may_overlap_where_the_difference_is_clear():
    votes = compared(1, np.linspace(1, -1, 8), votes=3000)
    board = leaderboard(*votes, n_items=8)
    overlaps = (board.lower[:, None] < board.upper) & (board.lower < board.upper[:, None])
    is_clear = clear_differences(board)
    assert (is_clear & overlaps).sum() >= 2
    assert not (is_clear & (board.score[:, None] < board.score)).any()


def test_ranks_and_first_places_follow_the_scores():
    board = board_of(campaign(4, SCORE, prompts=120))
    rank = np.argsort(np.argsort(-board.score)) + 1
    assert (board.rank_lower <= rank).all()
    assert (rank <= board.rank_upper).all()
    assert board.p_first.argmax() == board.score.argmax()
    assert board.p_first.sum() == pytest.approx(1)


def test_votes_in_another_order_give_the_same_board():
    votes = campaign(5, SCORE)
    order = np.random.default_rng(0).permutation(len(votes.left))
    one, two = board_of(votes), board_of(type(votes)(*(column[order] for column in votes)))
    for name in ("score", "lower", "upper", "beats_lower"):
        assert getattr(two, name) == pytest.approx(getattr(one, name), abs=1e-9, nan_ok=True)
    assert (one.p_first == two.p_first).all()
    assert (one.rank_upper == two.rank_upper).all()


def test_pure_noise_orders_nobody():
    clear = 0
    for seed in range(10):
        board = board_of(campaign(seed, np.zeros(N), prompts=20, people=25, votes=3))
        clear += bool((board.rank_lower > 1).any())
        assert board.p_first.max() < 0.95
    assert clear <= 2


# --- sides


def favouring_left(seed, effect, *, first_on_left):
    rng = np.random.default_rng(seed)
    left, right, _ = compared(seed, SCORE, votes=6000)
    is_swapped = (right == 0) & (rng.random(6000) < first_on_left)
    left, right = np.where(is_swapped, right, left), np.where(is_swapped, left, right)
    p = 1 / (1 + np.exp(SCORE[right] - SCORE[left] - effect))
    return left, right, np.where(rng.random(6000) < p, LEFT, RIGHT)


def test_no_side_effect_moves_no_score():
    votes = favouring_left(1, 0.0, first_on_left=0.0)
    board = leaderboard(*votes, n_items=N)
    assert not board.side.is_used
    assert not board.side.is_unbalanced
    assert board.side.lower < 0 < board.side.upper
    assert board.score == pytest.approx(bradley_terry(*votes, n_generators=N).score, abs=1e-8)


def test_a_side_effect_is_taken_out_of_the_scores():
    votes = favouring_left(2, 0.6, first_on_left=0.9)
    board = leaderboard(*votes, n_items=N)
    assert board.side.is_used
    assert board.side.is_unbalanced
    assert board.side.lower < 0.6 < board.side.upper
    assert board.score == pytest.approx(SCORE - SCORE.mean(), abs=0.15)
    assert bradley_terry(*votes, n_generators=N).score[0] > board.score[0] + 0.2


def test_where_items_were_never_on_the_other_side_nothing_is_known_of_sides():
    left, right, winner = compared(3, SCORE, votes=2000)
    is_swapped = left > right
    low, high = np.minimum(left, right), np.maximum(left, right)
    side = leaderboard(low, high, np.where(is_swapped & (winner != TIE), 1 - winner, winner), n_items=N).side
    assert np.isnan(side.effect)
    assert not side.is_used


# --- ties


def test_davidsons_model_orders_like_half_wins_where_ties_follow_it():
    votes = compared(4, SCORE, votes=5000, nu=0.8)
    half, davidson = (leaderboard(*votes, n_items=N, ties=ties) for ties in ("half", "davidson"))
    compared_ = compare_ties(half, davidson)
    assert compared_.swapped == []
    assert compared_.largest < 0.05
    assert davidson.tie_parameter == pytest.approx(0.8, abs=0.1)
    assert np.isnan(half.tie_parameter)


def test_it_says_where_davidsons_model_disagrees():
    # 1 and 2 mostly drew; of few comparisons with 0 came few ties. One ν fits both badly.
    votes_of = {(0, 1): (1, 4, 2), (0, 2): (39, 3, 15), (1, 2): (18, 4, 800)}
    rows = np.array([(*items, side) for items, of_side in votes_of.items() for side in range(3) for _ in range(of_side[side])])
    half, davidson = (leaderboard(*rows.T, n_items=3, ties=ties) for ties in ("half", "davidson"))
    compared_ = compare_ties(half, davidson)
    assert compared_.differs
    assert compared_.largest > 0.05
    assert not compare_ties(half, half).differs


# --- what it refuses


def test_it_refuses_what_has_no_scores():
    with pytest.raises(NotConnected, match="never compared"):
        leaderboard([0, 1, 2, 3], [1, 0, 3, 2], [0, 0, 0, 0], n_items=4)
    with pytest.raises(NotConnected, match="x won every"):
        leaderboard([0, 0], [1, 1], [0, 0], n_items=2, names=["x", "y"])
    with pytest.raises(ValueError, match="with itself"):
        leaderboard([0], [0], [0], n_items=1)
    with pytest.raises(ValueError, match="nothing"):
        leaderboard([], [], [], n_items=0)
    with pytest.raises(ValueError, match="half a win"):
        leaderboard([0, 1], [1, 0], [0, 0], n_items=2, ties="drop")


def test_votes_without_weight_connect_nothing():
    with pytest.raises(NotConnected):
        leaderboard([0, 1], [1, 0], [0, 0], n_items=2, weight=[1, 0])
