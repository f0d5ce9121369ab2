"""Leaderboards of a campaign: one per question, on all prompts and by category.

A score counts the votes that came whatever the others said: with adaptive overlap, the first `votes_wanted` of each pair, and
all of audit pairs, which weigh as much as any other pair (see `consensus.vote_weights`). Intervals take votes on one prompt, and
votes of one person, as dependent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from annotator.consensus import leaderboard as boards
from annotator.consensus.bradley_terry import LEFT, RIGHT, TIE, NotConnected, Ties, comparisons_of_sides, count_sides
from annotator.consensus.codes import Bools, Floats, Ints
from annotator.consensus.influence import kinds_of, order_changes
from annotator.consensus.vote_weights import fixed_overlap_weights, inclusion_weights
from annotator.scoring.statistics import schema_leaderboards as doc
from annotator.scoring.statistics.load import NONE, A, B, CampaignData, Votes
from annotator.scoring.statistics.prompts import codes_of
from annotator.scoring.statistics.rounding import number

REFUSED = "The generators cannot be ranked: "
CATEGORIES_RANKED = 20  # the largest
MATRIX_MAX = 60  # generators; the matrices of more would make the document too long


class Compared(NamedTuple):
    """Votes between two known generators, a row each."""

    left: Ints
    right: Ints
    winner: Ints
    prompt: Ints
    member: Ints
    weight: Floats | None

    def where(self, wanted: Bools | Ints) -> Compared:
        left, right, winner, prompt, member = (column[wanted] for column in self[:5])
        return Compared(left, right, winner, prompt, member, None if self.weight is None else self.weight[wanted])


def leaderboards_of(data: CampaignData, categories: Sequence[str]) -> list[doc.Leaderboard]:
    """Of each question: on all prompts, then on those of each of the largest categories that has comparisons."""
    code = codes_of(data.prompts.category, categories[:CATEGORIES_RANKED])
    result = []
    for place, (slug, _) in enumerate(data.questions):
        votes = compared_votes(data, place)
        whole, side = _board(data, votes, slug, None, None)
        result.append(whole)
        of_vote = code[votes.prompt]
        for category, name in enumerate(categories[:CATEGORIES_RANKED]):
            its = votes.where(of_vote == category)
            if len(its.left):
                result.append(_board(data, its, slug, name, side)[0])
    return result


def sides_of(data: CampaignData, votes: Votes, *, unknown: int) -> tuple[Ints, Ints, Ints]:
    """Of each vote: the generator on the left, the one on the right, and the side that won."""
    pairs = data.pairs
    of_a, of_b = (
        _narrow(np.where(of == NONE, unknown, of), unknown)[votes.pair] for of in (pairs.generator_a, pairs.generator_b)
    )
    is_decided = (votes.choice == A) | (votes.choice == B)
    side = np.where((votes.choice == A) == votes.a_on_left, np.int8(LEFT), np.int8(RIGHT))
    winner = np.where(is_decided, side, np.int8(TIE))
    return np.where(votes.a_on_left, of_a, of_b), np.where(votes.a_on_left, of_b, of_a), winner


def _narrow(codes: Ints, largest: int) -> Ints:
    """There may be millions of votes with these codes."""
    return codes.astype(np.int16) if largest < 1 << 15 else codes


def compared_votes(data: CampaignData, place: int) -> Compared:
    """The counted votes on the question at this place that compare two known generators, weighed so that neither early stopping
    nor the pairing rule moves scores."""
    unknown = len(data.generators)
    votes = data.counted_on(place)
    left, right, winner = sides_of(data, votes, unknown=unknown)
    weight = None
    if data.overlap.is_adaptive:
        weight = fixed_overlap_weights(
            votes.pair,
            votes_first=data.overlap.votes_wanted,
            order=votes.rank,
            never_stops=data.pairs.is_audit[votes.pair],
        )
    drawn = data.pairs.inclusion_probability[votes.pair]
    if len(drawn) and drawn.min() < drawn.max():
        weight = inclusion_weights(drawn) * (1.0 if weight is None else weight)
    found = Compared(left, right, winner, data.pairs.prompt[votes.pair], votes.member, weight)
    order = data.by_prompt[place]
    return found.where(order[((left != unknown) & (right != unknown) & (left != right))[order]])


def _board(
    data: CampaignData, votes: Compared, question: str, category: str | None, side: boards.Side | None
) -> tuple[doc.Leaderboard, boards.Side | None]:
    """With the side effect that it found; a category takes that of its question. What takes long is not done by category."""
    wins, tied = comparisons_of_sides(count_sides(*votes[:3], n_generators=len(data.generators)))
    seen = np.flatnonzero((wins + wins.T + tied).any(axis=1))
    names = [data.generators[code] for code in seen.tolist()]
    wins, tied = wins[np.ix_(seen, seen)], tied[np.ix_(seen, seen)]
    used = votes if votes.weight is None else votes.where(votes.weight > 0)
    place = _narrow(np.cumsum(np.bincount(seen, minlength=len(data.generators))) - 1, len(seen))
    left, right = place[used.left], place[used.right]
    board, davidson, refusal = _fits(used, left, right, names, side, with_davidson=category is None)
    n_wins = wins.sum(axis=1)
    score = np.zeros(len(names)) if board is None else board.score
    order = np.array(sorted(range(len(names)), key=lambda code: (-score[code], -n_wins[code], names[code])), dtype=np.int64)
    shown = order if len(order) <= MATRIX_MAX else order[:0]
    result = doc.Leaderboard(
        refusal=refusal,
        generators=[
            doc.Ranked(
                generator=names[code],
                n_comparisons=int(wins[code].sum() + wins[:, code].sum() + tied[code].sum()),
                n_wins=int(n_wins[code]),
                n_losses=int(wins[:, code].sum()),
                n_ties=int(tied[code].sum()),
                **_figures(board, code),
            )
            for code in order.tolist()
        ],
        question=question,
        category=category,
        votes=len(used.left),
        votes_left_out=len(votes.left) - len(used.left),
        votes_per_pair=data.overlap.votes_wanted if data.overlap.is_adaptive else None,
        prompts=len(np.unique(used.prompt)),
        annotators=len(np.unique(used.member)),
        p_beats=_matrix(board and board.beats, shown),
        p_beats_lower=_matrix(board and board.beats_lower, shown),
        p_beats_upper=_matrix(board and board.beats_upper, shown),
        p_above=_matrix(board and board.above, shown),
        order_changes=[] if board is None or category is not None else _changes(board, used, left, right, names),
        side=None if board is None else _side(board.side),
        davidson=None if board is None or davidson is None else _davidson(board, davidson, names, order),
    )
    return result, None if board is None else board.side


def _fits(
    votes: Compared, left: Ints, right: Ints, names: Sequence[str], side: boards.Side | None, *, with_davidson: bool
) -> tuple[boards.Leaderboard | None, boards.Leaderboard | None, str | None]:
    """The leaderboard, that by Davidson's model where there are ties, and why there is none."""
    if not names:
        return None, None, None

    def fit(ties: Ties, side: boards.Side | None) -> boards.Leaderboard:
        clusters = {"prompts": votes.prompt, "annotators": votes.member}
        return boards.leaderboard(
            left,
            right,
            votes.winner,
            n_items=len(names),
            clusters=clusters,
            weight=votes.weight,
            ties=ties,
            side=side,
            names=names,
        )

    try:
        board = fit(Ties.HALF, side)
    except NotConnected as error:
        reason = str(error).rpartition(". ")[0]  # without the hint, which is for users of the library
        return None, None, f"{REFUSED}{reason}. Collect more votes between these generators."
    return board, fit(Ties.DAVIDSON, board.side) if with_davidson and board.ties.any() else None, None


def _figures(board: boards.Leaderboard | None, code: int) -> dict[str, Any]:
    if board is None:
        return dict.fromkeys(("score", "lower", "upper", "standard_error", "rank_lower", "rank_upper", "p_first"))
    return {
        "score": number(board.score[code]),
        "lower": number(board.lower[code]),
        "upper": number(board.upper[code]),
        "standard_error": number(board.standard_error[code]),
        "rank_lower": int(board.rank_lower[code]),
        "rank_upper": int(board.rank_upper[code]),
        "p_first": number(board.p_first[code]),
    }


def _matrix(values: Floats | None, order: Ints) -> list[list[float | None]]:
    """In the order of the generators; null on the diagonal."""
    return [] if values is None else [[number(value) for value in row] for row in values[np.ix_(order, order)].tolist()]


def _changes(board: boards.Leaderboard, votes: Compared, left: Ints, right: Ints, names: Sequence[str]) -> list[doc.OrderChange]:
    n = len(names)
    kinds = kinds_of(boards.cells_of(left, right, votes.winner, n), votes.weight, n_cells=3 * n * n)
    return [
        doc.OrderChange(
            upper=names[change.upper],
            lower=names[change.lower],
            votes=change.votes,
            share=None if change.votes is None else number(change.votes / board.votes),
        )
        for change in order_changes(board.model, kinds, board.score)
    ]


def _side(side: boards.Side) -> doc.SideEffect:
    return doc.SideEffect(
        number(side.effect), number(side.lower), number(side.upper), number(side.p_value), side.is_unbalanced, side.is_used
    )


def _davidson(board: boards.Leaderboard, davidson: boards.Leaderboard, names: Sequence[str], order: Ints) -> doc.Davidson:
    compared = boards.compare_ties(board, davidson)
    return doc.Davidson(
        differs=compared.differs,
        swapped=[[names[i], names[j]] for i, j in compared.swapped],
        largest_difference=number(compared.largest),
        tie_parameter=number(davidson.tie_parameter),
        generators=[
            doc.DavidsonScore(
                names[code], number(davidson.score[code]), number(davidson.lower[code]), number(davidson.upper[code])
            )
            for code in order.tolist()
        ],
    )


# Of a campaign without questions, or of which nothing has been read yet.
NOTHING = doc.Leaderboard(None, [], "", None, 0, 0, None, 0, 0, [], [], [], [], [], None, None)
