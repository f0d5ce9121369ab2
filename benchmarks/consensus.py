"""How long each method of consensus takes, beside crowd-kit on the same votes in the same run.

A million votes of 1,000 annotators on 300,000 pairs of 50 generators: a pair's true choice is a, b, both_good or both_bad, an
annotator names it as often as their skill says, and of two generators the better wins as often as Bradley and Terry say.

    make bench-consensus [ARGS="--votes 100000 --seconds 60"]

crowd-kit is installed into an environment of its own for this, and left out where it cannot be, or where a method of
its takes longer than --seconds; it has neither of the last two, and its noisy Bradley–Terry is a loop in Python over the votes.
Its Dawid–Skene runs as it comes: at most 100 steps, fewer where the likelihood hardly rises. Only the method is timed, with
the votes in memory as each takes them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from annotator.consensus.agreement import krippendorff_alpha
from annotator.consensus.auto import choose
from annotator.consensus.bias import position_bias
from annotator.consensus.bradley_terry import Ties, bradley_terry
from annotator.consensus.cycles import find_cycles
from annotator.consensus.dawid_skene import dawid_skene
from annotator.consensus.mace import mace
from annotator.consensus.majority import majority
from annotator.consensus.noisy_bradley_terry import noisy_bradley_terry
from annotator.consensus.one_coin import one_coin

CHOICES, GENERATORS = 4, 50
ANNOTATORS = 1000
PAIRS_A_VOTE = 0.3
TRUTHS = (0.4, 0.4, 0.1, 0.1)
CROWD_KIT = Path(".venv/crowd-kit/bin/python")
RIVAL = Path(__file__).parent / "support" / "crowd_kit.py"

Votes = dict[str, np.ndarray]


class Line(NamedTuple):
    name: str
    target: float | None  # seconds, for a million votes
    run: Callable[[], Any]
    compare: Callable[[Any, Any], str] | None  # ours and what crowd-kit found, in a few words


def simulate(n_votes: int, seed: int) -> tuple[Votes, int, np.ndarray]:
    """The votes, the number of pairs and the true choice of each. No annotator votes twice on a pair."""
    rng = np.random.default_rng(seed)
    n_pairs = max(1, int(n_votes * PAIRS_A_VOTE))
    task = np.concatenate([np.repeat(np.arange(n_pairs), n_votes // n_pairs), rng.integers(0, n_pairs, n_votes % n_pairs)])
    task.sort()
    # A run of different annotators from a random place, so that the votes on a pair are of different people.
    position = np.arange(n_votes) - np.searchsorted(task, task)
    annotator = (rng.integers(0, ANNOTATORS, n_pairs)[task] + position * 7) % ANNOTATORS
    truth = rng.choice(CHOICES, n_pairs, p=TRUTHS)
    is_right = rng.random(n_votes) < rng.beta(6, 2, ANNOTATORS)[annotator]
    choice = np.where(is_right, truth[task], (truth[task] + rng.integers(1, CHOICES, n_votes)) % CHOICES)
    score = rng.normal(0, 1, GENERATORS)
    first = rng.integers(0, GENERATORS, n_pairs)
    second = (first + rng.integers(1, GENERATORS, n_pairs)) % GENERATORS
    is_swapped = rng.random(n_votes) < 0.5
    left, right = np.where(is_swapped, second[task], first[task]), np.where(is_swapped, first[task], second[task])
    half = (score[left] - score[right]) / 2
    weight = np.stack([np.exp(half), np.exp(-half), np.full(n_votes, 0.5)])
    drawn = rng.random(n_votes) * weight.sum(axis=0)
    winner = (drawn > weight[0]).astype(np.int64) + (drawn > weight[0] + weight[1])
    order = rng.permutation(n_votes)
    columns = {"task": task, "annotator": annotator, "choice": choice, "left": left, "right": right, "winner": winner}
    return {name: column[order] for name, column in columns.items()}, n_pairs, truth


def lines(votes: Votes, n_pairs: int, truth: np.ndarray) -> list[Line]:
    task, annotator, choice = votes["task"], votes["annotator"], votes["choice"]
    compared = {name: votes[name] for name in ("left", "right", "winner")}
    people = {"n_annotators": ANNOTATORS, "n_generators": GENERATORS}

    def same_majority(ours: Any, found: Any) -> str:
        untied = ours.label < CHOICES
        return f"{np.mean(ours.label[untied] == np.array(found)[untied]):.1%} alike; {np.mean(~untied):.1%} are ties"

    def same_labels(ours: Any, found: Any) -> str:
        right = f"right {np.mean(ours.label == truth):.2%} and {np.mean(np.array(found['labels']) == truth):.2%}"
        return f"{right}, {ours.iterations} and {found['iterations']} steps"

    def same_scores(ours: Any, found: Any) -> str:
        theirs = np.log(found)
        return f"scores differ by at most {np.abs(ours.score - (theirs - theirs.mean())).max():.0e}"

    return [
        Line("majority", None, lambda: majority(task, choice, n_tasks=n_pairs, n_choices=CHOICES), same_majority),
        Line(
            "dawid_skene",
            20.0,
            lambda: dawid_skene(task, annotator, choice, n_tasks=n_pairs, n_annotators=ANNOTATORS, n_choices=CHOICES),
            same_labels,
        ),
        Line(
            "one_coin",
            20.0,
            lambda: one_coin(task, annotator, choice, n_tasks=n_pairs, n_annotators=ANNOTATORS, n_choices=CHOICES),
            None,
        ),
        Line(
            "mace",
            None,
            lambda: mace(task, annotator, choice, n_tasks=n_pairs, n_annotators=ANNOTATORS, n_choices=CHOICES),
            None,
        ),
        Line(
            "the choice of auto",
            None,
            lambda: choose(task, annotator, choice, n_tasks=n_pairs, n_annotators=ANNOTATORS, n_choices=CHOICES),
            None,
        ),
        Line(
            "krippendorff_alpha",
            2.0,
            lambda: krippendorff_alpha(task, choice, n_tasks=n_pairs, n_choices=CHOICES),
            lambda ours, found: f"differs by {abs(ours.alpha - found):.0e}",
        ),
        Line(
            "the same with 1,000 resamples",
            None,
            lambda: krippendorff_alpha(task, choice, n_tasks=n_pairs, n_choices=CHOICES, resamples=1000),
            None,
        ),
        Line("bradley_terry", 2.0, lambda: bradley_terry(**compared, n_generators=GENERATORS, ties=Ties.DROP), same_scores),
        Line("the same, ties half a win", 2.0, lambda: bradley_terry(**compared, n_generators=GENERATORS), None),
        Line(
            "the same, ties by Davidson", 2.0, lambda: bradley_terry(**compared, n_generators=GENERATORS, ties="davidson"), None
        ),
        Line("noisy_bradley_terry", None, lambda: noisy_bradley_terry(annotator, **compared, **people), None),
        Line("position_bias", None, lambda: position_bias(annotator, **compared, **people), None),
        Line("cycles", None, lambda: find_cycles(**compared, n_generators=GENERATORS), None),
    ]


def of_crowd_kit(python: Path, method: str, file: Path, seconds: float) -> tuple[str, Any]:
    """Its time, or why there is none, and what it found."""
    command = [str(python), str(RIVAL), method, str(file)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"over {seconds:.0f}", None
    if done.returncode:
        return "failed: " + (done.stderr.strip().splitlines() or ["no word"])[-1], None
    answer = json.loads(done.stdout)
    return f"{answer['seconds']:.2f}", answer["found"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--votes", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=300.0, help="that a method of crowd-kit may take (default 300)")
    parser.add_argument("--crowd-kit", type=Path, default=CROWD_KIT, metavar="PYTHON", help="of its environment")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    votes, n_pairs, truth = simulate(arguments.votes, arguments.seed)
    has_crowd_kit = arguments.crowd_kit.exists()
    print(f"{arguments.votes:,} votes, {n_pairs:,} pairs, {ANNOTATORS:,} annotators, {GENERATORS} generators")
    if not has_crowd_kit:
        print("crowd-kit is not installed, so that only our own times are here; make bench-consensus installs it.")
    table = Table("method", "target s", "seconds", "crowd-kit s", "the two compared")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "votes.npz"
        np.savez(file, **votes)  # type: ignore[arg-type]
        for line in lines(votes, n_pairs, truth):
            start = time.perf_counter()
            ours = line.run()
            took = time.perf_counter() - start
            theirs, found = "", None
            if has_crowd_kit and line.compare is not None:
                theirs, found = of_crowd_kit(arguments.crowd_kit, line.name, file, arguments.seconds)
            said = line.compare(ours, found) if line.compare is not None and found is not None else ""
            if getattr(ours, "converged", True) is not True:
                said = "NOT CONVERGED"
            table.add_row(line.name, "" if line.target is None else f"{line.target:.0f}", f"{took:.2f}", theirs, said)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
