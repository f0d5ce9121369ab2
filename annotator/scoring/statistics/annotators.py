"""Each annotator, how far few of them decide, the checks on them, and machines beside people."""

from __future__ import annotations

import numpy as np

from annotator.consensus.bias import share_of
from annotator.consensus.codes import Bools, Floats, Ints
from annotator.consensus.majority import NO_LABEL, majority_of_counts
from annotator.consensus.repeats import NOT_THERE, first_answers
from annotator.scoring.statistics import schema as doc
from annotator.scoring.statistics.load import CHOICES, GOLD, NONE, REGULAR, REPEAT, TIED, A, B, CampaignData
from annotator.scoring.statistics.rounding import DIGITS, gini, number, rate_of, rates_of

HOUR = 3600  # seconds


def annotators_of(data: CampaignData) -> list[doc.Annotator]:
    """All who voted, the busiest first."""
    votes, size = data.counted, len(data.members)
    of_each = np.bincount(votes.member, minlength=size)
    medians = medians_of(votes.member, votes.elapsed_ms, size)
    hours = np.unique(votes.at // HOUR * size + votes.member) % max(size, 1)
    per_hour = np.divide(of_each, np.bincount(hours, minlength=size), out=np.full(size, np.nan), where=of_each > 0)
    is_decided = (votes.choice == A) | (votes.choice == B)
    is_left = is_decided & ((votes.choice == A) == votes.a_on_left)
    n_left, n_decided = (np.bincount(votes.member[which], minlength=size) for which in (is_left, is_decided))
    left = rates_of(share_of(n_left, n_decided))
    changed, lost = labels_without(data)
    of_changed, of_lost = (np.bincount(votes.member[which], minlength=size) for which in (changed, lost))
    busiest = sorted(np.flatnonzero(of_each).tolist(), key=lambda place: (-of_each[place], data.members[place]))
    return [
        doc.Annotator(
            annotator=data.members[place],
            votes=int(of_each[place]),
            share=round(int(of_each[place]) / len(votes), DIGITS),
            median_elapsed_ms=number(medians[place]),
            votes_per_hour=number(per_hour[place]),
            left=left[place],
            labels_changed=int(of_changed[place]),
            labels_lost=int(of_lost[place]),
        )
        for place in busiest
    ]


def medians_of(group: Ints, values: Ints, size: int) -> Floats:
    """The median of the values of each group of 0 … size - 1, without those that are NONE; NaN for a group without any."""
    is_known = values != NONE
    group, values = group[is_known], values[is_known]
    values = values[np.lexsort([values, group])]
    count = np.bincount(group, minlength=size)
    first = np.cumsum(count) - count
    some = count > 0
    middle = np.full(size, np.nan)
    low, high = first + np.maximum(count - 1, 0) // 2, first + count // 2
    middle[some] = (values[low[some]] + values[high[some]]) / 2
    return middle


def labels_without(data: CampaignData) -> tuple[Bools, Bools]:
    """Of each counted vote: whether its pair would have another label without it, and whether it would have none.

    An annotator has one vote on a pair, so that leaving the annotator out is leaving out each of their votes by itself. A million
    pairs have a few hundred different counts, and each of these is looked at once.
    """
    votes, counts = data.counted, data.primary_counts
    powers = (int(counts.max(initial=0)) + 1) ** np.arange(len(CHOICES))
    _, firsts, kind_of = np.unique(counts @ powers, return_index=True, return_inverse=True)
    one_less = np.maximum(counts[firsts][:, None] - np.eye(len(CHOICES), dtype=np.int64), 0)
    without = majority_of_counts(one_less.reshape(-1, len(CHOICES))).label.reshape(-1, len(CHOICES))
    is_lost = without == NO_LABEL
    is_changed = (without != data.label[firsts][:, None]) & ~is_lost
    kind = kind_of.astype(np.int32)[votes.pair]
    return is_changed[kind, votes.choice], is_lost[kind, votes.choice]


def leave_one_out_of(data: CampaignData) -> doc.LeaveOneOut:
    votes = data.counted
    changed, _ = labels_without(data)
    pairs = int((data.label != NO_LABEL).sum())
    most = int(np.bincount(votes.member[changed]).max(initial=0))
    return doc.LeaveOneOut(
        pairs=pairs,
        most_changed=most,
        most_changed_share=round(most / pairs, DIGITS) if pairs else None,
        pairs_that_hang_on_one=len(np.unique(votes.pair[changed])),
    )


def concentration_of(data: CampaignData) -> doc.Concentration:
    votes = np.sort(np.bincount(data.counted.member))[::-1]
    votes = votes[votes > 0]
    if not len(votes):
        return doc.Concentration(0, None, None, None, None, None)
    share = votes / votes.sum()
    return doc.Concentration(
        annotators=len(votes),
        gini=number(gini(votes)),
        top_1_share=number(share[:1].sum()),
        top_5_share=number(share[:5].sum()),
        top_10_share=number(share[:10].sum()),
        effective_annotators=number(1 / (share**2).sum()),
    )


def gold_of(data: CampaignData) -> doc.Gold:
    votes, pairs = data.votes, data.pairs
    its = votes.where(~data.is_machine[votes.member] & (votes.question == 0))
    asked = its.where((its.kind == GOLD) & (pairs.gold[its.pair] != NONE) & ~pairs.in_review[its.pair])
    right = int((asked.choice == pairs.gold[asked.pair]).sum())
    again, first = first_answers(its.member, its.pair, is_first=its.kind == REGULAR, is_again=its.kind == REPEAT)
    again, first = again[first != NOT_THERE], first[first != NOT_THERE]
    return doc.Gold(
        pairs=len(np.unique(asked.pair)),
        annotators=len(np.unique(asked.member)),
        accuracy=rate_of(right, len(asked)),
        repeats_alike=rate_of(int((its.choice[again] == its.choice[first]).sum()), len(again)),
    )


def machines_of(data: CampaignData) -> list[doc.Machine]:
    """Each machine's votes beside the people's labels; those on pairs without one, or with a tie, are compared with nothing."""
    its = data.votes.where(data.is_machine[data.votes.member] & (data.votes.question == 0))
    label = data.label[its.pair]
    is_compared = (label != NO_LABEL) & (label != TIED)
    size = len(data.members)
    cast = np.bincount(its.member, minlength=size)
    agreed = rates_of(
        share_of(
            np.bincount(its.member[is_compared & (label == its.choice)], minlength=size),
            np.bincount(its.member[is_compared], minlength=size),
        )
    )
    machines = np.flatnonzero(data.is_machine).tolist()
    return [doc.Machine(data.members[place], int(cast[place]), agreed[place]) for place in machines]
