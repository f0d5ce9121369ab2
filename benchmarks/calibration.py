"""Whether confidence comes true: the posterior of annotator/consensus/posterior.py on populations that it was not made for.

For each population and number of votes, the largest over- and under-confidence of any tenth of the scale that holds 2 % of the
pairs, and the share of pairs with a confidence of 0.9 or more. Right is what most of the simulated population would answer.

    python -m benchmarks.calibration [--pairs 10000] [--seed 0] [--plot docs/reliability.svg]
    python -m benchmarks.calibration --votes votes.csv [--first 3]

With a file of votes, the first votes of each task (in random order) foretell the majority of its other votes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot
from numpy.typing import NDArray

from annotator.consensus.calibration import Reliability, held_out_check, reliability
from annotator.consensus.majority import count_votes
from annotator.consensus.posterior import fit_prior, posterior
from annotator.consensus.vote_table import Table

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

VOTES = (2, 3, 5, 7)
CHOICES = (2, 3, 4)
SHARE_MIN = 0.02
EVEN = 1e-9
POPULATIONS = (
    *("all at 0.65", "all at 0.85", "uniform", "half hard", "few hard", "many hard", "coin flips"),
    *("flips, beta", "softmax", "contested"),
)
PLOTTED_VOTES, PLOTTED_CHOICES = (3, 7), 2


class Checked(NamedTuple):
    confidence: Floats
    share: Floats
    right: Floats


def splits(rng: np.random.Generator, population: str, n_pairs: int, n_choices: int) -> tuple[Floats, Ints]:
    """Of each pair, how the population splits on it, and its most common answer."""
    if population in ("softmax", "contested"):
        split = _softmax(rng, n_pairs, n_choices) if population == "softmax" else _contested(rng, n_pairs, n_choices)
        return split, split.argmax(axis=1)
    hard = 1 / n_choices + 0.07
    is_hard = rng.random(n_pairs) < {"half hard": 0.5, "few hard": 0.2, "many hard": 0.8}.get(population, 0)
    top = {
        "all at 0.65": np.full(n_pairs, 0.65),
        "all at 0.85": np.full(n_pairs, 0.85),
        "uniform": rng.uniform(1 / n_choices, 1, n_pairs),
        "coin flips": np.full(n_pairs, 1 / n_choices),
        "flips, beta": 1 / n_choices + (1 - 1 / n_choices) * rng.beta(6, 2, n_pairs) * (rng.random(n_pairs) >= 0.3),
    }.get(population, np.where(is_hard, hard, 0.95))
    first = rng.integers(0, n_choices, n_pairs)
    split = np.repeat(((1 - top) / (n_choices - 1))[:, None], n_choices, axis=1)
    split[np.arange(n_pairs), first] = top
    return split, first


def _softmax(rng: np.random.Generator, n_pairs: int, n_choices: int) -> Floats:
    values = np.exp(rng.normal(0, 2, (n_pairs, n_choices)))
    return np.asarray(values / values.sum(axis=1, keepdims=True))


def _contested(rng: np.random.Generator, n_pairs: int, n_choices: int) -> Floats:
    """Half of the pairs have two choices that are close, and others that are rarer."""
    top = np.where(rng.random(n_pairs) < 0.5, 0.55 if n_choices == 2 else 0.45, 0.9)
    split = np.empty((n_pairs, n_choices))
    split[:, 0], split[:, 1] = top, (1 - top) * (1 if n_choices == 2 else 0.75)
    split[:, 2:] = ((1 - top - split[:, 1]) / max(1, n_choices - 2))[:, None]
    return np.take_along_axis(split, np.argsort(rng.random((n_pairs, n_choices)), axis=1), axis=1)


def check(rng: np.random.Generator, population: str, *, n_pairs: int, n_choices: int, votes: int) -> Checked:
    split, first = splits(rng, population, n_pairs, n_choices)
    counts = rng.multinomial(votes, split)
    found = posterior(fit_prior(counts), counts)
    leads = found.first >= found.first.max(axis=1, keepdims=True) - 1e-7
    is_even = np.ptp(split, axis=1) < EVEN
    right = np.where(is_even, 1 / n_choices, leads[np.arange(n_pairs), first] / leads.sum(axis=1))
    return Checked(found.confidence, found.share, right)


def worst(table: Reliability) -> tuple[float, float]:
    excess = table.excess[table.n >= SHARE_MIN * table.n.sum()]
    return float(excess.max()), float(excess.min())


def simulated(n_pairs: int, seed: int) -> Iterator[str]:
    for n_choices in CHOICES:
        yield f"\n{n_choices} choices, {n_pairs} pairs"
        yield f"{'population':<14}" + "".join(f"{f'{votes} votes':>24}" for votes in VOTES)
        for population in POPULATIONS:
            cells = []
            for votes in VOTES:
                rng = np.random.default_rng([seed, n_choices, votes, POPULATIONS.index(population)])
                found = check(rng, population, n_pairs=n_pairs, n_choices=n_choices, votes=votes)
                over, under = worst(reliability(found.confidence, found.right))
                cells.append(f"{over:>+11.2f}{under:>+7.2f}{np.mean(found.confidence >= 0.9):>6.0%}")
            yield f"{population:<14}" + "".join(cells)


def plot(path: Path, n_pairs: int, seed: int) -> None:
    """A reliability plot: confidence, and beside it the share of the votes, against what came true."""
    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "diptych", "svg.fonttype": "none", "font.size": 9}

    figure, axes = pyplot.subplots(1, len(PLOTTED_VOTES), figsize=(8, 4), sharey=True, layout="constrained")
    for axis, votes in zip(axes, PLOTTED_VOTES, strict=True):
        axis.plot([0.4, 1], [0.4, 1], color="0.6", linewidth=1)
        for place, population in enumerate(POPULATIONS):
            rng = np.random.default_rng([seed, PLOTTED_CHOICES, votes, place])
            found = check(rng, population, n_pairs=n_pairs, n_choices=PLOTTED_CHOICES, votes=votes)
            for column, style in ((found.confidence, "o-"), (found.share, "x:")):
                table = reliability(column, found.right)
                large = table.n >= SHARE_MIN * n_pairs
                label = population if style == "o-" else None
                axis.plot(
                    table.confidence[large], table.right[large], style, color=f"C{place}", label=label, linewidth=1, markersize=4
                )
        axis.set(xlabel="said", title=f"{votes} votes a pair", xlim=(0.4, 1.02), ylim=(0.4, 1.02))
    axes[0].set_ylabel("came true")
    axes[-1].legend(loc="lower right", frameon=False, fontsize=7)
    figure.suptitle("Dots: confidence. Crosses: the share of the votes.", fontsize=9)
    figure.savefig(path, metadata={"Date": None})


def published(path: Path, first: int, seed: int) -> Iterator[str]:
    votes = Table(path).labels(repeats="auto")
    order = np.random.default_rng(seed).permutation(len(votes.task.codes))
    order = order[np.argsort(votes.task.codes[order], kind="stable")]
    task, choice = votes.task.codes[order], votes.choice.codes[order]
    is_first = np.arange(len(task)) - np.searchsorted(task, task) < first
    sizes = {"n_tasks": len(votes.task.names), "n_choices": len(votes.choice.names)}
    known, others = (count_votes(task[part], choice[part], **sizes) for part in (is_first, ~is_first))
    table = reliability(*held_out_check(fit_prior(known), known, others))
    yield f"{first} votes foretell the majority of the other {others.sum(axis=1).mean():.1f} on {table.n.sum()} tasks"
    yield f"{'said':>6}{'came true':>11}{'interval':>15}{'tasks':>7}"
    for row in np.flatnonzero(table.n):
        interval = f"{table.lower[row]:.2f}–{table.upper[row]:.2f}"
        yield f"{table.confidence[row]:>6.2f}{table.right[row]:>11.2f}{interval:>15}{table.n[row]:>7}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", type=Path, metavar="FILE")
    parser.add_argument("--votes", type=Path, metavar="FILE")
    parser.add_argument("--first", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.plot:
        plot(arguments.plot, arguments.pairs, arguments.seed)
        return
    of_file = arguments.votes and published(arguments.votes, arguments.first, arguments.seed)
    for line in of_file or simulated(arguments.pairs, arguments.seed):
        print(line, flush=True)
    if not arguments.votes:
        print("\nOver- and under-confidence at worst, and the share of pairs with 0.9 or more.")


if __name__ == "__main__":
    main()
