"""Votes of simulated campaigns, given one after the other under the campaign's rules, as columns. No database."""

from __future__ import annotations

import dataclasses

import numpy as np

from annotator.consensus.posterior import Prior
from annotator.consensus.stopping import is_decided
from annotator.scoring.statistics.load import CHOICES, NONE, REGULAR, SETTLED, CampaignData, Overlap, Pairs, Prompts, Votes, empty


def simulated(
    seed: int,
    *,
    probabilities: np.ndarray,
    votes_wanted: int = 2,
    votes_max: int = 7,
    stop_confidence: float = 0.9,
    audit_rate: float = 0.0,
    pairs_per_prompt: int = 1,
    prior: Prior | None = None,
) -> CampaignData:
    """A finished campaign. `probabilities` of each choice on each pair, (pairs, choices). With a prior the pairs stop by the
    stopping rule; without one when an answer leads by two, which stops coin flips too."""
    rule = {"votes_max": votes_max, "stop_confidence": stop_confidence}
    rng = np.random.default_rng(seed)
    number = len(probabilities)
    given = (rng.random((number, votes_max, 1)) > probabilities.cumsum(axis=1)[:, None, :-1]).sum(axis=2)
    is_audit = rng.random(number) < audit_rate
    spent, counts = np.full(number, votes_max), np.zeros((number, len(CHOICES)), dtype=np.int64)
    for votes in range(1, votes_max):
        counts[np.arange(number), given[:, votes - 1]] += 1
        stops = (leads_by_two(counts) if prior is None else is_decided(prior, counts, **rule)) & ~is_audit
        if votes >= votes_wanted:
            spent = np.where(stops, np.minimum(spent, votes), spent)
    is_cast = np.arange(votes_max) < spent[:, None]
    pair, rank = np.nonzero(is_cast)
    none, all_true = np.zeros(len(pair), dtype=np.int64), np.ones(len(pair), dtype=np.bool_)
    votes_of = Votes(
        id=np.arange(len(pair)),
        question=none,
        pair=pair,
        member=rng.integers(0, 30, len(pair)),
        choice=given[is_cast],
        a_on_left=all_true,
        kind=np.full(len(pair), REGULAR),
        elapsed_ms=none,
        at=none,
        rank=rank,
    )
    prompt = np.arange(number) // pairs_per_prompt
    nothing, no = np.full(number, NONE), np.zeros(number, dtype=np.bool_)
    return dataclasses.replace(
        empty(Overlap(votes_wanted, votes_max, stop_confidence)),
        votes=votes_of,
        pairs=Pairs(
            id=np.arange(number),
            prompt=prompt,
            generator_a=nothing,
            generator_b=nothing,
            state=np.full(number, SETTLED),
            gold=nothing,
            in_review=no,
            votes_wanted=spent,
            distance=nothing,
            is_audit=is_audit,
            inclusion_probability=np.ones(number),
            can_stop_early=~no,
        ),
        prompts=prompts_of(int(prompt.max()) + 1),
        questions=[("overall", CHOICES)],
        members=[f"member-{member}" for member in range(30)],
        is_machine=np.zeros(30, dtype=np.bool_),
    )


def prompts_of(number: int) -> Prompts:
    none = np.zeros(number, dtype=np.int64)
    return Prompts([""] * number, [""] * number, [""] * number, images=none, images_without_pairs=none)


def leads_by_two(counts: np.ndarray) -> np.ndarray:
    ordered = np.sort(counts, axis=1)
    return ordered[:, -1] - ordered[:, -2] >= 2


def coin_flips(pairs: int) -> np.ndarray:
    return np.full((pairs, len(CHOICES)), 1 / len(CHOICES))


def tastes(seed: int, pairs: int, agreement: float) -> np.ndarray:
    """Each pair has an answer of its own, which a person gives with this probability on average: easy and hard pairs mixed."""
    rng = np.random.default_rng(seed)
    right = rng.beta(6 * agreement, 6 * (1 - agreement), pairs)
    answer = rng.integers(0, len(CHOICES), pairs)
    shares = np.repeat((1 - right)[:, None] / (len(CHOICES) - 1), len(CHOICES), axis=1)
    shares[np.arange(pairs), answer] = right
    return shares
