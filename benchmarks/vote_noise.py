"""What weighing annotators by how well they foretell others (annotator/consensus/vote_noise.py) brings, in simulated campaigns.

For each crowd of benchmarks/support/crowds.py, with fixed and with adaptive overlap: how far confidence is above and below what
came true, in the worst tenth of the scale that holds 2 % of pairs; the share of labels that are right; the mean log-probability
of the right answer; and the share of pairs with a confidence of 0.9 or more. Once with votes that all weigh the same, as in a
campaign, and once as the command `posterior` has it. `used` is in how many campaigns the weights foretold held-out pairs better.

    python -m benchmarks.vote_noise [--campaigns 6] [--prompts 100] [--only "20 % spammers"]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import django
import numpy as np
from django.apps import apps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
os.environ.setdefault("DATA_DIR", str(Path(__file__).resolve().parent.parent / "var" / "bench"))
if not apps.ready:
    django.setup()

from annotator.consensus.calibration import reliability
from annotator.consensus.posterior import Posterior, posterior
from annotator.consensus.vote_noise import NoisyPosterior, noisy_posterior
from annotator.scoring.confidence import fit_question
from benchmarks.support import collected
from benchmarks.support.collected import CHOICE_NAMES, CHOICES, GROUPS, RULES, A, B, Collected, collect
from benchmarks.support.crowd_truth import splits
from benchmarks.support.crowds import CROWDS, PEOPLE, Floats
from benchmarks.support.published import tops

SHARE_MIN = 0.02
TIE, LEAST = 1e-7, 1e-9


def weighed(campaign: Collected) -> NoisyPosterior:
    votes = campaign.votes
    return noisy_posterior(
        votes.pair,
        votes.person,
        votes.choice,
        n_tasks=len(campaign.pairs),
        n_annotators=PEOPLE,
        n_choices=CHOICES,
        groups=GROUPS,
        on_left=np.where(votes.a_on_left, A, B),
    )


def looked_at(found: Posterior, top: Floats) -> Floats:
    """Of each pair: confidence, whether the label is right, and the log-probability of the right answer."""
    right = (tops(found.first, tie=TIE) * top).sum(axis=1)
    certain = np.log(np.maximum((found.first * top).sum(axis=1), LEAST))
    return np.stack([np.clip(found.confidence, 0, 1), np.clip(right, 0, 1), certain])


def row_of(looked: list[Floats]) -> str:
    confidence, right, certain = np.concatenate(looked, axis=1)
    table = reliability(confidence, right)
    excess = table.excess[table.n >= SHARE_MIN * table.n.sum()]
    sure = np.mean(confidence >= 0.9)
    return f"{excess.max():>+8.3f}{excess.min():>+8.3f}{right.mean():>8.1%}{certain.mean():>8.3f}{sure:>6.0%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=6)
    parser.add_argument("--prompts", type=int, default=collected.PROMPTS)
    parser.add_argument("--only", choices=CROWDS, help="one crowd")
    arguments = parser.parse_args()
    collected.PROMPTS = arguments.prompts
    header = f"{'over':>8}{'under':>8}{'right':>8}{'log':>8}{'sure':>6}"
    print(f"{'':<26}{'all alike':^38}   {'weighed':^38}\n{'':<26}{header}   {header}{'used':>6}")
    for rule in ("fixed", "adaptive"):
        for crowd in [arguments.only] if arguments.only else CROWDS:
            alike, by_kind, used = [], [], 0
            for seed in range(arguments.campaigns):
                campaign = collect(seed, RULES[rule], CROWDS[crowd])
                counts, top = campaign.counts(), tops(splits(campaign, crowd))
                found = weighed(campaign)
                alike.append(looked_at(posterior(fit_question(counts, CHOICE_NAMES), counts), top))
                by_kind.append(looked_at(found.posterior, top))
                used += found.is_used
            print(f"{rule + ', ' + crowd:<26}{row_of(alike)}   {row_of(by_kind)}{used:>6}", flush=True)


if __name__ == "__main__":
    main()
