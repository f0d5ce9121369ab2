"""What each method says of a file of votes: a table with a row per task or item, and its parameters."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from annotator.consensus import bias, bradley_terry, cli_labels, cli_leaderboard, cycles, majority, noisy_bradley_terry
from annotator.consensus.cli_agreement import agreement_of
from annotator.consensus.cli_posterior import posterior_of
from annotator.consensus.codes import Floats, Ints, check_cells
from annotator.consensus.majority import NO_LABEL
from annotator.consensus.vote_table import Labels, Repeats, Table

ROUNDING = 1e-9

Columns = dict[str, Any]  # name to a sequence or an array, all of one length


class Report(NamedTuple):
    columns: Columns
    parameters: dict[str, Any]
    repeats: Repeats
    notes: list[str]


def report_majority(table: Table, options: argparse.Namespace) -> Report:
    votes = table.labels(repeats=options.repeats)
    check_cells("counts", len(votes.task.names), len(votes.choice.names))
    result = majority.majority(
        votes.task.codes, votes.choice.codes, n_tasks=len(votes.task.names), n_choices=len(votes.choice.names)
    )
    columns = {
        **_task_columns(votes, result.label),
        "votes": result.counts.sum(axis=1),
        "confidence": result.confidence,
        "agreement": result.agreement,
        **{f"n_{name}": result.counts[:, code] for code, name in enumerate(votes.choice.names)},
        **_shares(votes, result.shares),
    }
    parameters = {**_sizes(votes), "choices": votes.choice.names, "tied_tasks": int(_is_tied(votes, result.label).sum())}
    return Report(columns, parameters | _accuracy(votes, result.label, result.shares, options), votes.repeats, [])


def report_labels(
    fit: Callable[[Labels, argparse.Namespace], cli_labels.Fitted], table: Table, options: argparse.Namespace
) -> Report:
    """Of a method with a posterior per task and figures per annotator."""
    votes = table.labels(repeats=options.repeats)
    result = fit(votes, options)
    given = np.bincount(votes.worker.codes, minlength=len(votes.worker.names)).tolist()
    columns = {**_task_columns(votes, result.label), "confidence": result.confidence, **_shares(votes, result.posterior)}
    parameters = {
        **_sizes(votes),
        "choices": votes.choice.names,
        **result.parameters,
        "tied_tasks": int(_is_tied(votes, result.label).sum()),
        "class_marginals": dict(zip(votes.choice.names, result.class_shares.tolist(), strict=True)),
        **_accuracy(votes, result.label, result.posterior, options),
        "annotators": {
            name: {"votes": number, **figures}
            for name, number, figures in zip(votes.worker.names, given, result.annotators, strict=True)
        },
    }
    return Report(columns, parameters, votes.repeats, [*result.notes, *_not_converged(result.converged)])


def report_posterior(table: Table, options: argparse.Namespace) -> Report:
    votes = table.labels(repeats=options.repeats)
    check_cells("counts", len(votes.task.names), len(votes.choice.names))
    found = posterior_of(votes)
    return Report(_names(votes) | found.columns, _sizes(votes) | found.parameters, votes.repeats, found.notes)


def report_alpha(table: Table, options: argparse.Namespace) -> Report:
    votes = table.labels(repeats=options.repeats, with_prompts=True)
    found = agreement_of(votes, options)
    columns = {**_names(votes), "votes": found.votes, "agreement": found.agreement}
    return Report(columns, {**_sizes(votes), **found.parameters}, votes.repeats, found.notes)


def report_bradley_terry(table: Table, options: argparse.Namespace) -> Report:
    votes = table.comparisons(repeats=options.repeats)
    wins, tied = bradley_terry.count_comparisons(votes.left, votes.right, votes.winner, n_generators=len(votes.items))
    result = bradley_terry.bradley_terry_of_counts(
        wins,
        tied,
        ties=options.ties,
        prior=options.prior,
        split=options.split,
        confidence=options.confidence,
        names=votes.items,
    )
    number = result.wins + result.losses + result.ties
    columns = {
        "item": votes.items,
        **_ranked(result),
        "weight": _weights(result.score, result.group),
        "comparisons": number,
        "wins": result.wins,
        "losses": result.losses,
        "ties": result.ties,
        "win_rate": np.divide(result.wins + result.ties / 2, number, out=np.full(len(number), np.nan), where=number > 0),
        "average_win_rate": bradley_terry.average_win_rate(wins, tied),
    }
    parameters = {
        "votes": len(votes.left),
        "items": len(votes.items),
        "ties": str(options.ties),
        "tied_votes": int(tied.sum()) // 2,
        "prior": options.prior,
        "confidence": options.confidence,
        "groups": int(result.group.max(initial=-1)) + 1,
        "tie_parameter": result.tie_parameter,
        "log_likelihood": result.log_likelihood,
        "iterations": result.iterations,
        "converged": result.converged,
    }
    return Report(columns, parameters, votes.repeats, _not_converged(result.converged) + _split(result.group))


def report_noisy_bradley_terry(table: Table, options: argparse.Namespace) -> Report:
    votes = table.comparisons(repeats=options.repeats)
    result = noisy_bradley_terry.noisy_bradley_terry(
        votes.worker.codes,
        votes.left,
        votes.right,
        votes.winner,
        n_annotators=len(votes.worker.names),
        n_generators=len(votes.items),
        split=options.split,
        confidence=options.confidence,
        tolerance=options.tolerance or noisy_bradley_terry.TOLERANCE,
        iterations_max=options.iterations or noisy_bradley_terry.ITERATIONS_MAX,
        names=votes.items,
    )
    columns = {"item": votes.items, **_ranked(result), "weight": _weights(result.score, result.group)}
    people = zip(votes.worker.names, result.votes.tolist(), result.skill.tolist(), result.left_bias.tolist(), strict=True)
    parameters = {
        "votes": len(votes.left),
        "items": len(votes.items),
        "confidence": options.confidence,
        "groups": int(result.group.max(initial=-1)) + 1,
        "log_likelihood": result.log_likelihood,
        "log_posterior": result.log_posterior,
        "iterations": result.iterations,
        "converged": result.converged,
        "annotators": {
            name: {"votes": number, "skill": skill, "left_bias": left_bias} for name, number, skill, left_bias in people
        },
    }
    return Report(columns, parameters, votes.repeats, _not_converged(result.converged) + _split(result.group))


def report_position_bias(table: Table, options: argparse.Namespace) -> Report:
    votes = table.comparisons(repeats=options.repeats)
    result = bias.position_bias(
        votes.worker.codes,
        votes.left,
        votes.right,
        votes.winner,
        n_annotators=len(votes.worker.names),
        n_generators=len(votes.items),
        confidence=options.confidence,
    )
    parts = [
        ("overall", [""], "left", result.overall),
        ("worker", votes.worker.names, "left", result.annotators),
        ("item", votes.items, "left", result.on_left),
        ("item", votes.items, "right", result.on_right),
    ]
    columns: Columns = {
        "scope": [scope for scope, names, _, _ in parts for _ in names],
        "name": [name for _, names, _, _ in parts for name in names],
        "side": [side for _, names, side, _ in parts for _ in names],
    }
    for field in bias.Share._fields:
        columns[field] = np.concatenate([getattr(share, field) for _, _, _, share in parts])
    # Whether an item is taken half the time is a question of how good it is, and not of its side.
    columns["p_value"] = np.where(np.array(columns["scope"]) == "item", np.nan, columns["p_value"])
    overall = {field: getattr(result.overall, field)[0].item() for field in bias.Share._fields}
    effects = dict(zip(votes.items, result.side_effect.tolist(), strict=True))
    parameters = {"left_rate": overall, "tied_votes": result.ties, "confidence": options.confidence, "side_effect": effects}
    return Report(columns, {"votes": len(votes.left), "items": len(votes.items), **parameters}, votes.repeats, [])


def report_cycles(table: Table, options: argparse.Namespace) -> Report:
    votes = table.comparisons(repeats=options.repeats)
    n_items = len(votes.items)
    overall = cycles.find_cycles(votes.left, votes.right, votes.winner, n_generators=n_items)
    parts = [("overall", [""], overall)]
    if votes.prompt is not None:
        within = cycles.find_cycles(
            votes.left,
            votes.right,
            votes.winner,
            n_generators=n_items,
            block=votes.prompt.codes,
            n_blocks=len(votes.prompt.names),
        )
        parts.append(("prompt", votes.prompt.names, within))
    listed = np.concatenate([found.generators for _, _, found in parts])
    columns = {
        "scope": [scope for scope, _, found in parts for _ in found.block],
        "prompt": [names[block] for _, names, found in parts for block in found.block.tolist()],
        **{name: [votes.items[code] for code in listed[:, at].tolist()] for at, name in enumerate(("first", "second", "third"))},
        "margin": np.concatenate([found.margin for _, _, found in parts]),
    }
    parameters: dict[str, Any] = {
        "votes": len(votes.left),
        "items": n_items,
        "cycles": int(overall.counts[0]),
        "triads": int(overall.triads[0]),
        "consistence": float(overall.consistence[0]),
        "listed_at_most": cycles.LISTED_MAX,
    }
    if votes.prompt is not None:
        within = parts[1][2]
        numbers = zip(
            votes.prompt.names, within.counts.tolist(), within.triads.tolist(), within.consistence.tolist(), strict=True
        )
        parameters["prompts"] = {name: {"cycles": c, "triads": t, "consistence": k} for name, c, t, k in numbers}
    return Report(columns, parameters, votes.repeats, [])


def report_leaderboard(table: Table, options: argparse.Namespace) -> Report:
    return Report(*cli_leaderboard.report(table, options))


METHODS: dict[str, Callable[[Table, argparse.Namespace], Report]] = {
    "majority": report_majority,
    "dawid_skene": partial(report_labels, cli_labels.fit_dawid_skene),
    "one_coin": partial(report_labels, cli_labels.fit_one_coin),
    "mace": partial(report_labels, cli_labels.fit_mace),
    "auto": partial(report_labels, cli_labels.fit_auto),
    "posterior": report_posterior,
    "bradley_terry": report_bradley_terry,
    "noisy_bradley_terry": report_noisy_bradley_terry,
    "leaderboard": report_leaderboard,
    "krippendorff_alpha": report_alpha,
    "position_bias": report_position_bias,
    "cycles": report_cycles,
}
ALIASES = {"alpha": "krippendorff_alpha"}


# --- what several of them share


def _names(votes: Labels) -> Columns:
    if votes.pair is None:
        return {"task": votes.task.names}
    task, a, b = votes.pair
    return {**({"task": task} if task else {}), "a": a, "b": b}


def _is_tied(votes: Labels, label: Ints) -> np.ndarray:
    return label == len(votes.choice.names)


def _task_columns(votes: Labels, label: Ints) -> Columns:
    names = np.array([*votes.choice.names, "tie", ""], dtype=object)  # NO_LABEL is the last
    assert NO_LABEL == -1
    return {**_names(votes), "label": names[label].tolist(), "tied": _is_tied(votes, label).astype(np.int64)}


def _shares(votes: Labels, shares: Floats) -> Columns:
    return {f"p_{name}": shares[:, code] for code, name in enumerate(votes.choice.names)}


def _sizes(votes: Labels) -> dict[str, int]:
    return {"votes": len(votes.task.codes), "tasks": len(votes.task.names), "workers": len(votes.worker.names)}


def _accuracy(votes: Labels, label: Ints, shares: Floats, options: argparse.Namespace) -> dict[str, Any]:
    """Against the truth, where it is given: ties as wrong, as a guess among those that share the lead, and as right."""
    if options.truth is None:
        return {}
    place = {name: code for code, name in enumerate(votes.choice.names)}
    truth = dict(zip(*Table(options.truth).truth(), strict=True))
    known = np.array([name in truth for name in votes.task.names], dtype=np.bool_) & (label != NO_LABEL)
    true = np.array([place.get(truth.get(name, ""), -2) for name in votes.task.names], dtype=np.int64)
    is_tied = _is_tied(votes, label)
    leads = shares >= np.nanmax(shares, axis=1, initial=-1.0)[:, None] - ROUNDING
    is_among = (true >= 0) & leads[np.arange(len(true)), np.maximum(true, 0)] if len(true) else known
    right = known & ~is_tied & (label == true)
    guessed = np.where(known & is_tied & is_among, 1 / np.maximum(leads.sum(axis=1), 1), 0.0).sum()
    scored = int(known.sum())
    share = (lambda number: float(number) / scored) if scored else (lambda number: float("nan"))
    return {
        "scored_tasks": scored,
        "tied_scored": int((known & is_tied).sum()),
        "acc_ties_wrong": share(right.sum()),
        "acc_ties_random_expected": share(right.sum() + guessed),
        "acc_ties_right": share(right.sum() + (known & is_tied & is_among).sum()),
    }


def _ranked(result: bradley_terry.BradleyTerry | noisy_bradley_terry.NoisyBradleyTerry) -> Columns:
    order = np.lexsort([-np.nan_to_num(result.score, nan=-np.inf), result.group])
    rank = np.empty(len(order), dtype=np.int64)
    starts = np.searchsorted(result.group[order], result.group[order])
    rank[order] = np.arange(len(order)) - starts + 1
    return {
        "group": result.group,
        "rank": rank,
        "score": result.score,
        "lower": result.lower,
        "upper": result.upper,
        "standard_error": result.standard_error,
    }


def _weights(score: Floats, group: Ints) -> Floats:
    """exp(score), to sum to 1 in each group."""
    if not len(score):
        return score
    strength = np.exp(np.nan_to_num(score, nan=-np.inf))
    return np.where(np.isnan(score), np.nan, strength / np.maximum(np.bincount(group, weights=strength)[group], 1e-300))


def _not_converged(converged: bool) -> list[str]:
    return [] if converged else ["Not converged. Allow more iterations, or do not use the result."]


def _split(group: Ints) -> list[str]:
    groups = int(group.max(initial=0)) + 1
    return [f"The items fall into {groups} groups; scores of different groups cannot be compared."] if groups > 1 else []
