"""Possible groups of annotators who prefer different things, with their sizes."""

from __future__ import annotations

import numpy as np

from annotator.consensus.codes import Floats
from annotator.consensus.tastes import Tastes, tastes
from annotator.scoring.statistics import schema as doc
from annotator.scoring.statistics.load import CampaignData
from annotator.scoring.statistics.rounding import number


def tastes_of(data: CampaignData) -> doc.Tastes:
    """By the counted votes on the primary question."""
    votes = data.counted
    found = tastes(votes.member, votes.pair, votes.choice, n_annotators=len(data.members), n_tasks=len(data.pairs))
    groups = [
        doc.TasteGroup(
            people=int(found.sizes[group]),
            annotators=[data.members[place] for place in np.flatnonzero(found.group == group).tolist()],
            agreement_within=number(found.agreement[group, group]),
            agreement_with_others=number(_with_others(found, group)),
        )
        for group in range(found.n_groups)
    ]
    in_none = found.compared - int(found.sizes.sum()) if groups else 0
    return doc.Tastes(compared=found.compared, p_value=number(found.p_value), groups=groups, in_none=in_none)


def _with_others(found: Tastes, group: int) -> float:
    """The mean of its agreement with each other group, by the people of these."""
    others: Floats = np.delete(found.agreement[group], group)
    people = np.delete(found.sizes, group)
    is_known = ~np.isnan(others)
    return float(np.average(others[is_known], weights=people[is_known])) if is_known.any() else np.nan
