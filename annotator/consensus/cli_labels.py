"""The methods that infer labels and annotators from one another, for a file of votes: dawid_skene, one_coin, mace and auto."""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple, TypedDict

import numpy as np

from annotator.consensus import auto, em
from annotator.consensus.codes import Floats, Ints
from annotator.consensus.dawid_skene import dawid_skene
from annotator.consensus.mace import mace
from annotator.consensus.majority import majority
from annotator.consensus.one_coin import one_coin
from annotator.consensus.vote_table import Labels


class Limits(TypedDict):
    tolerance: float
    iterations_max: int


class Fitted(NamedTuple):
    """What a report needs, whatever the method was."""

    label: Ints  # (tasks,): code of a choice, or their number for a tie
    confidence: Floats  # (tasks,)
    posterior: Floats  # (tasks, choices)
    class_shares: Floats  # (choices,)
    converged: bool
    parameters: dict[str, Any]
    annotators: list[dict[str, Any]]  # in the order of their names
    notes: list[str]


def fit_dawid_skene(votes: Labels, options: argparse.Namespace) -> Fitted:
    result = dawid_skene(*_codes(votes), **_sizes(votes), smoothing=options.smoothing, **_limits(options))
    people = zip(result.accuracy.tolist(), result.confusion.tolist(), strict=True)
    return Fitted(
        result.label,
        result.confidence,
        result.posterior,
        result.shares,
        result.converged,
        {"smoothing": options.smoothing, **_steps(result.log_likelihood, result.iterations, result.converged)},
        # Of each annotator, a row per true choice with a column per choice given.
        [{"accuracy": accuracy, "confusion": confusion} for accuracy, confusion in people],
        [],
    )


def fit_one_coin(votes: Labels, options: argparse.Namespace) -> Fitted:
    result = one_coin(*_codes(votes), **_sizes(votes), smoothing=options.smoothing, **_limits(options))
    return Fitted(
        result.label,
        result.confidence,
        result.posterior,
        result.shares,
        result.converged,
        {"smoothing": options.smoothing, **_steps(result.log_likelihood, result.iterations, result.converged)},
        [{"accuracy": accuracy} for accuracy in result.accuracy.tolist()],
        [],
    )


def fit_mace(votes: Labels, options: argparse.Namespace) -> Fitted:
    is_variational = options.variant == "vb"
    result = mace(
        *_codes(votes),
        **_sizes(votes),
        variational=is_variational,
        restarts=options.restarts,
        seed=options.seed,
        **_limits(options),
    )
    people = zip(result.competence.tolist(), result.accuracy.tolist(), result.strategy.tolist(), strict=True)
    return Fitted(
        result.label,
        result.confidence,
        result.posterior,
        result.shares,
        result.converged,
        {
            "variant": options.variant,
            "restarts": options.restarts,
            "seed": options.seed,
            **_steps(result.log_likelihood, result.iterations, result.converged),
            "bound" if is_variational else "log_posterior": float(result.history[-1]) if result.iterations else 0.0,
        },
        [
            {"competence": known, "accuracy": accuracy, "strategy": dict(zip(votes.choice.names, strategy, strict=True))}
            for known, accuracy, strategy in people
        ],
        [],
    )


def fit_auto(votes: Labels, options: argparse.Namespace) -> Fitted:
    """By the method that predicts held-out votes best, with its own parameters and the reason."""
    smoothing = options.smoothing or auto.SMOOTHING
    selection = auto.choose(*_codes(votes), **_sizes(votes), smoothing=smoothing, seed=options.seed)
    chosen = argparse.Namespace(**{**vars(options), "smoothing": smoothing, "variant": "vb"})
    result = FITS[selection.method](votes, chosen)
    parameters = {
        "chosen": selection.method,
        "reason": selection.reason,
        "held_out_votes": selection.votes,
        "held_out": {
            name: {"log_likelihood_per_vote": row.log_likelihood, "behind": row.behind, "behind_standard_error": row.error}
            for name, row in selection.held_out.items()
        },
    }
    return result._replace(parameters={**parameters, **result.parameters}, notes=[selection.reason, *result.notes])


def _fit_majority(votes: Labels, options: argparse.Namespace) -> Fitted:
    sizes = _sizes(votes)
    result = majority(votes.task.codes, votes.choice.codes, n_tasks=sizes["n_tasks"], n_choices=sizes["n_choices"])
    nobody = np.zeros(sizes["n_choices"])
    shares = result.counts.sum(axis=0) / max(result.counts.sum(), 1) if len(votes.task.codes) else nobody
    annotators: list[dict[str, Any]] = [{} for _ in votes.worker.names]
    return Fitted(result.label, result.confidence, result.shares, shares, True, {"converged": True}, annotators, [])


FITS = {
    "majority": _fit_majority,
    "one_coin": fit_one_coin,
    "mace": fit_mace,
    "dawid_skene": fit_dawid_skene,
}


def _codes(votes: Labels) -> tuple[Ints, Ints, Ints]:
    return votes.task.codes, votes.worker.codes, votes.choice.codes


def _sizes(votes: Labels) -> auto.Sizes:
    return {
        "n_tasks": len(votes.task.names),
        "n_annotators": len(votes.worker.names),
        "n_choices": len(votes.choice.names),
    }


def _limits(options: argparse.Namespace) -> Limits:
    return {
        "tolerance": em.TOLERANCE if options.tolerance is None else options.tolerance,
        "iterations_max": em.ITERATIONS_MAX if options.iterations is None else options.iterations,
    }


def _steps(log_likelihood: float, iterations: int, converged: bool) -> dict[str, Any]:
    return {"log_likelihood": log_likelihood, "iterations": iterations, "converged": converged}
