"""What the stopping rule of adaptive overlap saves and what it costs, from the audit pairs: they got all votes, so the rule is
replayed on them vote by vote, with what all votes together say of how people agree."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from annotator.consensus.bias import share_of
from annotator.consensus.bootstrap import bootstrap
from annotator.consensus.codes import Bools, Floats, Ints
from annotator.consensus.majority import majority_of_counts
from annotator.consensus.stopping import is_decided
from annotator.scoring.confidence import asked_counts
from annotator.scoring.statistics import schema as doc
from annotator.scoring.statistics.load import CHOICES, CampaignData
from annotator.scoring.statistics.rounding import estimate_of, rate_over_prompts, rates_of

RESAMPLES = 1000


class Replay(NamedTuple):
    """Of each pair: after how many votes the rule stops it, its label then, and its label by all votes (codes of majority)."""

    spent: Ints
    label: Ints
    final: Ints


def stopping_of(data: CampaignData) -> doc.Stopping | None:
    """None with fixed overlap, and where another rule says which pairs get more votes. Labels are by majority, which is what can
    be told after each vote."""
    can_stop = data.pairs.can_stop_early
    if not data.overlap.is_adaptive or not data.questions or (len(can_stop) and not can_stop.any()):
        return None
    most, is_audit = data.overlap.votes_max, data.pairs.is_audit & can_stop
    complete = np.flatnonzero(is_audit & (data.primary_counts.sum(axis=1) >= most))
    replay = replay_rule(data, complete)
    is_early = replay.spent < most
    differs = is_early & (replay.label != replay.final)
    sums = np.stack([replay.spent, np.full(len(complete), most), np.ones(len(complete)), is_early, differs], axis=1)
    found = bootstrap(sums, _figures, cluster=data.pairs.prompt[complete], resamples=RESAMPLES)
    early = int(is_early.sum())
    stopped, differing = rates_of(share_of([early, int(differs.sum())], [len(complete), early]))
    return doc.Stopping(
        audit_pairs=int(is_audit.sum()),
        audit_pairs_complete=len(complete),
        votes_per_pair=estimate_of(found, 0),
        votes_saved=estimate_of(found, 1),
        stopped_early=rate_over_prompts(stopped, found, 2),
        label_differs=rate_over_prompts(differing, found, 3),
    )


def _figures(totals: Floats) -> Floats:
    """Votes a pair, share of votes saved, share of pairs stopped early, share of these with another label."""
    spent, most, pairs, early, differs = totals.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([spent / pairs, 1 - spent / most, early / pairs, differs / early], axis=1)


def replay_rule(data: CampaignData, pairs: Ints) -> Replay:
    """The campaign's rule on these pairs, all of which have `votes_max` counted votes, from vote `votes_wanted` on."""
    wanted, most = data.overlap.votes_wanted, data.overlap.votes_max
    given = _in_order(data, pairs)
    counts = np.zeros((len(pairs), len(CHOICES)), dtype=np.int64)
    spent, label = np.full(len(pairs), most), np.full(len(pairs), -1)
    for votes in range(1, most + 1):
        counts[np.arange(len(pairs)), given[:, votes - 1]] += 1
        if votes < wanted:
            continue
        stops = (label < 0) & ((votes == most) | _stops(data, counts))
        spent[stops] = votes
        label[stops] = majority_of_counts(counts[stops]).label
    return Replay(spent, label, majority_of_counts(counts).label)


def _stops(data: CampaignData, counts: Ints) -> Bools:
    """Whether the rule stops at these counts: the one place here that calls it."""
    _, asked = data.questions[0]
    return is_decided(
        data.priors[0],
        asked_counts(counts, asked),
        votes_max=data.overlap.votes_max,
        stop_confidence=data.overlap.stop_confidence,
    )


def _in_order(data: CampaignData, pairs: Ints) -> Ints:
    """The first `votes_max` choices on each of these pairs as they were given: (pairs, votes_max)."""
    row_of = np.full(len(data.pairs), -1)
    row_of[pairs] = np.arange(len(pairs))
    votes = data.counted
    its = votes.where((row_of[votes.pair] >= 0) & (votes.rank < data.overlap.votes_max))
    given = np.zeros((len(pairs), data.overlap.votes_max), dtype=np.int64)
    given[row_of[its.pair], its.rank] = its.choice
    return given
