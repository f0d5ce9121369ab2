"""Generators compared: sides, win rates, and cycles, which no ranking can show.

Intervals of rates are over prompts and people: they say how a rate would differ with others of both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from annotator.consensus.bias import Share, side_effect
from annotator.consensus.bradley_terry import LEFT, TIE, comparisons_of_sides, count_sides
from annotator.consensus.codes import Bools
from annotator.consensus.cycles import find_cycles_of_counts
from annotator.consensus.two_way import Clusters, joined, share_of_votes
from annotator.scoring.statistics import schema as doc
from annotator.scoring.statistics.leaderboards import sides_of
from annotator.scoring.statistics.load import NONE, CampaignData
from annotator.scoring.statistics.prompts import codes_of
from annotator.scoring.statistics.rounding import number, rates_of
from annotator.scoring.statistics.schema_leaderboards import Cycle, Cycles

CYCLES_LISTED = 20


class Comparisons:
    """The counted votes by the generators of the two images and the side that won.

    Wins, for cycles, are of all of them. Rates are of the first `votes_wanted` of each pair, which come whatever people say: with
    adaptive overlap, pairs on which people agree get fewer of the others.
    """

    def __init__(self, data: CampaignData, categories: Sequence[str]) -> None:
        self.generators, self.categories = data.generators, categories
        size = len(data.generators)  # also the code for the images of no known generator
        votes = data.counted
        left, right, winner = sides_of(data, votes, unknown=size)
        sides = count_sides(left, right, winner, n_generators=size + 1)
        # A generator beside itself, or beside none that is known, says nothing of either.
        self.wins, self.tied = comparisons_of_sides(sides[:, :size, :size] * ~np.eye(size, dtype=np.bool_))
        order = data.by_prompt[0] if data.by_prompt else np.zeros(0, dtype=np.int64)
        if data.overlap.is_adaptive:
            order = order[votes.rank[order] < data.overlap.votes_wanted]
        self.left, self.right, self.winner = left[order], right[order], winner[order]
        self.clusters = Clusters(data.pairs.prompt[votes.pair[order]], votes.member[order])
        self.category = codes_of(data.prompts.category, categories)[self.clusters.first]

    def share(self, is_hit: Bools, of: Bools) -> Share:
        """Of these votes, but for ties, the share of hits."""
        wanted = np.flatnonzero(of & (self.winner != TIE))
        return share_of_votes(is_hit[wanted], self.clusters.where(wanted))


def position_of(compared: Comparisons) -> doc.Position:
    size, is_left = len(compared.generators), compared.winner == LEFT
    overall = compared.share(is_left, np.ones(len(is_left), dtype=np.bool_))
    of_left = joined([compared.share(is_left, compared.left == code) for code in range(size)])
    of_right = joined([compared.share(~is_left, compared.right == code) for code in range(size)])
    on_left, on_right = rates_of(of_left), rates_of(of_right)
    effect = side_effect(of_left, of_right)
    return doc.Position(
        left=rates_of(overall)[0],
        p_value=float(overall.p_value[0]),
        ties=int((compared.winner == TIE).sum()),
        generators=[
            doc.GeneratorSides(name, on_left[code], on_right[code], number(effect[code]))
            for code, name in enumerate(compared.generators)
        ],
    )


def win_rates_of(compared: Comparisons) -> list[doc.WinRate]:
    """Of every generator, on all prompts and by category, where it was compared."""
    size, is_left = len(compared.generators), compared.winner == LEFT
    is_other = (compared.left != size) & (compared.right != size) & (compared.left != compared.right)
    rows: dict[tuple[int, int], doc.WinRate] = {}
    for code, generator in enumerate(compared.generators):
        # Of one generator there are few votes: they are looked at once for all categories.
        votes = np.flatnonzero(is_other & ((compared.left == code) | (compared.right == code)))
        has_won = is_left[votes] == (compared.left[votes] == code)
        is_tie, clusters, category = compared.winner[votes] == TIE, compared.clusters.where(votes), compared.category[votes]
        for place in (NONE, *np.unique(category[category != NONE]).tolist()):
            its = np.ones(len(votes), dtype=np.bool_) if place == NONE else category == place
            if its.any():
                decided = np.flatnonzero(its & ~is_tie)
                [rate] = rates_of(share_of_votes(has_won[decided], clusters.where(decided)))
                name = None if place == NONE else compared.categories[place]
                rows[place, code] = doc.WinRate(generator, name, rate, int((its & is_tie).sum()))
    return [rows[key] for key in sorted(rows)]


def cycles_of(compared: Comparisons) -> Cycles:
    found = find_cycles_of_counts(compared.wins, compared.tied, listed_max=CYCLES_LISTED)
    return Cycles(
        cycles=int(found.counts.sum()),
        triads=int(found.triads.sum()),
        listed=[
            Cycle([compared.generators[code] for code in three], margin)
            for three, margin in zip(found.generators.tolist(), found.margin.tolist(), strict=True)
        ],
    )
