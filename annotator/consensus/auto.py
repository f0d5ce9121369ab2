"""Which method suits the votes: the one that predicts votes it has not seen.

Some votes of each task are held out, each method is fitted to the rest, and foretells each vote that was held out from the task
and the annotator:

    P(annotator j says l on task i) = Σ_k T_ik π_jkl

with T_ik the method's posterior on the rest of the task's votes and π_jkl its confusion of the annotator. The votes of each task
are dealt to `FOLDS` folds at random, so every vote is held out once (or fewer, `HELD_OUT_ENOUGH` at least, where there are more
than that). The method with the highest mean logarithm of these probabilities is the best. All methods are given the same votes,
and put the same way:

    majority       all annotators alike: one-coin with one accuracy for all
    one_coin       an accuracy per annotator
    mace           a competence and a strategy per annotator, by variational Bayes
    dawid_skene    a confusion matrix per annotator

A method with more parameters predicts worse where votes are too few to learn them from, so nothing needs to be taken off for
their number. But the majority is what everybody understands, so it is taken unless the best method's lead over it is more than
chance: `CLEAR` standard errors, with votes on different tasks taken as independent, and more where there are few tasks. Someone
whose votes are all held out is foretold as the average of the others.

Likelihood is not accuracy: a method that says 0.999 and is wrong pays more than one that says 0.9. It needs votes on tasks that
have several.

S. Geisser, "The predictive sample reuse method with applications", Journal of the American Statistical Association 70 (1975).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypedDict

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.codes import Bools, Floats, Ints, checked_codes, totals
from annotator.consensus.dawid_skene import dawid_skene
from annotator.consensus.mace import mace
from annotator.consensus.one_coin import one_coin

FOLDS = 5
HELD_OUT_ENOUGH = 50_000  # votes: a fold more would not change what is chosen
SMOOTHING = 0.1  # of one_coin and dawid_skene where none is asked for: without any, what was never said is impossible
P_MIN = 1e-12
CLEAR = 2.0  # standard errors


class Fitted(Protocol):
    """What the methods' results have in common."""

    @property
    def posterior(self) -> Floats: ...
    @property
    def confusion(self) -> Floats: ...
    @property
    def shares(self) -> Floats: ...


class Sizes(TypedDict):
    n_tasks: int
    n_annotators: int
    n_choices: int


class Votes(NamedTuple):
    """Votes as codes, and how many of each there are."""

    task: Ints
    annotator: Ints
    choice: Ints
    n_tasks: int
    n_annotators: int
    n_choices: int

    @property
    def sizes(self) -> Sizes:
        return {"n_tasks": self.n_tasks, "n_annotators": self.n_annotators, "n_choices": self.n_choices}

    def where(self, chosen: Bools) -> Votes:
        return self._replace(task=self.task[chosen], annotator=self.annotator[chosen], choice=self.choice[chosen])


class HeldOut(NamedTuple):
    """How one method foretold the votes that were held out. NaN where there were none."""

    log_likelihood: float  # mean per vote
    behind: float  # how much lower than the best method's, at least 0
    error: float  # the standard error of `behind`


class Selection(NamedTuple):
    method: str
    held_out: dict[str, HeldOut]  # by method, the simplest first
    votes: int  # that were held out
    reason: str  # in a sentence or two


def _alike(votes: Votes, smoothing: float) -> Fitted:
    everybody = votes._replace(annotator=np.zeros_like(votes.annotator), n_annotators=1)
    result = one_coin(everybody.task, everybody.annotator, everybody.choice, **everybody.sizes, smoothing=smoothing)
    return result._replace(accuracy=np.repeat(result.accuracy, votes.n_annotators))


def _one_coin(votes: Votes, smoothing: float) -> Fitted:
    return one_coin(votes.task, votes.annotator, votes.choice, **votes.sizes, smoothing=smoothing)


def _mace(votes: Votes, smoothing: float) -> Fitted:
    return mace(votes.task, votes.annotator, votes.choice, **votes.sizes)


def _dawid_skene(votes: Votes, smoothing: float) -> Fitted:
    return dawid_skene(votes.task, votes.annotator, votes.choice, **votes.sizes, smoothing=smoothing)


# The simplest first: it is taken where two are as good.
CANDIDATES: dict[str, Callable[[Votes, float], Fitted]] = {
    "majority": _alike,
    "one_coin": _one_coin,
    "mace": _mace,
    "dawid_skene": _dawid_skene,
}


def choose(
    task: ArrayLike,
    annotator: ArrayLike,
    choice: ArrayLike,
    *,
    n_tasks: int,
    n_annotators: int,
    n_choices: int,
    smoothing: float = SMOOTHING,
    seed: int = 0,
) -> Selection:
    """The method that predicts held-out votes best, and why. The same votes in the same order give the same answer.

    Args:
        task, annotator, choice: codes, shape (votes,).
        smoothing: of one_coin and dawid_skene; see there.
        seed: of the folds.

    Raises:
        ValueError: codes out of range, columns of different lengths, or tables that do not fit into memory.
    """
    limits = {"task": n_tasks, "annotator": n_annotators, "choice": n_choices}
    columns = checked_codes(limits, task=task, annotator=annotator, choice=choice)
    votes = Votes(columns[0], columns[1], columns[2], n_tasks, n_annotators, n_choices)
    fold = _folds(votes.task, np.random.default_rng(seed))
    if np.sum(np.bincount(votes.task, minlength=1) > 1) < 2 or n_choices < 2:
        nothing = HeldOut(float("nan"), float("nan"), float("nan"))
        reason = "Majority: the methods cannot be compared, because hardly any task has two votes, or all votes are the same."
        return Selection("majority", dict.fromkeys(CANDIDATES, nothing), 0, reason)
    foretold: dict[str, list[Floats]] = {name: [] for name in CANDIDATES}
    tasks, number = list[Ints](), 0
    for held in range(FOLDS):
        is_held = fold == held
        rest, sought = votes.where(~is_held), votes.where(is_held)
        for name, fit in CANDIDATES.items():
            foretold[name].append(np.log(np.maximum(_probability(fit(rest, smoothing), rest, sought), P_MIN)))
        tasks.append(sought.task)
        number += len(sought.task)
        if number >= HELD_OUT_ENOUGH:
            break
    return _best({name: np.concatenate(parts) for name, parts in foretold.items()}, np.concatenate(tasks))


def _folds(task: Ints, rng: np.random.Generator) -> Ints:
    """A fold per vote: those of a task are dealt out in turn, in random order and from a random fold on."""
    order = np.lexsort([rng.random(len(task)), task])
    in_order = task[order]
    begins = np.searchsorted(in_order, in_order)
    first = rng.integers(0, FOLDS, int(task.max(initial=-1)) + 1)
    fold = np.empty(len(task), dtype=np.int64)
    fold[order] = (first[in_order] + np.arange(len(task)) - begins) % FOLDS
    return fold


def _probability(fitted: Fitted, rest: Votes, sought: Votes) -> Floats:
    """Of each vote that is sought, by what the rest has taught."""
    n_choices = rest.n_choices
    given = np.bincount(rest.annotator, minlength=rest.n_annotators)
    # A row that nothing is known of is even, as smoothing has it.
    confusion = np.nan_to_num(fitted.confusion, nan=1 / n_choices)
    mean = np.average(confusion, axis=0, weights=given)
    confusion = np.where(given[:, None, None] > 0, confusion, mean)
    truth = fitted.posterior[sought.task]
    truth = np.where(np.isnan(truth), fitted.shares, truth)
    return np.einsum("vk,vk->v", truth, confusion[sought.annotator, :, sought.choice])


def _best(foretold: dict[str, Floats], task: Ints) -> Selection:
    means = {name: float(each.mean()) for name, each in foretold.items()}
    best = max(means, key=lambda name: round(means[name], 12))  # the first of those that share the lead
    n_tasks = len(np.unique(task))
    held_out = {}
    for name, each in foretold.items():
        behind = foretold[best] - each
        # Votes on one task stand or fall together.
        of_task = totals(task, behind - behind.mean(), int(task.max()) + 1)
        error = float(np.sqrt((of_task**2).sum() * n_tasks / max(n_tasks - 1, 1))) / len(task)
        held_out[name] = HeldOut(means[name], float(behind.mean()), error)
    # As far as Student's distribution of so many tasks is wider than the normal one, in the first order.
    clear = CLEAR * (1 + (CLEAR**2 + 1) / (4 * max(n_tasks - 1, 1)))
    is_clear = {name: row.behind > clear * row.error for name, row in held_out.items()}
    chosen = best if is_clear["majority"] else "majority"
    return Selection(chosen, held_out, len(task), _reason(chosen, best, held_out, is_clear, len(task)))


def _reason(chosen: str, best: str, held_out: dict[str, HeldOut], is_clear: dict[str, bool], votes: int) -> str:
    others = sorted((row.behind, name) for name, row in held_out.items() if name != best)
    listed = ", ".join(f"{name} {held_out[name].log_likelihood:.4f}" for _, name in others)
    sentence = (
        f"{best} gives {votes:,} held-out votes the highest likelihood: {held_out[best].log_likelihood:.4f} per vote"
        f" (natural logarithm), against {listed}."
    )
    if chosen != best:
        lead = held_out[chosen]
        chance = f"within chance ({lead.behind:.4f} ± {lead.error:.4f})"
        return f"{sentence} Its lead over the majority is {chance}, so the majority is used."
    second = held_out[others[0][1]]
    if is_clear[others[0][1]]:
        return f"{sentence} Its lead is more than chance: {second.behind:.4f} ± {second.error:.4f}."
    return (
        f"{sentence} Its lead over {others[0][1]} is within chance ({second.behind:.4f} ± {second.error:.4f}):"
        " more votes may change the choice."
    )
