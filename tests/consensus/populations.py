"""Populations whose splits on pairs are known, and not drawn from the model that is to find them."""

from __future__ import annotations

import numpy as np


def splits(seed: int, kind: str, *, n_pairs: int, n_choices: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each pair: the split (pairs, choices), and the choice that most would give."""
    rng = np.random.default_rng(seed)
    hard = 1 / n_choices + 0.07
    drawn = {
        "alike 0.65": lambda: np.full(n_pairs, 0.65),
        "alike 0.85": lambda: np.full(n_pairs, 0.85),
        "uniform": lambda: rng.uniform(1 / n_choices, 1, n_pairs),
        "bimodal": lambda: np.where(rng.random(n_pairs) < 0.5, hard, 0.95),
        "few hard": lambda: np.where(rng.random(n_pairs) < 0.8, 0.95, hard),
        "many hard": lambda: np.where(rng.random(n_pairs) < 0.8, hard, 0.95),
        "even": lambda: np.full(n_pairs, 1 / n_choices),
    }
    top = drawn[kind]()
    first = rng.integers(0, n_choices, n_pairs)
    split = np.repeat(((1 - top) / (n_choices - 1))[:, None], n_choices, axis=1)
    split[np.arange(n_pairs), first] = top
    return split, first


def votes_in_order(seed: int, split: np.ndarray, votes: int) -> np.ndarray:
    """The choices of `votes` people on each pair, one after the other: (pairs, votes)."""
    drawn = np.random.default_rng(seed).random((len(split), votes, 1))
    return np.minimum((drawn > split.cumsum(axis=1)[:, None, :]).sum(axis=2), split.shape[1] - 1)


def counted(choices: np.ndarray, n_choices: int) -> np.ndarray:
    """(pairs, votes) to votes per choice, (pairs, choices)."""
    return np.stack([(choices == choice).sum(axis=1) for choice in range(n_choices)], axis=1)


def rightness(first: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Whether the label is right, from P(first) of each choice; where choices share the lead, the part that is."""
    leads = first >= first.max(axis=1, keepdims=True) - 1e-7
    return leads[np.arange(len(truth)), truth] / leads.sum(axis=1)
