"""Campaigns in which people of known habits have judged: regular pairs, gold, and pairs of theirs once more."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from django.utils import timezone

from annotator.models import Assignment, Campaign, Member, Pair, Vote
from annotator.quality.rules import create_rules
from tests.factories import CampaignFactory, ImageFactory, MemberFactory, PairFactory, PromptFactory

# What somebody answers: their dice, the true choice, and whether `a` is on the left.
Habit = Callable[[Random, str, bool], str]


def good(dice: Random, truth: str, a_on_left: bool) -> str:
    return truth if dice.random() < 0.9 else other(truth)


def at_random(dice: Random, truth: str, a_on_left: bool) -> str:
    return dice.choice(["a", "b", "both_good", "both_bad"])


def always_left(dice: Random, truth: str, a_on_left: bool) -> str:
    return "a" if a_on_left else "b"


def adversarial(dice: Random, truth: str, a_on_left: bool) -> str:
    return other(truth) if dice.random() < 0.9 else truth


def other(choice: str) -> str:
    return "b" if choice == "a" else "a"


@dataclass
class Crowd:
    """A campaign of people who have answered `votes` times each: every tenth on gold, every twentieth a repeat."""

    habits: dict[str, Habit]
    votes: int = 60
    seed: int = 0
    elapsed_ms: int = 2500
    rules: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)
        self.began = timezone.now() - timedelta(hours=2)
        self.campaign: Campaign = CampaignFactory(votes_wanted=5, votes_max=5, **self.rules)
        self.question = self.campaign.questions.get(position=0)
        create_rules(self.campaign)
        self.members = {
            name: MemberFactory(campaign=self.campaign, user__username=f"{name}-{self.campaign.pk}", answered_count=self.votes)
            for name in self.habits
        }
        wanted = len(self.habits) * self.votes * 17 // 20
        self.pairs = make_pairs(self.campaign, max(wanted // 3, self.votes))
        self.gold = make_pairs(self.campaign, max(self.votes // 10, 1), gold_choice="a")
        self.truth = {pair.pk: self.dice.choice("ab") for pair in self.pairs} | {pair.pk: "a" for pair in self.gold}
        self.taken: dict[int, set[str]] = defaultdict(set)
        self.judge(self.habits, self.votes)

    def judge(self, habits: dict[str, Habit], votes: int, *, since: datetime | None = None) -> None:
        """Let these people answer so many times more."""
        rows = [row for name, habit in habits.items() for row in self._answers(name, habit, votes, since or self.began)]
        seats = Assignment.objects.bulk_create([seat for seat, _ in rows])
        for seat, (_, vote) in zip(seats, rows, strict=True):
            vote.assignment = seat
        # In the order in which they were given, as they would have been.
        Vote.objects.bulk_create(sorted((vote for _, vote in rows), key=lambda vote: vote.created_at))
        self._count_seats(seats)

    def _answers(self, name: str, habit: Habit, votes: int, since: datetime) -> Iterable[tuple[Assignment, Vote]]:
        member = self.members[name]
        free = [pair for pair in self.pairs if name not in self.taken[pair.pk] and len(self.taken[pair.pk]) < 5]
        free.sort(key=lambda pair: (-len(self.taken[pair.pk]), self.dice.random()))
        gold = [pair for pair in self.gold if name not in self.taken[pair.pk]]
        mine: list[tuple[Pair, bool]] = []
        for number in range(votes):
            kind = "gold" if number % 10 == 4 and gold else "repeat" if number % 20 == 19 and mine else "regular"
            a_on_left = self.dice.random() < 0.5
            if kind == "repeat":
                pair, a_was_on_left = mine.pop(0)
                a_on_left = not a_was_on_left
            else:
                pair = gold.pop() if kind == "gold" else free.pop()
                self.taken[pair.pk].add(name)
            if kind == "regular":
                mine.append((pair, a_on_left))
            choice = habit(self.dice, self.truth[pair.pk], a_on_left)
            yield self._answer(member, pair, kind, a_on_left, choice, since + timedelta(seconds=30 * number))

    def _answer(
        self, member: Member, pair: Pair, kind: str, a_on_left: bool, choice: str, at: datetime
    ) -> tuple[Assignment, Vote]:
        seat = Assignment(
            campaign=self.campaign,
            member=member,
            pair=pair,
            kind=kind,
            state="answered",
            a_on_left=a_on_left,
            lease_expires_at=at,
            closed_at=at,
        )
        vote = Vote(campaign=self.campaign, member=member, question=self.question, choice=choice, created_at=at)
        vote.elapsed_ms = self.elapsed_ms
        return seat, vote

    def _count_seats(self, seats: Sequence[Assignment]) -> None:
        regular = [seat for seat in seats if seat.kind == "regular"]
        taken = Counter(seat.pair_id for seat in regular)
        on_left = Counter(seat.pair_id for seat in regular if seat.a_on_left)
        for pair in self.pairs:
            pair.seats_taken += taken[pair.pk]
            pair.seats_a_on_left += on_left[pair.pk]
        Pair.objects.bulk_update(self.pairs, ["seats_taken", "seats_a_on_left"])


def make_pairs(campaign: Campaign, count: int, **fields: object) -> list[Pair]:
    """Pairs of one prompt and two images; each with images of its own would take a while."""
    prompt = PromptFactory(campaign=campaign)
    images = [ImageFactory(prompt=prompt) for _ in range(3 + int((2 * count) ** 0.5))]
    both = [(one, two) for at, one in enumerate(images) for two in images[:at]]
    pairs = [PairFactory.build(campaign=campaign, prompt=prompt, image_a=one, image_b=two, **fields) for one, two in both[:count]]
    return Pair.objects.bulk_create(pairs)
