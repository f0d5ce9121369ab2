"""What a campaign publishes about a simulated crowd, and whether it is so: intervals beside what they are intervals of.

Every interval is made by the function that makes it for the statistics page, the dataset card and the REST API.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from annotator.consensus.majority import majority_of_counts
from annotator.consensus.posterior import Prior, posterior
from annotator.consensus.stopping import is_decided
from annotator.consensus.vote_noise import noisy_posterior
from annotator.scoring.confidence import confidence_of
from annotator.scoring.statistics import schema as doc
from annotator.scoring.statistics.agreement import agreement_of
from annotator.scoring.statistics.annotators import annotators_of, gold_of
from annotator.scoring.statistics.generators import Comparisons, position_of, win_rates_of
from annotator.scoring.statistics.leaderboards import leaderboards_of
from annotator.scoring.statistics.load import CampaignData
from annotator.scoring.statistics.schema_leaderboards import SideEffect
from annotator.scoring.statistics.stopping import stopping_of
from benchmarks.support.collected import CHOICE_NAMES, CHOICES, GROUPS, STOP_CONFIDENCE, A, B, Collected, by_votes
from benchmarks.support.crowd_truth import board_of_crowd, splits, votes_of_crowd
from benchmarks.support.crowds import GENERATORS, PEOPLE, Floats, Ints

BINS = 10  # of confidence


class Intervals(NamedTuple):
    """Of one figure: one interval, or one for each generator, pair of generators or person."""

    lower: Floats
    upper: Floats

    def share_with(self, truth: Floats | float) -> float:
        """Of the intervals that are defined, the share that hold the truth; NaN where none is."""
        lower, upper, true = np.broadcast_arrays(self.lower, self.upper, truth)
        known = np.isfinite(lower) & np.isfinite(upper) & np.isfinite(true)
        inside = (lower[known] <= true[known] + ROUNDING) & (true[known] <= upper[known] + ROUNDING)
        return float(inside.mean()) if known.any() else float("nan")


ROUNDING = 1e-6  # of the document's numbers


def intervals_of(figures: Sequence[doc.Rate | doc.Estimate | SideEffect]) -> Intervals:
    ends = [(each.lower, each.upper) for each in figures]
    lower, upper = np.array([[np.nan if end is None else end for end in each] for each in ends]).T
    return Intervals(lower, upper)


def agreement_intervals(found: doc.Agreement) -> dict[str, Intervals]:
    alpha = doc.Estimate(found.alpha, found.lower, found.upper)
    each = {
        "alpha": alpha,
        "ordinal alpha": found.ordinal,
        "same answer": found.same_answer,
        "leading share": found.leading_share,
        "entropy": found.entropy,
    }
    unanimous = {"unanimous": intervals_of([found.unanimous])}
    return {name: intervals_of([figure]) for name, figure in each.items()} | unanimous


def statistics_intervals(data: CampaignData) -> dict[str, Intervals]:
    """Of the statistics document, as far as `crowd_truth.values` knows what they are of."""
    [question] = agreement_of(data, [])
    found = agreement_intervals(question.agreement)
    if question.audit is not None:
        audit = agreement_intervals(question.audit)
        found |= {f"audit pairs: {name}": audit[name] for name in ("alpha", "ordinal alpha", "same answer")}
    compared = Comparisons(data, [])
    position, gold = position_of(compared), gold_of(data)
    sides = sorted(position.generators, key=lambda row: row.generator)
    wins = sorted((row for row in win_rates_of(compared) if row.category is None), key=lambda row: row.generator)
    people = sorted(annotators_of(data), key=lambda row: int(row.annotator.split()[1]))
    return found | {
        "left share": intervals_of([position.left]),
        "left share of a person": intervals_of([row.left for row in people]),
        "win rate": intervals_of([row.wins for row in wins]),
        "win rate on the left": intervals_of([row.on_left for row in sides]),
        "win rate on the right": intervals_of([row.on_right for row in sides]),
        "gold accuracy": intervals_of([gold.accuracy]),
        "repeats alike": intervals_of([gold.repeats_alike]),
    }


# --- the leaderboard


class Board(NamedTuple):
    """A leaderboard by the codes of generators."""

    score: Intervals
    beats: Intervals  # (generators, generators)
    rank_lower: Ints
    rank_upper: Ints
    p_first: Floats
    side: Intervals
    has_side: bool  # the scores are those of a model with a side effect


def board_of(data: CampaignData) -> Board:
    """As the statistics page has it."""
    [found] = leaderboards_of(data, [])
    code = np.array([int(row.generator.split()[1]) for row in found.generators])
    back, side = np.argsort(code), found.side
    assert side is not None

    def column(name: str) -> Floats:
        return np.array([getattr(row, name) for row in found.generators])[back]

    def matrix(rows: list[list[float | None]]) -> Floats:
        return np.array(rows, dtype=np.float64)[np.ix_(back, back)]

    return Board(
        score=Intervals(column("lower"), column("upper")),
        beats=Intervals(matrix(found.p_beats_lower), matrix(found.p_beats_upper)),
        rank_lower=column("rank_lower").astype(np.int64),
        rank_upper=column("rank_upper").astype(np.int64),
        p_first=column("p_first"),
        side=intervals_of([side]),
        has_side=side.is_used,
    )


def board_shares(board: Board, crowd: str) -> dict[str, float]:
    """The share of each kind of interval that holds."""
    true = board_of_crowd(crowd)
    score = true.score_with_side if board.has_side else true.score
    above = score[:, None] > score + ROUNDING
    # With equal scores any order is true, so the interval has to leave room for all.
    best, worst = 1 + above.sum(axis=0), GENERATORS - above.sum(axis=1)
    return {
        "score": board.score.share_with(score),
        "P(i beats j)": board.beats.share_with(true.beats),
        "ranks, all at once": float(((board.rank_lower <= best) & (board.rank_upper >= worst)).all()),
        "side effect": board.side.share_with(true.side),
    }


def first_of(board: Board, crowd: str) -> tuple[float, float]:
    """The probability that the likeliest first is first, and whether it is."""
    leader, score = int(board.p_first.argmax()), board_of_crowd(crowd).score
    best = tops(score[None], tie=ROUNDING)[0]
    return float(board.p_first[leader]), float(best[leader])


# --- labels


class Reliability(NamedTuple):
    """Sums over the pairs of each bin of confidence, (bins,)."""

    pairs: Ints
    confidence: Floats
    right: Floats

    def plus(self, other: Reliability) -> Reliability:
        return Reliability(self.pairs + other.pairs, self.confidence + other.confidence, self.right + other.right)


def reliability_of(collected: Collected, crowd: str, prior: Prior) -> Reliability:
    """How often labels are what most of the population would answer, by the confidence that the consensus has.

    That of a tie is of the most probable of the choices that lead.
    """
    counts = collected.counts()
    found = confidence_of(prior, counts, majority_of_counts(counts).label, CHOICE_NAMES)
    leads = np.where(counts == counts.max(axis=1, keepdims=True), posterior(prior, counts).first, 0.0)
    return _reliability(found.confidence, tops(leads, tie=1e-7), splits(collected, crowd))


def noisy_reliability_of(collected: Collected, crowd: str) -> Reliability:
    """The same of the command, which weighs people by how well they foretell others."""
    votes = collected.votes
    found = noisy_posterior(
        votes.pair,
        votes.person,
        votes.choice,
        n_tasks=len(collected.pairs),
        n_annotators=PEOPLE,
        n_choices=CHOICES,
        groups=GROUPS,
        on_left=np.where(votes.a_on_left, A, B),
    ).posterior
    return _reliability(found.confidence, tops(found.first, tie=1e-7), splits(collected, crowd))


def _reliability(confidence: Floats, label: Floats, split: Floats) -> Reliability:
    right = (label * tops(split)).sum(axis=1)
    place = np.minimum((confidence * BINS + 1e-9).astype(np.int64), BINS - 1)
    said, true = (np.bincount(place, sums, BINS).astype(np.float64) for sums in (confidence, right))
    return Reliability(np.bincount(place, minlength=BINS), said, true)


def accuracy_of(counts: Ints, split: Floats) -> float:
    """The share of labels by majority that are what most of the population would answer; of a shared lead, its part."""
    return float((tops(majority_of_counts(counts).shares) * tops(split)).sum(axis=1).mean())


def tops(shares: Floats, tie: float = 1e-9) -> Floats:
    """Where the lead of each row is, as probabilities: a shared lead is divided."""
    leads = shares >= shares.max(axis=1, keepdims=True) - tie
    return np.asarray(leads / leads.sum(axis=1, keepdims=True))


# --- the stopping rule


def stopping_intervals(data: CampaignData) -> dict[str, Intervals]:
    found = stopping_of(data)
    if found is None or not found.audit_pairs_complete:
        return {}
    each = {
        "votes per pair": intervals_of([found.votes_per_pair]),
        "votes saved": intervals_of([found.votes_saved]),
        "stopped early": intervals_of([found.stopped_early]),
        "label differs": intervals_of([found.label_differs]),
    }
    return {f"audit pairs: {name}": interval for name, interval in each.items()}


def stopping_truths(collected: Collected, crowd: str, prior: Prior) -> dict[str, Floats | float]:
    """What the rule, with the prior that this campaign came to, does on every pair there could be."""
    rule = collected.rule
    said = votes_of_crowd(crowd, rule.votes_max)
    counts_by_votes = by_votes(said)
    spent, label = np.full(len(said), rule.votes_max), majority_of_counts(counts_by_votes[-1]).label
    final = label.copy()
    for votes in range(rule.votes_max - 1, rule.votes_wanted - 1, -1):
        counts = counts_by_votes[votes - 1]
        stops = is_decided(prior, counts, votes_max=rule.votes_max, stop_confidence=STOP_CONFIDENCE)
        spent[stops], label[stops] = votes, majority_of_counts(counts[stops]).label
    early = spent < rule.votes_max
    each = {
        "votes per pair": float(spent.mean()),
        "votes saved": 1 - float(spent.mean()) / rule.votes_max,
        "stopped early": float(early.mean()),
        "label differs": float((label != final)[early].mean()) if early.any() else float("nan"),
    }
    return {f"audit pairs: {name}": value for name, value in each.items()}
