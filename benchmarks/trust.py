"""Whether published numbers keep their word: simulated campaigns whose truth is known, through the functions that publish.

Campaigns with fixed overlap, adaptive overlap and information gain, each with five crowds (benchmarks/support/crowds.py). For
every 95 % interval it counts how often it holds the truth, which is what all people of such a crowd would answer on all prompts
there could be; for "gold accuracy, of these people", how often the people of the campaign are right. Besides: whether confidence
comes true, what a rule saves, and whom the review would have acted on.

    make bench-trust                                        200 campaigns of each kind
    make bench-trust ARGS="--campaigns 1000"                more
    make bench-trust ARGS="--only 'adaptive/two tastes'"    one kind

Marks: **↓** shorter than it says, beyond what chance explains; ↓ below 93 %, but chance may explain it; ↑ wider than it has
to be, above 97 %.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # the processes share the cores
    os.environ.setdefault(name, "1")

import django  # noqa: E402 - numpy reads these when it is imported
import numpy as np  # noqa: E402
from django.apps import apps  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
os.environ.setdefault("DATA_DIR", str(ROOT / "var" / "bench"))
if not apps.ready:
    django.setup()


from annotator.consensus.binomial import wilson  # noqa: E402 - the settings are named above
from benchmarks.support import crowd_truth, published  # noqa: E402
from benchmarks.support.answers import answers_of, campaign_data  # noqa: E402
from benchmarks.support.careers import KINDS, Ruled, ruled  # noqa: E402
from benchmarks.support.collected import PROMPTS, RULES, VOTES_MOST, by_votes, collect, order_error, votes_beside  # noqa: E402
from benchmarks.support.crowd_truth import Moments  # noqa: E402
from benchmarks.support.crowds import CROWDS, GENERATORS, PEOPLE, Floats  # noqa: E402
from benchmarks.support.published import Intervals, Reliability  # noqa: E402

PROCESSES = 2
TARGET = (0.93, 0.97)
BESIDE = range(2, VOTES_MOST + 1)  # votes a pair of the fixed overlaps that a rule is held against
COMMAND_EVERY = (
    3  # of so many campaigns, one has the command `posterior` and its people's careers looked at: they take most of the time
)
BIN_SHARE_MIN = 0.02  # of the pairs, for a bin of confidence to be looked at


class Cell(NamedTuple):
    rule: str
    crowd: str

    def __str__(self) -> str:
        return f"{self.rule}/{self.crowd}"


class Result(NamedTuple):
    """What one campaign adds to the table."""

    shares: dict[str, float]  # of the intervals of each figure, how many hold the truth
    waiting: dict[str, Intervals]  # whose truth is that of the pairs of all campaigns of the kind
    moments: Moments
    repeats: float  # how often these people answer a repeat as before
    first: tuple[float, float]
    reliability: Reliability
    noisy_reliability: Reliability | None  # of one campaign in COMMAND_EVERY
    votes: int
    right: float  # share of true labels; with information gain, of images in the right order
    right_beside: Floats  # the same of fixed overlaps on the pairs of a ring, of each of BESIDE
    ruled: dict[str, Ruled]


def run_campaign(cell: Cell, seed: int, *, with_command: bool) -> Result:
    """One campaign, from its first vote to what it publishes."""
    rule, crowd = RULES[cell.rule], cell.crowd
    collected = collect(seed, rule, CROWDS[crowd])
    answers = answers_of(seed, collected)
    data = campaign_data(collected, answers)
    board, intervals = published.board_of(data), published.statistics_intervals(data)
    shares = published.board_shares(board, crowd)
    prior = data.priors[0]
    pairs, beside = votes_beside(seed, collected)
    true: dict[str, Floats | float] = {
        "left share of a person": crowd_truth.left_of_people(collected.people),
        "gold accuracy": crowd_truth.gold_of_crowd(crowd),
    }
    waiting: dict[str, Intervals] = {}
    if rule.chooses:
        # Which pairs are asked about depends on the votes: what figures are of is known when all campaigns are over.
        found, waiting = crowd_truth.of_pairs(seed, collected, crowd), intervals
        right = 1 - order_error(collected.prompts, collected.pairs, collected.counts())
        right_beside = [1 - order_error(collected.prompts, pairs, by_votes(beside)[votes - 1]) for votes in BESIDE]
        del true["left share of a person"]  # theirs is of these pairs too
    else:
        found = crowd_truth.of_crowd(crowd)
        true |= crowd_truth.values(found, rule.votes_wanted)
        true["gold accuracy, of these people"] = float(collected.people.gold.mean())
        intervals["gold accuracy, of these people"] = intervals["gold accuracy"]
        if rule.stops:
            intervals |= published.stopping_intervals(data)
            true |= published.stopping_truths(collected, crowd, prior)
        split = crowd_truth.splits(collected, crowd)
        right = published.accuracy_of(collected.counts(), split)
        right_beside = [published.accuracy_of(by_votes(beside)[votes - 1], split) for votes in BESIDE]
    repeats = crowd_truth.repeats_alike(found, collected.people)
    true["repeats alike"] = repeats
    shares |= {name: intervals[name].share_with(value) for name, value in true.items() if name in intervals}
    return Result(
        shares=shares,
        waiting=waiting,
        moments=found,
        repeats=repeats,
        first=published.first_of(board, crowd),
        reliability=published.reliability_of(collected, crowd, prior),
        noisy_reliability=published.noisy_reliability_of(collected, crowd) if with_command else None,
        votes=len(collected.votes.pair),
        right=right,
        right_beside=np.array(right_beside),
        ruled=ruled(answers, collected.people),
    )


# --- all campaigns of a kind


class Tally:
    """What the campaigns of one kind came to."""

    def __init__(self, cell: Cell, results: Sequence[Result]) -> None:
        self.rule, self.crowd, self.results = RULES[cell.rule], CROWDS[cell.crowd], results
        self.shares = [dict(result.shares) for result in results]
        if self.rule.chooses:
            every = reduce(Moments.plus, (result.moments for result in results))
            true = crowd_truth.values(every, self.rule.votes_wanted)
            for shares, result in zip(self.shares, results, strict=True):
                shares |= {name: result.waiting[name].share_with(true[name]) for name in result.waiting if name in true}

    def figures(self) -> list[str]:
        return list(dict.fromkeys(name for shares in self.shares for name in shares))

    def held(self, figure: str) -> Floats:
        """Of each campaign, the share of the figure's intervals that hold; without campaigns that have none."""
        found = np.array([shares.get(figure, np.nan) for shares in self.shares])
        return found[np.isfinite(found)]

    def first(self) -> str:
        said, true = np.mean([result.first for result in self.results], axis=0)
        return f"{said:.2f}, {true:.2f}"

    def calibration(self, *, noisy: bool = False) -> str:
        of = [result.noisy_reliability if noisy else result.reliability for result in self.results]
        known = [each for each in of if each is not None]
        if not known:
            return "–"
        sums = reduce(Reliability.plus, known)
        looked_at = sums.pairs >= BIN_SHARE_MIN * sums.pairs.sum()
        excess = ((sums.confidence - sums.right)[looked_at] / sums.pairs[looked_at]).tolist()
        return f"{max(*excess, 0.0):+.3f}, {min(*excess, 0.0):+.3f}"

    def votes(self) -> str:
        return f"{self._votes:.1f}"

    def right(self) -> str:
        return "–" if self.crowd.guessing == 1 else f"{100 * self._right:.1f}"

    def saved(self) -> str:
        """Against the fixed overlap that is right as often, on the pairs of a ring."""
        if self.crowd.guessing == 1:
            return "–"
        beside = np.maximum.accumulate(np.mean([result.right_beside for result in self.results], axis=0))
        votes = np.interp(self._right, beside, GENERATORS * np.array(BESIDE))
        return f"{'> ' if self._right > beside[-1] else ''}{100 * (1 - self._votes / votes):.0f}"

    def people(self, kind: str) -> str:
        of_kind = [result.ruled[kind] for result in self.results if kind in result.ruled]
        if not of_kind:
            return "–"
        sums = reduce(Ruled.plus, of_kind)
        return f"{100 * sums.acted / sums.people:.2f}, {100 * sums.stopped / sums.people:.2f}"

    @property
    def _votes(self) -> float:
        return float(np.mean([result.votes for result in self.results])) / PROMPTS

    @property
    def _right(self) -> float:
        return float(np.mean([result.right for result in self.results]))


def coverage(held: Floats) -> str:
    """The share of intervals that hold in percent, with a binomial margin, and a mark where it is not what it should be."""
    if not len(held):
        return "–"
    share = float(held.mean())
    lower, upper = (float(end[0]) for end in wilson([held.sum()], [len(held)]))
    mark = " **↓**" if upper < TARGET[0] else " ↓" if share < TARGET[0] else " ↑" if share > TARGET[1] else ""
    return f"{100 * share:.1f} ± {50 * (upper - lower):.1f}{mark}"


def rows(tallies: dict[Cell, Tally], rule: str, crowds: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The rows of one rule, a cell for each crowd, and for coverage one of all crowds together."""
    of_rule = [tallies[Cell(rule, crowd)] for crowd in crowds]
    for figure in dict.fromkeys(figure for tally in of_rule for figure in tally.figures()):
        held = [tally.held(figure) for tally in of_rule]
        yield figure, [coverage(each) for each in (*held, np.concatenate(held))]
    yield "P(first) of who is likeliest to be first; and is", [tally.first() for tally in of_rule]
    yield "confidence: most above, most below what came true", [tally.calibration() for tally in of_rule]
    yield "the same, of the command `posterior`", [tally.calibration(noisy=True) for tally in of_rule]
    yield "votes a prompt", [tally.votes() for tally in of_rule]
    yield "images in the right order, %" if RULES[rule].chooses else "labels that are right, %", [t.right() for t in of_rule]
    if RULES[rule].votes_max > RULES[rule].votes_wanted:
        yield "votes saved against a fixed overlap as right, %", [tally.saved() for tally in of_rule]
    for kind in KINDS:
        yield f"people who {kind}: acted on, of these stopped, %", [tally.people(kind) for tally in of_rule]


def show(tallies: dict[Cell, Tally]) -> None:
    """One table in Markdown, with a part for each rule."""
    campaigns = min(len(tally.results) for tally in tallies.values())
    crowds, rules = (list(dict.fromkeys(part)) for part in zip(*((cell.crowd, cell.rule) for cell in tallies), strict=True))
    print(f"{campaigns} campaigns of each kind: {PROMPTS} prompts, {GENERATORS} generators, {PEOPLE} people. 95 % intervals that")
    print(f"hold, in percent; the target is {100 * TARGET[0]:.0f} to {100 * TARGET[1]:.0f}.\n")
    print(f"| rule | figure | {' | '.join(crowds)} | all |\n|---|---|{'---:|' * (len(crowds) + 1)}")
    for rule in rules:
        for figure, cells in rows(tallies, rule, crowds):
            print(f"| {rule} | {figure} | {' | '.join([*cells, ''][: len(crowds) + 1])} |")
    for cell, tally in tallies.items():
        if CROWDS[cell.crowd].guessing == 1:
            print(f"\n{cell}: alpha is 0, and {coverage(tally.held('alpha'))} % of its intervals hold 0.", end="")
    print()


# --- running them


def run(cells: Sequence[Cell], campaigns: int, *, seed: int, processes: int) -> dict[Cell, list[Result]]:
    """So many campaigns of each kind, one of each in turn. Ctrl-C ends it, and the turns that were over count."""
    for crowd in dict.fromkeys(cell.crowd for cell in cells):
        crowd_truth.prepare(crowd)  # before the processes part, so that it is done once
    tasks = [Task(cell, number, seed) for number in range(campaigns) for cell in cells]
    found: dict[Cell, dict[int, Result]] = {cell: {} for cell in cells}
    with get_context("fork").Pool(processes, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
        try:
            for done, (task, result) in enumerate(pool.imap_unordered(_run_task, tasks), start=1):
                found[task.cell][task.number] = result
                print(f"\r{done} of {len(tasks)} campaigns", end="", file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            pool.terminate()
    print(file=sys.stderr)
    over = next(number for number in range(campaigns + 1) if any(number not in results for results in found.values()))
    if not over:
        raise SystemExit("Broken off before there was one campaign of each kind.")
    return {cell: [results[number] for number in range(over)] for cell, results in found.items()}


class Task(NamedTuple):
    cell: Cell
    number: int
    seed: int


def _run_task(task: Task) -> tuple[Task, Result]:
    kind = (list(RULES).index(task.cell.rule), list(CROWDS).index(task.cell.crowd))
    seed = int(np.random.SeedSequence([task.seed, *kind, task.number]).generate_state(1)[0])
    return task, run_campaign(task.cell, seed, with_command=task.number % COMMAND_EVERY == 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = [Cell(*names) for names in product(RULES, CROWDS)]
    parser.add_argument("--campaigns", type=int, default=200, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=[str(cell) for cell in every], metavar="RULE/CROWD", help="one kind of campaign")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    arguments = parser.parse_args()
    cells = [cell for cell in every if arguments.only in (None, str(cell))]
    results = run(cells, arguments.campaigns, seed=arguments.seed, processes=arguments.processes)
    show({cell: Tally(cell, of_cell) for cell, of_cell in results.items()})


if __name__ == "__main__":
    main()
