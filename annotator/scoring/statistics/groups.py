"""Statistics of demographic groups that are large enough to identify nobody."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from annotator.choices import Choice
from annotator.consensus.bias import share_of
from annotator.consensus.majority import NO_LABEL, count_votes, majority_of_counts
from annotator.scoring.statistics import schema as doc
from annotator.scoring.statistics.load import CHOICES, NONE, TIED, CampaignData
from annotator.scoring.statistics.rounding import rates_of

BOTH_BAD = CHOICES.index(Choice.BOTH_BAD)


def groups_of(data: CampaignData) -> doc.Groups | None:
    """None where the campaign asks nobody."""
    if not data.group_options:
        return None
    voters = np.unique(data.counted.member)
    said = data.group_of[voters]
    people = np.bincount(said[said != NONE], minlength=len(data.group_options)).tolist()
    shown = groups_shown(people, others=int((said == NONE).sum()), people_min=data.group_people_min)
    return doc.Groups(
        question=data.group_question,
        people_min=data.group_people_min,
        groups=[_group(data, code, people[code]) for code in shown],
        suppressed=len(data.group_options) - len(shown),
    )


def groups_shown(people: Sequence[int], *, others: int, people_min: int) -> list[int]:
    """Which groups may be told of, by the number of people in each and of those in none.

    What is not told of can be had by subtracting what is from the whole. So there are at least `people_min` people in what is
    left, too, and never one small group alone: the next smallest is left out until that holds.
    """
    shown = [code for code, its in enumerate(people) if its >= people_min]
    while shown:
        hidden = [its for code, its in enumerate(people) if its and code not in shown]
        left = sum(hidden) + others
        is_alone = len(hidden) == 1 and hidden[0] < people_min
        if not is_alone and (left == 0 or left >= people_min):
            break
        shown.remove(min(shown, key=lambda code: (people[code], code)))
    return shown


def _group(data: CampaignData, code: int, people: int) -> doc.Group:
    its = data.counted.where(data.group_of[data.counted.member] == code)
    own = count_votes(its.pair, its.choice, n_tasks=len(data.pairs), n_choices=len(CHOICES))
    label = majority_of_counts(data.primary_counts - own).label[its.pair]
    is_compared = (label != NO_LABEL) & (label != TIED)
    both_bad, alike = rates_of(
        share_of(
            [int((its.choice == BOTH_BAD).sum()), int((label == its.choice)[is_compared].sum())],
            [len(its), int(is_compared.sum())],
        )
    )
    return doc.Group(data.group_options[code], people, len(its), both_bad, alike)
