"""Expectation–maximisation, accelerated: what `dawid_skene`, `one_coin` and `mace` share.

A step of EM takes a state (probabilities of the hidden facts) to parameters, and these to the next state. What is climbed is
the value of the parameters, and a step of EM never lowers it. Where EM moves little and would go on for a thousand steps, two
of its steps are extrapolated: with r the first change and v the change of the change, to x + 2 l r + l² v with l = |r| / |v|,
at least 1. What a step from there comes to is kept if its value is no lower.

The extrapolation is SqS3 of R. Varadhan and C. Roland, "Simple and globally convergent methods for accelerating the
convergence of any EM algorithm", Scandinavian Journal of Statistics 35 (2008).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from annotator.consensus.codes import Floats

TOLERANCE = 1e-6
ITERATIONS_MAX = 5000
MEAN_PART = 10_000  # of the tolerance, how much a step may move on average: what is summed over all is then as exact
NEAR = 1e-2  # EM goes by itself until its steps are this small, so that extrapolating cannot lead to another maximum
TINY = 1e-300

Fit = TypeVar("Fit")  # the parameters of a model


class Step(NamedTuple, Generic[Fit]):
    """Parameters, and what follows from them and from no others."""

    fit: Fit  # the parameters
    value: float  # of the parameters: what never falls
    state: Floats  # by the parameters: where the next step begins


class Climbed(NamedTuple, Generic[Fit]):
    last: Step[Fit]
    history: list[float]  # the value of each step that was kept, in order; the last is that of `last`
    converged: bool


def climb(
    step: Callable[[Floats], Step[Fit]],
    state: Floats,
    *,
    normalise: Callable[[Floats], Floats],
    tolerance: float = TOLERANCE,
    iterations_max: int = ITERATIONS_MAX,
) -> Climbed[Fit]:
    """Steps from `state` until one moves nothing, or `iterations_max` of them were kept.

    It has converged when a step moves no number of the state by more than `tolerance`, and all on average by no more than
    tolerance / MEAN_PART. Steps that were tried and not kept do not count. With a lower limit the same steps are cut short: the
    history is the beginning of the longer one.

    Args:
        normalise: makes a guess at a state into one that could be.
    """
    history: list[float] = []
    while True:
        once = step(state)
        history.append(once.value)
        change = once.state - state
        largest = np.abs(change).max(initial=0.0)
        if largest <= tolerance and np.abs(change).mean() <= tolerance / MEAN_PART:
            return Climbed(once, history, converged=True)
        if len(history) >= iterations_max:
            return Climbed(once, history, converged=False)
        if largest > NEAR:
            state = once.state
            continue
        kept = step(once.state)
        history.append(kept.value)
        if len(history) < iterations_max:
            guessed = step(normalise(_extrapolate(once.state, change, kept.state - once.state - change)))
            if guessed.value >= kept.value:
                history.append(guessed.value)
                kept = guessed
        if len(history) >= iterations_max:
            return Climbed(kept, history, converged=False)
        state = kept.state


def _extrapolate(once: Floats, change: Floats, bend: Floats) -> Floats:
    """From the state after one step, what that step changed, and how the change of the next differs."""
    length = max(1.0, float(np.sqrt((change**2).sum() / max((bend**2).sum(), TINY))))
    return np.asarray(once + (2 * length - 1) * change + length**2 * bend)
