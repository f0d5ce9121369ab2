"""The report of `posterior`: what most of the population would answer, with a probability, and the prior it rests on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from annotator.consensus.posterior import Prior, summary_of
from annotator.consensus.vote_noise import KINDS, VOTES_MIN, NoisyPosterior, noisy_posterior
from annotator.consensus.vote_table import Labels


class Found(NamedTuple):
    """Columns of the tasks, the figures and the notes."""

    columns: dict[str, Any]
    parameters: dict[str, Any]
    notes: list[str]


def posterior_of(votes: Labels) -> Found:
    choices = votes.choice.names
    # Which of two items is a goes by their names, so neither is more likely to be preferred; labels may be.
    groups = None if votes.pair is None else tuple(max(0, code - 1) for code in range(len(choices)))
    result = noisy_posterior(
        votes.task.codes,
        votes.worker.codes,
        votes.choice.codes,
        n_tasks=len(votes.task.names),
        n_annotators=len(votes.worker.names),
        n_choices=len(choices),
        groups=groups,
        on_left=votes.on_left,
    )
    found = result.posterior
    columns = {
        "label": np.array([*choices, "tie", ""], dtype=object)[found.label].tolist(),
        "share": found.share,
        "confidence": np.where(np.isnan(found.share), np.nan, found.confidence),
        **{f"p_{name}": found.p[:, code] for code, name in enumerate(choices)},
    }
    parameters = {
        "choices": choices,
        "tied_tasks": int((found.label == len(choices)).sum()),
        "mean_confidence": float(found.confidence.mean()) if len(found.confidence) else float("nan"),
        "prior": _prior(result.prior, choices),
        "annotators": _annotators(result, votes),
    }
    return Found(columns, parameters, _notes(result.prior, votes))


def _prior(prior: Prior, choices: list[str]) -> dict[str, Any]:
    summary = summary_of(prior)
    together = [[name for name, code in zip(choices, prior.groups, strict=True) if code == group] for group in set(prior.groups)]
    return {
        "mean_split": dict(zip(choices, summary.split.tolist(), strict=True)),
        "concentration": summary.concentration,
        "agreement": summary.agreement,
        "with_the_most_common_answer": summary.typical,
        "nearly_even_pairs": summary.nearly_even,
        "exchangeable_choices": together,
        "fitted_to_tasks": prior.pairs,
        "with_two_votes_or_more": prior.repeated,
    }


def _annotators(result: NoisyPosterior, votes: Labels) -> dict[str, Any]:
    given = np.bincount(votes.worker.codes, minlength=len(votes.worker.names)).tolist()
    unlike = {
        votes.worker.names[place]: {"votes": given[place], "weight": KINDS[kind][0], "otherwise": KINDS[kind][1]}
        for place, kind in enumerate(result.kind.tolist())
        if kind
    }
    return {
        "model": "kinds" if result.is_used else "alike",
        "votes_needed": VOTES_MIN,
        "held_out_gain": result.gain,
        "held_out_gain_standard_error": result.gain_error,
        "unlike_most": unlike,
    }


def _notes(prior: Prior, votes: Labels) -> list[str]:
    if votes.task.codes.size and not prior.repeated:
        return ["No task has two votes: how much people agree is not known, and confidence rests on what is usual."]
    return []
