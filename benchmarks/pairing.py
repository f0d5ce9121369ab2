"""Votes spent and order found by each pairing rule: groups of images of one prompt, and generators over many prompts.

Images have scores, and a vote prefers i to j with probability σ(s_i - s_j). Scores are spread so that a vote on a random
pair names the better image 65, 75 or 85 % of the time. The rules are the functions of the application, as imports
(annotator/importing/pairing.py) and the batches after them (annotator/consensus/pairing.py) use them. The order of a group
is that of the posterior means of `fit_scores`, with the same prior for every rule. The error is the Kendall distance: the share
of the pairs of images in the wrong order, a tie as half.

    make bench ARGS=pairing
    python -m benchmarks.pairing [--groups 1000] [--campaigns 100] [--seed 0]
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

import django
import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from annotator.choices import PairingRule  # noqa: E402
from annotator.consensus.bradley_terry import bradley_terry_of_counts  # noqa: E402
from annotator.consensus.pairing import Scores, fit_scores, informative_batch, prior_of_images, swiss_round  # noqa: E402
from annotator.importing.pairing import pairs_of, pairs_planned  # noqa: E402

IMAGES = 8
EVERY = IMAGES * (IMAGES - 1) // 2
SPREADS = {0.65: 0.585, 0.75: 1.176, 0.85: 2.365}  # standard deviation of the scores, by how often a vote names the better image
CHECKPOINTS = (56, 84, 112)  # votes on a group: two, three and four for each of its 28 pairs
FROM_VOTES = 28
RANDOM_SHARE = 0.2
PROMPTS, GENERATOR_SPREAD, IMAGE_SPREAD = 60, 0.5, 0.7  # of a campaign

Floats = NDArray[np.float64]


class Rule(NamedTuple):
    """A pairing rule with its settings."""

    rule: PairingRule
    votes_wanted: int
    votes_max: int
    pairs_per_image: int


class Group:
    """Images with true scores, and the votes so far."""

    def __init__(self, scores: Floats, rng: np.random.Generator) -> None:
        self.scores, self.rng = scores, rng
        n = len(scores)
        self.points, self.asked = np.zeros((n, n)), np.zeros((n, n), dtype=np.int64)

    def ask(self, i: int, j: int, votes: int) -> None:
        won = self.rng.binomial(votes, 1 / (1 + np.exp(self.scores[j] - self.scores[i])))
        self.points[i, j] += won
        self.points[j, i] += votes - won
        self.asked[i, j] = self.asked[j, i] = self.asked[i, j] + votes

    @property
    def votes(self) -> int:
        return int(self.asked.sum()) // 2


def judge(group: Group, rule: Rule, prior: Callable[[], Scores]) -> Iterator[int]:
    """Collect votes as the rule asks for them. Yields how many there are after each batch."""
    n, each = len(group.scores), rule.votes_wanted
    first = pairs_of(rule.rule, n, Random(int(group.rng.integers(2**63))), pairs_per_image=rule.pairs_per_image)
    for i, j, _ in first:
        group.ask(i, j, each)
    yield group.votes
    if rule.rule == PairingRule.SWISS:
        planned = pairs_planned(n, rule.pairs_per_image)
        while left := planned - int((group.asked > 0).sum()) // 2:
            drawn = swiss_round(group.points, group.asked == 0, size=min(left, n // 2), rng=group.rng)
            for i, j, _ in drawn:
                group.ask(i, j, each)
            yield group.votes
    if rule.rule == PairingRule.INFORMATION_GAIN:
        planned = -(-n * rule.pairs_per_image // 2)
        while left := planned - group.votes // each:
            allowed = group.asked + each <= rule.votes_max
            if not np.triu(allowed, 1).any():
                return
            scores = fit_scores(group.points, prior())
            size = min(left, n // 2)
            for i, j, _ in informative_batch(scores, allowed, size=size, votes=each, random_share=RANDOM_SHARE, rng=group.rng):
                group.ask(i, j, each)
            yield group.votes


def distance(found: Floats, truth: Floats) -> float:
    i, j = np.triu_indices(len(truth), 1)
    step = np.round(found[i] - found[j], 8) * (truth[i] - truth[j])
    return float(((step < 0) + 0.5 * (step == 0)).mean())


def within_groups(groups: int, seed: int) -> None:
    prior = Scores(np.zeros(IMAGES), np.eye(IMAGES))
    print(f"Groups of {IMAGES} images, {groups} for each setting: the share of pairs in the wrong order, and votes saved against")
    print("all_pairs and against random_m with the same error.\n")
    head = "".join(f"{f'{votes} votes':>14}{'all':>7}{'random':>8}" for votes in CHECKPOINTS)
    for agreement, spread in SPREADS.items():
        print(f"one vote in {agreement:.0%} for the better image (spread of scores {spread:g})\n{'rule':<46}{head}")
        curves: list[Curve] = []
        for name, rules in compared():
            curve: Curve = {}
            for rule in rules:
                found = errors_of(rule, spread, prior, groups, seed)
                end = max(found)  # where the settings differ, each gives one point of the curve: its end
                curve |= found if len(rules) == 1 else {end: found[end]}
            curves.append(dict(sorted(curve.items())))
            print(f"{name:<46}" + "".join(cell(votes, curves) for votes in CHECKPOINTS), flush=True)
        print()


Curve = dict[int, float]  # the error by votes on a group


def errors_of(rule: Rule, spread: float, prior: Scores, groups: int, seed: int) -> Curve:
    """After each batch, without the first votes."""
    rng = np.random.default_rng(seed)
    found: dict[int, list[float]] = {}
    for _ in range(groups):
        group = Group(rng.normal(0, spread, IMAGES), rng)
        errors: Curve = {}
        for votes in judge(group, rule, lambda: prior):
            if votes >= FROM_VOTES:
                errors[votes] = distance(fit_scores(group.points, prior).mean, group.scores)
        for votes, error in errors.items():
            found.setdefault(votes, []).append(error)
    return {votes: float(np.mean(each)) for votes, each in found.items() if len(each) == groups}


def cell(votes: int, curves: list[Curve]) -> str:
    """The error of the last curve after so many votes, and what it saves against the first two."""
    *_, curve = curves
    error = float(np.interp(np.log(votes), np.log(list(curve)), list(curve.values())))
    return f"{error:>14.3f}" + "".join(
        f"{saved(votes, error, other):>+{width}.0%}" if other is not curve else f"{'':>{width}}"
        for other, width in zip((*curves, curve)[:2], (7, 8), strict=True)
    )


def saved(votes: int, error: float, other: Curve) -> float:
    """The share of votes saved against another rule, whose votes for this error are interpolated on a logarithmic scale."""
    return float(1 - votes / np.exp(np.interp(-error, -np.array(list(other.values())), np.log(list(other)))))


def compared() -> list[tuple[str, list[Rule]]]:
    """The first two are what the others are compared with. A rule is run with several votes per pair, to have its whole curve."""
    gain = PairingRule.INFORMATION_GAIN
    return [
        ("all_pairs", [Rule(PairingRule.ALL_PAIRS, each, each, 1) for each in (1, 2, 3, 4, 5, 6, 8, 10)]),
        (
            "random_m, 4 pairs per image",
            [Rule(PairingRule.RANDOM_M, each, each, 4) for each in (2, 3, 4, 5, 6, 7, 9, 12, 18)],
        ),
        ("swiss, 4 pairs per image", [Rule(PairingRule.SWISS, each, each, 4) for each in (3, 5, 7)]),
        ("information_gain, new pairs, 5 per image", [Rule(gain, each, each, 5) for each in (2, 4, 6)]),
        ("information_gain, 3 votes, up to 15 a pair", [Rule(gain, 3, 15, 10)]),
        ("information_gain, 1 vote, up to 9 a pair", [Rule(gain, 1, 9, 28)]),
        ("information_gain, 1 vote, up to 15 a pair", [Rule(gain, 1, 15, 28)]),
    ]


def over_prompts(campaigns: int, seed: int) -> None:
    """A generator makes one image of each prompt; what is wanted is the order of the generators."""
    gain, every = PairingRule.INFORMATION_GAIN, PairingRule.ALL_PAIRS
    rows = [
        ("all_pairs, 1 vote, on 4 of 7 prompts", Rule(every, 1, 1, 1), round(PROMPTS * 16 / EVERY)),
        ("random_m, 1 vote, 4 pairs per image", Rule(PairingRule.RANDOM_M, 1, 1, 4), PROMPTS),
        ("swiss, 1 vote, 4 pairs per image", Rule(PairingRule.SWISS, 1, 1, 4), PROMPTS),
        ("information_gain, 1 vote, new pairs", Rule(gain, 1, 1, 4), PROMPTS),
        ("information_gain, 1 vote, up to 9 a pair", Rule(gain, 1, 9, 4), PROMPTS),
    ]
    print(f"{IMAGES} generators over {PROMPTS} prompts, {16 * PROMPTS} votes; {campaigns} campaigns for each row\n")
    print(f"{'rule':<46}{'votes':>8}{'distance':>10}{'± 2 standard errors':>22}")
    for name, rule, prompts in rows:
        rng = np.random.default_rng(seed)
        found, spent = [], []
        for _ in range(campaigns):
            truth, wins = rng.normal(0, GENERATOR_SPREAD, IMAGES), np.zeros((IMAGES, IMAGES))
            for _ in range(prompts):
                group = Group(truth + rng.normal(0, IMAGE_SPREAD, IMAGES), rng)
                before = wins.copy()
                for _ in judge(group, rule, lambda before=before: prior_of_images(np.arange(IMAGES), before)):
                    pass
                wins += group.points
            spent.append(wins.sum())
            score = bradley_terry_of_counts(wins.astype(np.int64), np.zeros_like(wins, dtype=np.int64), prior=0.5).score
            found.append(distance(score, truth))
        error = 2 * np.std(found) / np.sqrt(len(found))
        print(f"{name:<46}{np.mean(spent):>8.0f}{np.mean(found):>10.3f}{error:>22.3f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=1000)
    parser.add_argument("--campaigns", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    within_groups(arguments.groups, arguments.seed)
    over_prompts(arguments.campaigns, arguments.seed)


if __name__ == "__main__":
    main()
