"""The report `leaderboard` of a file of comparisons: scores, intervals, ranks, and what could change them."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from annotator.consensus import leaderboard as boards
from annotator.consensus.bradley_terry import Ties
from annotator.consensus.codes import Floats, Ints
from annotator.consensus.influence import kinds_of, order_changes
from annotator.consensus.vote_table import Column, Comparisons, Repeats, Table
from annotator.consensus.vote_weights import fixed_overlap_weights, inclusion_weights

COLUMNS = ("item", "score", "lower", "upper", "rank_lower", "rank_upper", "p_first")
CLUSTERS = ("prompt", "worker", "pair")
FEW = 20  # clusters, below which intervals say little


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cluster",
        type=_clusters,
        metavar="NAMES",
        help="leaderboard: what makes votes dependent: prompt, worker, pair, two of these with a comma, both (prompt,worker) or "
        "none (default: both; without a prompt column pair,worker if there is a task column, else worker)",
    )


def report(table: Table, options: argparse.Namespace) -> tuple[dict[str, Any], dict[str, Any], Repeats, list[str]]:
    """Columns, parameters, repeated votes and notes, as `cli_reports.Report` has them.

    Raises BadInput, NotConnected, and ValueError for what was asked and cannot be.
    """
    votes = table.comparisons(repeats=options.repeats)
    names = votes.items
    if not names:
        nothing: dict[str, Any] = {name: [] for name in COLUMNS}
        return nothing, {"votes": 0, "items": [], "clusters": {}, "p_beats": []}, votes.repeats, ["There are no votes."]
    pair = _pairs(votes)
    clusters, notes = _clusters_of(votes, pair, options.cluster)
    weight = _weights(votes, pair, options.first)
    known = {"n_items": len(names), "clusters": clusters, "weight": weight, "confidence": options.confidence, "names": names}
    board = boards.leaderboard(votes.left, votes.right, votes.winner, ties=options.ties, **known)
    order = np.argsort(-board.score, kind="stable")
    columns = {
        "item": [names[code] for code in order.tolist()],
        **{name: getattr(board, name)[order] for name in COLUMNS[1:]},
    }
    matrix = np.ix_(order, order)
    other = boards.leaderboard(votes.left, votes.right, votes.winner, ties=_other(options.ties), side=board.side, **known)
    parameters = {
        "votes": board.votes,
        "votes_left_out": len(votes.left) - board.votes,
        "items": columns["item"],
        "ties": str(options.ties),
        "tied_votes": int(board.ties.sum()) // 2,
        "confidence": options.confidence,
        "clusters": board.clusters,
        "wins_of_ten_one_score_apart": boards.UNIT_WINS,
        "standard_errors": board.standard_error[order].tolist(),
        "degrees_of_freedom": board.degrees[order].tolist(),
        # Row i, column j: what the votes say of item i against item j, in the order of `items`.
        "p_beats": board.beats[matrix].tolist(),
        "p_beats_lower": board.beats_lower[matrix].tolist(),
        "p_beats_upper": board.beats_upper[matrix].tolist(),
        "p_above": board.above[matrix].tolist(),
        "side": _side(board.side),
        f"{_other(options.ties)}": _compared(names, board, other, order, is_half=options.ties is Ties.HALF),
        "order_changes": _changes(names, votes, board, weight),
        "converged": board.converged,
    }
    return columns, parameters, votes.repeats, notes + _warnings(board, options.cluster)


def _clusters(text: str) -> tuple[str, ...]:
    name = text.strip().lower()
    if name == "none":
        return ()
    chosen = tuple(part.strip() for part in ("prompt,worker" if name == "both" else name).split(","))
    if not set(chosen) <= set(CLUSTERS) or len(set(chosen)) != len(chosen) or len(chosen) > 2:
        raise argparse.ArgumentTypeError(f"{text} is not one or two of {', '.join(CLUSTERS)}, both or none")
    return chosen


def _other(ties: Ties) -> Ties:
    return Ties.HALF if ties is Ties.DAVIDSON else Ties.DAVIDSON


def _pairs(votes: Comparisons) -> Ints:
    """The task and its two items, whatever the sides: a code per vote."""
    number = len(votes.items)
    low, high = np.minimum(votes.left, votes.right), np.maximum(votes.left, votes.right)
    outer = np.zeros_like(low) if votes.task is None else votes.task.codes
    return np.asarray(np.unique((outer * number + low) * number + high, return_inverse=True)[1].reshape(-1))


def _clusters_of(votes: Comparisons, pair: Ints, asked: tuple[str, ...] | None) -> tuple[dict[str, Ints], list[str]]:
    notes: list[str] = []
    if asked is None:
        asked = ("prompt", "worker")
        if votes.prompt is None:
            asked = ("pair", "worker") if votes.task is not None else ("worker",)
            notes.append(f"There is no prompt column, so votes are clustered by {' and '.join(asked)}.")
    if "prompt" in asked and votes.prompt is None:
        raise ValueError("has no column prompt to cluster by; name it with --prompt, or use --cluster pair,worker")
    codes = {"prompt": None if votes.prompt is None else votes.prompt.codes, "worker": votes.worker.codes, "pair": pair}
    return {name: column for name in asked if (column := codes[name]) is not None}, notes


def _weights(votes: Comparisons, pair: Ints, first: int | None) -> Floats | None:
    weight = None if first is None else fixed_overlap_weights(pair, votes_first=first)
    if votes.inclusion is None:
        return weight
    drawn = inclusion_weights(_numbers(votes.inclusion))
    return drawn if weight is None else drawn * weight


def _numbers(column: Column) -> Floats:
    return np.array([float(name) for name in column.names])[column.codes]


def _side(side: boards.Side) -> dict[str, Any]:
    return {
        "effect": side.effect,
        "lower": side.lower,
        "upper": side.upper,
        "p_value": side.p_value,
        "unbalanced": side.is_unbalanced,
        "used": side.is_used,
    }


def _compared(
    names: list[str], board: boards.Leaderboard, other: boards.Leaderboard, order: Ints, *, is_half: bool
) -> dict[str, Any]:
    half, davidson = (board, other) if is_half else (other, board)
    compared = boards.compare_ties(half, davidson)
    return {
        "differs": compared.differs,
        "orders_swapped": [[names[i], names[j]] for i, j in compared.swapped],
        "p_beats_largest_difference": compared.largest,
        "tie_parameter": davidson.tie_parameter,
        **{name: getattr(other, name)[order].tolist() for name in COLUMNS[1:]},
    }


def _changes(names: list[str], votes: Comparisons, board: boards.Leaderboard, weight: Floats | None) -> list[dict[str, Any]]:
    """Of each two neighbours, how many votes would have to go for the lower to be above."""
    n = len(names)
    kinds = kinds_of(boards.cells_of(votes.left, votes.right, votes.winner, n), weight, n_cells=3 * n * n)
    return [
        {
            "upper": names[change.upper],
            "lower": names[change.lower],
            "votes": change.votes,
            "share": None if change.votes is None else change.votes / board.votes,
        }
        for change in order_changes(board.model, kinds, board.score)
    ]


def _warnings(board: boards.Leaderboard, asked: tuple[str, ...] | None) -> list[str]:
    notes = [
        f"There are only {number} different values of {name}. Intervals allow for that, but few say little of others."
        for name, number in board.clusters.items()
        if number < FEW
    ]
    if asked == ():
        notes.append("Votes are taken as independent. If some share a prompt, a pair or a worker, intervals are too short.")
    if board.side.is_used:
        notes.append("Scores take into account that one side is favoured.")
    if not board.converged:
        notes.append("Not converged. Do not use the result.")
    return notes
