"""Votes of a campaign as they really hang together: pairs of images differ, and annotators have tastes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from annotator.consensus.bradley_terry import LEFT, RIGHT, TIE

TASTES = 1500  # people, of whom the truth is made


class Campaign(NamedTuple):
    """A row per vote."""

    left: np.ndarray
    right: np.ndarray
    winner: np.ndarray
    pair: np.ndarray
    prompt: np.ndarray
    annotator: np.ndarray

    @property
    def votes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.left, self.right, self.winner


def campaign(
    seed: int,
    score: np.ndarray,
    *,
    prompts: int = 30,
    people: int = 40,
    votes: int = 5,
    pair_spread: float = 1.0,
    taste_spread: float = 0.5,
    ties: float = 0.2,
) -> Campaign:
    """Every pair of items on every prompt, `votes` votes on each, all by different people, the sides at random."""
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(len(score), 1)
    a, b = np.tile(first, prompts), np.tile(second, prompts)
    own = score[a] - score[b] + rng.normal(0, pair_spread, len(a))
    taste = rng.normal(0, taste_spread, (people, len(score)))
    pair = np.repeat(np.arange(len(a)), votes)
    annotator = np.argsort(rng.random((len(a), people)), axis=1)[:, :votes].ravel()
    a, b = a[pair], b[pair]
    p = 1 / (1 + np.exp(-(own[pair] + taste[annotator, a] - taste[annotator, b])))
    is_tie = rng.random(len(pair)) < ties * 4 * p * (1 - p)
    is_first = rng.random(len(pair)) < p
    is_swapped = rng.random(len(pair)) < 0.5
    winner = np.where(is_tie, TIE, np.where(is_first != is_swapped, LEFT, RIGHT))
    prompt = np.repeat(np.arange(prompts), len(first))[pair]
    return Campaign(np.where(is_swapped, b, a), np.where(is_swapped, a, b), winner, pair, prompt, annotator)
