"""Generators compared: sides, win rates, and cycles, which no ranking can show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from annotator.consensus.bias import share_of, side_effect, side_shares
from annotator.consensus.bradley_terry import LEFT, RIGHT, TIE, comparisons_of_sides, count_sides
from annotator.consensus.codes import Ints
from annotator.consensus.cycles import find_cycles_of_counts
from annotator.scoring.statistics import schema as doc
from annotator.scoring.statistics.leaderboards import sides_of
from annotator.scoring.statistics.load import CampaignData
from annotator.scoring.statistics.prompts import codes_of
from annotator.scoring.statistics.rounding import number, rates_of
from annotator.scoring.statistics.schema_leaderboards import Cycle, Cycles

CYCLES_LISTED = 20


class Comparisons:
    """The counted votes by the generators of the two images and the side that won: tables in place of votes."""

    def __init__(self, data: CampaignData, categories: Sequence[str]) -> None:
        self.generators, self.categories = data.generators, categories
        size = len(data.generators)  # also the code for the images of no known generator
        left, right, winner = sides_of(data, data.counted, unknown=size)
        self.sides = count_sides(left, right, winner, n_generators=size + 1)  # (3, generators, generators)
        # A generator beside itself, or beside none that is known, says nothing of either.
        self.wins, self.tied = comparisons_of_sides(self.sides[:, :size, :size] * ~np.eye(size, dtype=np.bool_))
        is_compared = (left != size) & (right != size) & (left != right)
        place = (codes_of(data.prompts.category, categories)[data.pairs.prompt] + 1).astype(np.int32)
        row = place[data.counted.pair[is_compared]] * size
        left, right, winner = left[is_compared], right[is_compared], winner[is_compared]

        def number_of(generator: Ints, which: Ints) -> Ints:
            numbers = np.bincount((row + generator)[which], minlength=(len(categories) + 1) * size)
            return numbers.reshape(len(categories) + 1, size)

        # By category and generator; the first row is of the prompts of no such category.
        self.won = number_of(left, winner == LEFT) + number_of(right, winner == RIGHT)
        self.lost = number_of(right, winner == LEFT) + number_of(left, winner == RIGHT)
        self.even = number_of(left, winner == TIE) + number_of(right, winner == TIE)


def position_of(compared: Comparisons) -> doc.Position:
    overall, of_left, of_right, ties = side_shares(compared.sides)
    on_left, on_right = rates_of(of_left), rates_of(of_right)
    effect = side_effect(of_left, of_right)
    return doc.Position(
        left=rates_of(overall)[0],
        p_value=float(overall.p_value[0]),
        ties=ties,
        generators=[
            doc.GeneratorSides(name, on_left[code], on_right[code], number(effect[code]))
            for code, name in enumerate(compared.generators)
        ],
    )


def win_rates_of(compared: Comparisons) -> list[doc.WinRate]:
    """Of every generator, on all prompts and by category, where it was compared."""
    names: list[str | None] = [None, *compared.categories]
    rows = []
    for place, name in enumerate(names):
        won, lost, even = (table[place] if place else table.sum(axis=0) for table in (compared.won, compared.lost, compared.even))
        rates = rates_of(share_of(won, won + lost))
        rows += [
            doc.WinRate(generator, name, rates[code], int(even[code]))
            for code, generator in enumerate(compared.generators)
            if won[code] + lost[code] + even[code]
        ]
    return rows


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
