"""What the votes so far tell about how many more there should be: the components that `consensus.planning` reckons with."""

from __future__ import annotations

import numpy as np

from annotator.consensus.planning import VoteColumns, components, estimate, oriented
from annotator.scoring.statistics import schema as doc
from annotator.scoring.statistics.load import NONE, A, B, CampaignData
from annotator.scoring.statistics.rounding import DIGITS


def planning_of(data: CampaignData) -> doc.Planning | None:
    """None where no votes compare generators, or they do not differ.

    Only the first votes of each pair are used to estimate from, as many as every pair gets: later ones were asked for because
    of what these said.
    """
    votes, pairs = data.counted, data.pairs
    of_a, of_b = pairs.generator_a[votes.pair].astype(np.int64), pairs.generator_b[votes.pair].astype(np.int64)
    is_compared = (of_a != NONE) & (of_b != NONE) & (of_a != of_b)
    if not is_compared.any():
        return None
    pair, choice = votes.pair[is_compared].astype(np.int64), votes.choice[is_compared]
    outcome = np.where(choice == A, 1.0, np.where(choice == B, 0.0, 0.5))
    first, second, outcome = oriented(of_a[is_compared], of_b[is_compared], outcome)
    is_first = votes.rank[is_compared] < data.overlap.votes_wanted
    prompt, person = pairs.prompt[pair].astype(np.int64), votes.member[is_compared].astype(np.int64)
    columns = [column[is_first] for column in (first, second, outcome, pair, prompt, person)]
    try:
        found = estimate(VoteColumns(*columns), expected=components())
    except ValueError:
        return None
    of, design = found.components, found.design
    return doc.Planning(
        votes=len(pair),
        pairs=len(np.unique(pair)),
        prompts=len(np.unique(pairs.prompt[pair])),
        generators=design.generators,
        people=round(float(design.people or 0), DIGITS),
        information=round(of.information, DIGITS),
        variance=round(of.variance, DIGITS),
        pair_share=round(of.pair_share, DIGITS),
        image_share=round(of.image_share, DIGITS),
        taste_share=round(of.taste_share, DIGITS),
        agreement=round(found.agreement, DIGITS),
        assumed=found.assumed,
    )
