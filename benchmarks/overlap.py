"""Votes spent and accuracy reached: fixed overlap beside adaptive overlap, on simulated annotators and pairs.

Each annotator has a skill and each pair an ease, both on the logit scale; a vote names the true answer with probability
σ(ease + skill), at worst as often as a guess, and one of the others alike otherwise. The truth is a, b, both_good or
both_bad. The same votes, in the same order, are given to every rule, so that the rules differ in nothing else. Nobody's
skill is used: the adaptive rule is the one of annotator/consensus/stopping.py, as scoring/settling.py applies it.

    python -m benchmarks.overlap [--pairs 100000] [--seed 0]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from annotator.consensus.majority import majority_of_counts
from annotator.consensus.stopping import is_decided

ANNOTATORS = 300
CHOICES = 4
TRUTHS = (0.40, 0.40, 0.10, 0.10)
VOTES_MIN, VOTES_MAX = 2, 7
CROWDS = {  # mean and spread of the ease of pairs, then of the skill of annotators
    "ordinary": (1.2, 1.2, 0.3, 0.8),
    "hard pairs": (0.6, 1.2, 0.3, 0.8),
    "easy pairs": (2.0, 1.2, 0.3, 0.8),
    "mixed crowd": (1.2, 1.2, 0.0, 1.6),
}

Ints = NDArray[np.int64]


def simulate(rng: np.random.Generator, n_pairs: int, crowd: tuple[float, float, float, float]) -> tuple[Ints, Ints]:
    """The true answers (pairs,) and the votes in the order in which they would come (pairs, VOTES_MAX)."""
    ease_mean, ease_sd, skill_mean, skill_sd = crowd
    ease = rng.normal(ease_mean, ease_sd, n_pairs)
    skill = rng.normal(skill_mean, skill_sd, ANNOTATORS)
    truth = rng.choice(CHOICES, n_pairs, p=TRUTHS)
    annotator = rng.integers(0, ANNOTATORS, (n_pairs, VOTES_MAX))
    is_right = rng.random((n_pairs, VOTES_MAX)) < np.maximum(1 / CHOICES, 1 / (1 + np.exp(-(ease[:, None] + skill[annotator]))))
    wrong = (truth[:, None] + rng.integers(1, CHOICES, (n_pairs, VOTES_MAX))) % CHOICES
    return truth, np.where(is_right, truth[:, None], wrong)


def fixed(votes: Ints, n: int) -> Ints:
    return np.stack([(votes[:, :n] == choice).sum(axis=1) for choice in range(CHOICES)], axis=1)


def adaptive(votes: Ints, confidence: float) -> Ints:
    """The counts at which each pair stops."""
    counts = fixed(votes, VOTES_MIN)
    for n in range(VOTES_MIN, VOTES_MAX):
        go_on = ~is_decided(counts, votes_max=VOTES_MAX, stop_confidence=confidence)
        counts[go_on, votes[go_on, n]] += 1
    return counts


def rules() -> Iterator[tuple[str, Callable[[Ints], Ints]]]:
    for n in (3, 5, 7):
        yield f"fixed {n}", lambda votes, n=n: fixed(votes, n)
    for confidence in (0.85, 0.9, 0.98):
        yield f"adaptive {VOTES_MIN}–{VOTES_MAX} at {confidence}", lambda votes, c=confidence: adaptive(votes, c)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for crowd, parameters in CROWDS.items():
        truth, votes = simulate(np.random.default_rng(arguments.seed), arguments.pairs, parameters)
        print(f"\n{crowd}: {arguments.pairs} pairs, one vote is right {np.mean(votes == truth[:, None]):.1%} of the time")
        print(f"{'rule':<24}{'votes a pair':>13}{'accuracy':>10}{'ties':>8}{'votes against fixed 5':>24}")
        for name, rule in rules():
            counts = rule(votes)
            label = majority_of_counts(counts).label
            spent = counts.sum(axis=1).mean()
            accuracy, ties = np.mean(label == truth), np.mean(label == CHOICES)
            print(f"{name:<24}{spent:>13.2f}{accuracy:>10.2%}{ties:>8.2%}{spent / 5 - 1:>+24.0%}")
    print("\nAccuracy: the majority label is the true answer; a tie is not.")


if __name__ == "__main__":
    main()
