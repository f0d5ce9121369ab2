"""What `krippendorff_alpha` says of a file of votes: of which votes, with the labels in which order, and what is resampled."""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple

import numpy as np

from annotator.consensus import agreement, majority
from annotator.consensus.agreement import Level
from annotator.consensus.codes import Ints, check_cells
from annotator.consensus.vote_table import WHOLE, BadInput, Labels

# Labels of preferences from one end to the other: all ties are as far from either side.
SIDES_AND_TIES = {"a": 0, "left": 0, "tie": 1, "both_good": 1, "both_bad": 1, "b": 2, "right": 2}


class Agreement(NamedTuple):
    """Of each task the votes that were used and how far they agree; and the figures."""

    votes: Ints
    agreement: np.ndarray
    parameters: dict[str, Any]
    notes: list[str]


def agreement_of(votes: Labels, options: argparse.Namespace) -> Agreement:
    """Raises BadInput where the order of the labels is wanted and not known."""
    task, choice = votes.task.codes, votes.choice.codes
    n_tasks, n_choices = len(votes.task.names), len(votes.choice.names)
    check_cells("counts", n_tasks, n_choices)
    is_used = np.ones(len(task), dtype=np.bool_) if options.first is None else agreement.first_votes(task, first=options.first)
    result = majority.majority(task[is_used], choice[is_used], n_tasks=n_tasks, n_choices=n_choices)
    counts, order = result.counts, None
    if options.level == Level.ORDINAL:
        place, order = ordered(votes.choice.names, options.order)
        counts = majority.count_votes(task[is_used], place[choice[is_used]], n_tasks=n_tasks, n_choices=len(order))
    prompts, notes = prompt_of_task(votes)
    alpha = agreement.krippendorff_alpha_of_counts(
        counts,
        level=options.level,
        cluster=prompts,
        resamples=options.bootstrap,
        confidence=options.confidence,
        seed=options.seed,
    )
    parameters = {
        "choices": votes.choice.names,
        "level": str(options.level),
        "order": order,
        "first": options.first,
        "alpha": alpha.alpha,
        "lower": alpha.lower,
        "upper": alpha.upper,
        "confidence": options.confidence,
        "resamples": alpha.resamples,
        "interval_over": "tasks" if prompts is None else "prompts",
        "prompts": None if prompts is None else alpha.n_clusters,
        "observed_disagreement": alpha.observed,
        "expected_disagreement": alpha.expected,
        "tasks_with_two_votes": alpha.n_tasks,
        "votes_on_those": alpha.n_votes,
    }
    return Agreement(counts.sum(axis=1), result.agreement, parameters, notes + _undefined(alpha) + _uneven(votes, options))


def ordered(names: list[str], order: str | None) -> tuple[Ints, list[str]]:
    """The place of each label from one end of the scale to the other, and what stands at each place.

    As `order` says (labels separated by commas); numbers by their size; of preferences, ties between the two sides. Raises
    BadInput for other labels.
    """
    if order is not None:
        wanted = [name.strip() for name in order.split(",")]
        missing = [f"{name} is missing" for name in names if name not in wanted]
        twice = [f"{name} is there twice" for name in names if wanted.count(name) > 1]
        for complaint in missing + twice:
            raise BadInput(f"--order must name every label once; {complaint}")
        return np.array([wanted.index(name) for name in names], dtype=np.int64), wanted
    if all(WHOLE.fullmatch(name) for name in names):  # sorted by their size already
        return np.arange(len(names)), names
    if all(name.lower() in SIDES_AND_TIES for name in names):
        place = np.array([SIDES_AND_TIES[name.lower()] for name in names], dtype=np.int64)
        return place, [" or ".join(name for name, at in zip(names, place.tolist(), strict=True) if at == end) for end in range(3)]
    raise BadInput("the order of the labels is not known; use --order LOWEST,…,HIGHEST")


def prompt_of_task(votes: Labels) -> tuple[Ints | None, list[str]]:
    """The prompt of each task, if each has one and only one; otherwise None, and why."""
    if votes.prompt is None:
        return None, []
    codes = votes.prompt.codes
    prompts = np.zeros(len(votes.task.names), dtype=np.int64)
    prompts[votes.task.codes] = codes
    if (prompts[votes.task.codes] != codes).any():
        return None, ["Some tasks have votes under several prompts, so the interval is over tasks. --task names the task column."]
    return prompts, []


def _undefined(alpha: agreement.Alpha) -> list[str]:
    if not alpha.n_tasks:
        return ["Alpha is not defined: no task has two votes."]
    if np.isnan(alpha.alpha):
        return ["Alpha is not defined: all votes are the same, so chance would give the same agreement."]
    return []


def _uneven(votes: Labels, options: argparse.Namespace) -> list[str]:
    """Where tasks have different numbers of votes, these may have stopped when they agreed."""
    given = np.bincount(votes.task.codes, minlength=len(votes.task.names))
    if options.first is not None or not len(given) or given.min() == given.max():
        return []
    return [
        f"Tasks have from {given.min()} to {given.max()} votes. If votes stopped when they agreed, alpha is too high: use --first"
        " with the number that every task got at first."
    ]
