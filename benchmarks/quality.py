"""How soon annotators who do harm are found, and how often good ones are wronged: whole campaigns, simulated.

Each campaign has the same people, who answer through the application's own verbs: judging/assigning.py fills the queue,
judging/gold_and_repeats.py mixes gold and repeats in, quality/review.py looks after every few answers, and what a suspension
gives back is handed out again. Only the people and their pairs are made up: a pair has a true answer and an ease, people have a
skill. Some are careful and yet differ: they prefer the other image on 30 % or 50 % of the pairs, are right on 70 % of gold, or
take their time. Nobody should act on those.

Beside how soon somebody is stopped, it prints how often the consensus is the truth: without any rule, with the rules on gold
alone, and with all of them, on the same people and truths.

    make bench-quality                          200 campaigns with all rules; the other two on every tenth
    make bench-quality ARGS="--campaigns 20"    fewer
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import django
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
os.environ.setdefault("DATA_DIR", str(ROOT / "var" / "bench"))

PAIRS, GOLD, VOTES_WANTED = 500, 40, 5
VOTES = 60  # of each, until which harm is to be found
VOTES_OF_TIRED = 120  # the first half good, then at random
VOTES_OF_FAIR = 120  # of those who are careful and differ: long enough for a rule to wrong them
REVIEW_EVERY = 5  # answers of each between two reviews
SECONDS_PER_VOTE = 6
PROCESSES = 2
VARIANTS = {"no rules": (), "rules on gold": ("gold_accuracy",), "all rules": None}
CHOICES = ("a", "b", "both_good", "both_bad")
TRUTHS = (0.42, 0.42, 0.08, 0.08)
OTHER_IMAGE = {"a": "b", "b": "a"}

# What somebody answers: dice, the true choice, how easy the pair is (0 to 1), whether `a` is on the left, their answers so far.
Habit = Callable[[Random, str, float, bool, int], str]


def by_skill(right: float, spread: float = 0.16) -> Habit:
    """Right on so many of a hundred pairs, more often on easy ones; otherwise one of the other answers."""

    def answer(dice: Random, truth: str, ease: float, a_on_left: bool, answered: int) -> str:
        if dice.random() < min(1.0, right + spread * (ease - 0.5)):
            return truth
        return dice.choice([choice for choice in CHOICES if choice != truth])

    return answer


def at_random(dice: Random, truth: str, ease: float, a_on_left: bool, answered: int) -> str:
    return dice.choice(CHOICES)


def left(dice: Random, truth: str, ease: float, a_on_left: bool, answered: int) -> str:
    return "a" if a_on_left else "b"


def adversarial(dice: Random, truth: str, ease: float, a_on_left: bool, answered: int) -> str:
    """Knows what is right, and says the opposite."""
    opposite = {"a": "b", "b": "a", "both_good": "both_bad", "both_bad": "both_good"}[truth]
    return opposite if dice.random() < 0.9 else truth


def tired(dice: Random, truth: str, ease: float, a_on_left: bool, answered: int) -> str:
    habit = by_skill(0.9) if answered < VOTES_OF_TIRED // 2 else at_random
    return habit(dice, truth, ease, a_on_left, answered)


@dataclass(frozen=True)
class Kind:
    """`opposite`: on this share of the pairs, the same ones for all of the kind, they prefer the other image. Gold is clear to
    them as it is to everybody."""

    people: int
    habit: Habit
    is_good: bool = False
    elapsed_ms: int = 3500
    votes: int = VOTES
    opposite: float = 0.0


KINDS = {
    "good": Kind(20, by_skill(0.9), is_good=True),
    "average": Kind(6, by_skill(0.75), is_good=True),
    "random": Kind(1, at_random),
    "always left": Kind(1, left),
    "first key, fast": Kind(1, left, elapsed_ms=350),
    "adversarial": Kind(1, adversarial),
    "tired": Kind(1, tired, votes=VOTES_OF_TIRED),
    "opposite on 30 %": Kind(2, by_skill(0.9), is_good=True, votes=VOTES_OF_FAIR, opposite=0.3),
    "opposite on 50 %": Kind(2, by_skill(0.9), is_good=True, votes=VOTES_OF_FAIR, opposite=0.5),
    "borderline": Kind(1, by_skill(0.7, spread=0.0), is_good=True, votes=VOTES_OF_FAIR),
    "slow and careful": Kind(1, by_skill(0.9), is_good=True, elapsed_ms=45_000),
}


@dataclass
class Person:
    kind: str
    member: Any
    dice: Random
    votes: int = 0
    warned_at: int | None = None  # after how many answers
    stopped_at: int | None = None  # paused or suspended
    suspended: bool = False


@dataclass
class Outcome:
    """What became of the people of one campaign: for each, by kind, after how many answers; and the share of true labels."""

    warned: dict[str, list[int | None]] = field(default_factory=lambda: defaultdict(list))
    stopped: dict[str, list[int | None]] = field(default_factory=lambda: defaultdict(list))
    suspended: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    right: float = 0.0
    votes: int = 0


class Trial:
    """One campaign from its first vote to its last."""

    def __init__(self, seed: int, variant: str) -> None:
        from annotator.campaigns.lifecycle import create_campaign  # noqa: PLC0415 - the settings are named above
        from annotator.models import Pair, ReviewRule  # noqa: PLC0415
        from annotator.quality.rules import create_rules  # noqa: PLC0415
        from benchmarks.support.campaigns import fill_campaign, make_annotators  # noqa: PLC0415

        self.dice = Random(f"quality {seed}")
        slug = f"quality-{seed}-{variant.replace(' ', '-')}-{time.time_ns()}"
        self.campaign = create_campaign(
            slug=slug, name=slug, by=None, state="open", rules={"votes_wanted": VOTES_WANTED, "votes_max": VOTES_WANTED}
        )
        fill_campaign(self.campaign, PAIRS + GOLD, votes_wanted=VOTES_WANTED)
        pairs = list(Pair.objects.filter(campaign=self.campaign).order_by("pk"))
        self.truth = {pair.pk: self.dice.choices(CHOICES, TRUTHS)[0] for pair in pairs}
        self.ease = {pair.pk: self.dice.random() for pair in pairs}
        self.gold = self.dice.sample(pairs, GOLD)
        for pair in self.gold:
            pair.gold_choice, self.ease[pair.pk] = self.truth[pair.pk], 0.75  # gold is rather clear
        Pair.objects.bulk_update(self.gold, ["gold_choice"])
        gold = {pair.pk for pair in self.gold}
        self.opposite = {
            name: {pair.pk for pair in pairs if pair.pk not in gold and self.dice.random() < kind.opposite}
            for name, kind in KINDS.items()
        }
        measures = VARIANTS[variant]
        create_rules(self.campaign)
        if measures is not None:
            ReviewRule.objects.filter(campaign=self.campaign).exclude(measure__in=measures).update(enabled=False)
        users = make_annotators(self.campaign, sum(kind.people for kind in KINDS.values()), name=slug)
        names = [name for name, kind in KINDS.items() for _ in range(kind.people)]
        found = self.campaign.members.filter(user__in=users).select_related("user", "campaign")
        members = {member.user_id: member for member in found}
        self.people = [
            Person(name, members[user.pk], Random(f"{seed} {n}")) for n, (name, user) in enumerate(zip(names, users, strict=True))
        ]

    def run(self) -> Outcome:
        from django.utils import timezone  # noqa: PLC0415

        from annotator.quality.review import review_campaign  # noqa: PLC0415

        now = timezone.now()
        is_going_on = True
        while is_going_on:
            is_going_on = False
            for person in self.dice.sample(self.people, len(self.people)):
                is_going_on |= self.work(person, now) > 0
            now += timedelta(seconds=SECONDS_PER_VOTE * REVIEW_EVERY)
            for action in review_campaign(campaign=self.campaign, now=now):
                self.note(action)
        return self.outcome()

    def work(self, person: Person, start: Any) -> int:
        """Up to REVIEW_EVERY answers. Returns how many."""
        from annotator.errors import NotAllowed  # noqa: PLC0415
        from annotator.judging.assigning import next_assignments  # noqa: PLC0415
        from annotator.judging.voting import cast_vote  # noqa: PLC0415

        kind, done = KINDS[person.kind], 0
        if person.stopped_at is not None or person.votes >= kind.votes:
            return 0
        try:
            queue = next_assignments(member=person.member, count=1, now=start)
        except NotAllowed:
            return 0
        while queue and done < min(REVIEW_EVERY, kind.votes - person.votes):
            seat = queue[0]
            truth, ease = self.truth[seat.pair_id], self.ease[seat.pair_id]
            if seat.pair_id in self.opposite[person.kind]:
                truth = OTHER_IMAGE.get(truth, truth)
            choice = kind.habit(person.dice, truth, ease, seat.a_on_left, person.votes + done)
            done += 1
            now = start + timedelta(seconds=SECONDS_PER_VOTE * done)
            cast_vote(
                assignment_id=seat.pk,
                by=person.member.user,
                choices={"overall": choice},
                elapsed_ms=round(person.dice.lognormvariate(0, 0.4) * kind.elapsed_ms),
                now=now,
            )
            try:
                queue = next_assignments(member=person.member, count=1, now=now)
            except NotAllowed:
                break
        person.votes += done
        return done

    def note(self, action: Any) -> None:
        person = next(person for person in self.people if person.member.pk == action.member_id)
        if action.kind == "warn":
            person.warned_at = person.warned_at or person.votes
        else:
            person.stopped_at = person.stopped_at or person.votes
            person.suspended |= action.kind == "suspend"

    def outcome(self) -> Outcome:
        from annotator.models import Consensus, Vote  # noqa: PLC0415
        from annotator.scoring.consensus_writer import score_campaign  # noqa: PLC0415

        score_campaign(campaign=self.campaign)
        gold = {pair.pk for pair in self.gold}
        labels = dict(
            Consensus.objects.filter(question__campaign=self.campaign, method="majority").values_list("pair", "label").iterator()
        )
        judged = {pair: label for pair, label in labels.items() if pair not in gold}
        outcome = Outcome(
            right=sum(label == self.truth[pair] for pair, label in judged.items()) / max(1, len(judged)),
            votes=Vote.objects.live().filter(assignment__member__campaign=self.campaign, assignment__kind="regular").count(),
        )
        for person in self.people:
            outcome.warned[person.kind].append(person.warned_at)
            outcome.stopped[person.kind].append(person.stopped_at)
            outcome.suspended[person.kind].append(person.suspended)
        return outcome


def trials(seeds: list[int], variant: str) -> list[Outcome]:
    """So many campaigns, shared among processes of their own. Ctrl-C ends them, and those that were over count."""
    shares = [seeds[n::PROCESSES] for n in range(PROCESSES)]
    command = [sys.executable, "-m", "benchmarks.quality", "--one-process", variant]
    running = [
        subprocess.Popen([*command, *map(str, share)], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
        for share in shares
        if share
    ]
    outcomes: list[Outcome] = []
    readers = [threading.Thread(target=read_outcomes, args=(process, outcomes), daemon=True) for process in running]
    for reader in readers:
        reader.start()
    try:
        for reader in readers:
            reader.join()
    except KeyboardInterrupt:
        for process in running:
            process.kill()
        print(f"\nBroken off: {variant}, {len(outcomes)} of {len(seeds)} campaigns were over.")
        return outcomes
    if any(process.wait() for process in running):
        raise SystemExit("A process of the simulation failed; its message is above.")
    return outcomes


def read_outcomes(process: subprocess.Popen[str], outcomes: list[Outcome]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        outcomes.append(Outcome(**json.loads(line)))
        print(".", end="", file=sys.stderr, flush=True)


def show(outcomes: list[Outcome]) -> None:
    """How many were stopped within VOTES answers, or at any time if they are good; and after how many."""
    print(f"\n{'people':<18}{'n':>6}{'warned':>9}{'stopped':>9}{'suspended':>11}{'after answers: median':>23}{'95 of 100':>11}")
    for name, kind in KINDS.items():
        stopped = [at for outcome in outcomes for at in outcome.stopped[name]]
        warned = [at for outcome in outcomes for at in outcome.warned[name]]
        suspended = [is_so for outcome in outcomes for is_so in outcome.suspended[name]]
        shift = VOTES_OF_TIRED // 2 if name == "tired" else 0  # counted from when they tire
        until = kind.votes if kind.is_good else VOTES  # the good are not to be stopped at any time
        within = [at - shift for at in stopped if at is not None and shift < at <= shift + until]
        early = sum(at is not None and at <= shift for at in stopped) if shift else 0
        quantiles = (
            [f"{np.quantile([*within, *[np.inf] * (len(stopped) - len(within))], q, method='higher'):.0f}" for q in (0.5, 0.95)]
            if within and not kind.is_good
            else ["–", "–"]
        )
        print(
            f"{name:<18}{len(stopped):>6}{share(warned):>9}{len(within) / len(stopped):>9.1%}{np.mean(suspended):>11.2%}"
            f"{quantiles[0].replace('inf', 'never'):>23}{quantiles[1].replace('inf', 'never'):>11}"
            + (f"   ({early} before they tired; counted from then on)" if shift else "")
        )


def share(moments: list[int | None]) -> str:
    return f"{sum(at is not None for at in moments) / len(moments):.1%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=200)
    parser.add_argument("--one-process", nargs="+", metavar="VARIANT SEED…", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    from annotator.local.hold import hold_embedded  # noqa: PLC0415 - the settings are named above

    hold_embedded()
    django.setup()
    if arguments.one_process:
        variant, *seeds = arguments.one_process
        for seed in map(int, seeds):
            print(json.dumps(vars(Trial(seed, variant).run())), flush=True)
        return
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    people = ", ".join(f"{kind.people} {name}" for name, kind in KINDS.items())
    print(f"{arguments.campaigns} campaigns of {PAIRS} pairs, {GOLD} of them gold besides; {people}")
    print(f"{VOTES} answers each ({VOTES_OF_TIRED} of the tired), reviewed after every {REVIEW_EVERY} of each")
    seeds = list(range(arguments.campaigns))
    found = {"all rules": trials(seeds, "all rules")}
    show(found["all rules"])
    few = seeds[::10] if len(seeds) >= 20 else seeds
    for variant in VARIANTS:
        if variant not in found:
            found[variant] = trials(few, variant)
    print(f"\n{'consensus':<18}{'campaigns':>11}{'true labels':>13}{'votes that count':>18}")
    for variant in VARIANTS:
        outcomes = found[variant]
        print(
            f"{variant:<18}{len(outcomes):>11}{np.mean([outcome.right for outcome in outcomes]):>13.1%}"
            f"{np.mean([outcome.votes for outcome in outcomes]):>18,.0f}"
        )


if __name__ == "__main__":
    main()
