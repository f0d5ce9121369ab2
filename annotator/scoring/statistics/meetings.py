"""Which generators were compared how often, and whether the comparisons connect them all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from annotator.consensus.codes import Bools, Ints
from annotator.consensus.graphs import connected_components, count_meetings
from annotator.scoring.statistics import schema_leaderboards as doc
from annotator.scoring.statistics.load import NONE, CampaignData
from annotator.scoring.statistics.prompts import codes_of

MEETINGS_LISTED = 500


def meetings_of(data: CampaignData, categories: Sequence[str]) -> doc.Meetings:
    """Gold pairs, which collect no votes that count, are no comparisons."""
    pairs, prompts, size = data.pairs, data.prompts, len(data.generators)
    votes = data.primary_counts.sum(axis=1)
    is_asked = pairs.gold == NONE

    def met_on(which: Bools, times: Ints) -> Ints:
        return count_meetings(pairs.generator_a[which], pairs.generator_b[which], times[which], n_items=size)

    of_pairs, of_votes = met_on(is_asked, np.ones(len(pairs), dtype=np.int64)), met_on(is_asked, votes)
    one, other = np.triu_indices(size, 1)
    order = np.lexsort((other, one, of_pairs[one, other], of_votes[one, other]))[:MEETINGS_LISTED]
    code = codes_of(prompts.category, categories)
    of_category = []
    for place, name in enumerate(categories):
        which = is_asked & (code[pairs.prompt] == place)
        met = met_on(which, votes)
        seen = np.flatnonzero(met_on(which, np.ones(len(pairs), dtype=np.int64)).any(axis=1))
        of_category.append(
            doc.CategoryMeetings(
                category=name,
                images=int(prompts.images[code == place].sum()),
                images_without_pairs=int(prompts.images_without_pairs[code == place].sum()),
                pairs=int(which.sum()),
                votes=int(votes[which].sum()),
                met=int(np.count_nonzero(np.triu(met))),
                groups=int(connected_components(met[np.ix_(seen, seen)] > 0).max(initial=-1)) + 1,
            )
        )
    return doc.Meetings(
        images=int(prompts.images.sum()),
        images_without_pairs=int(prompts.images_without_pairs.sum()),
        generators=size,
        possible=len(one),
        met=int(np.count_nonzero(of_votes[one, other])),
        groups=_groups(of_votes, data.generators),
        groups_of_pairs=_groups(of_pairs, data.generators),
        listed=[
            doc.Meeting([data.generators[i], data.generators[j]], int(of_pairs[i, j]), int(of_votes[i, j]))
            for i, j in zip(one[order].tolist(), other[order].tolist(), strict=True)
        ],
        listed_max=MEETINGS_LISTED,
        categories=of_category,
    )


def _groups(met: Ints, names: Sequence[str]) -> list[list[str]]:
    """The largest first."""
    component = connected_components(met > 0)
    numbers = range(component.max(initial=-1) + 1)
    groups = [[names[code] for code in np.flatnonzero(component == number).tolist()] for number in numbers]
    return sorted(groups, key=lambda group: (-len(group), group))
