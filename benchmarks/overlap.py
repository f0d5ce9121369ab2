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

from annotator.consensus.posterior import fit_prior
from annotator.consensus.stopping import expected_saving, is_decided

ANNOTATORS = 300
CHOICES = 4
GROUPS = (0, 0, 1, 2)  # a and b come in a random order
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
    """The counts at which each pair stops. The prior is fitted again after each round of votes, as scoring does."""
    counts = fixed(votes, VOTES_MIN)
    for n in range(VOTES_MIN, VOTES_MAX):
        prior = fit_prior(counts, groups=GROUPS)
        go_on = ~is_decided(prior, counts, votes_max=VOTES_MAX, stop_confidence=confidence) & (counts.sum(axis=1) == n)
        counts[go_on, votes[go_on, n]] += 1
    return counts


def rules() -> Iterator[tuple[str, Callable[[Ints], Ints]]]:
    for n in (3, 5, 7):
        yield f"fixed {n}", lambda votes, n=n: fixed(votes, n)
    for confidence in (0.85, 0.9, 0.98):
        yield f"adaptive {VOTES_MIN}–{VOTES_MAX} at {confidence}", lambda votes, c=confidence: adaptive(votes, c)


def accuracy_of(counts: Ints, truth: Ints) -> float:
    """Share of right labels; a tie is right with the chance of a guess among those that lead."""
    leads = counts == counts.max(axis=1, keepdims=True)
    return float((leads[np.arange(len(truth)), truth] / leads.sum(axis=1)).mean())


def votes_for(accuracy: float, votes: Ints, truth: Ints) -> float:
    """The fixed overlap with that accuracy; between whole numbers, in proportion."""
    reached = [accuracy_of(fixed(votes, n), truth) for n in range(1, VOTES_MAX + 1)]
    return float(np.interp(accuracy, np.maximum.accumulate(reached) + np.arange(VOTES_MAX) * 1e-9, np.arange(1, VOTES_MAX + 1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for crowd, parameters in CROWDS.items():
        truth, votes = simulate(np.random.default_rng(arguments.seed), arguments.pairs, parameters)
        print(f"\n{crowd}: {arguments.pairs} pairs, one vote is right {np.mean(votes == truth[:, None]):.1%} of the time")
        print(f"{'rule':<24}{'votes a pair':>13}{'accuracy':>10}{'stopped':>9}{'right of these':>16}{'saved':>7}{'expected':>10}")
        for name, rule in rules():
            counts = rule(votes)
            spent, accuracy = counts.sum(axis=1).mean(), accuracy_of(counts, truth)
            line = f"{name:<24}{spent:>13.2f}{accuracy:>10.1%}"
            if name.startswith("adaptive"):
                early = counts.sum(axis=1) < VOTES_MAX
                confidence = float(name.rpartition(" ")[2])
                saving = expected_saving(
                    fit_prior(counts, groups=GROUPS), votes_min=VOTES_MIN, votes_max=VOTES_MAX, stop_confidence=confidence
                ).saving
                right = accuracy_of(counts[early], truth[early]) if early.any() else float("nan")
                line += f"{early.mean():>9.0%}{right:>16.1%}{1 - spent / votes_for(accuracy, votes, truth):>7.0%}{saving:>10.0%}"
            print(line)
    print("\nAccuracy: the majority label is the most common answer; a tie counts as a guess. Saved: votes, against the fixed")
    print("overlap with the same accuracy. Expected: what `expected_saving` says of it from the votes alone.")


if __name__ == "__main__":
    main()
