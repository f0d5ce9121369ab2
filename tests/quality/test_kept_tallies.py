"""Tallies that are brought up to date: always what all votes would have been counted to."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from annotator.models import AnnotatorStats, Campaign, Member, Pair, PairSeats, ReviewModel, ReviewTally, Vote
from annotator.quality import kept_tallies
from annotator.quality.annotator_metrics import measure, measure_campaign
from annotator.quality.moderation import lift_suspension, suspend_member, withdraw_member
from tests.factories import AssignmentFactory, CampaignFactory, MemberFactory, PairFactory, VoteFactory
from tests.without_statistics import tuples_read

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed

LEFT_OUT = {"member", "computed_at", "counted_since"}
FIGURES = [field.name for field in AnnotatorStats._meta.concrete_fields if field.name not in LEFT_OUT]


@pytest.fixture(autouse=True)
def _is_large(monkeypatch):
    """Any campaign is as a large one, whose model stays."""
    monkeypatch.setattr(kept_tallies, "FITTED_EACH_TIME", 0)
    monkeypatch.setattr(kept_tallies, "GROWTH", 1000)


def figures(all_stats: list[AnnotatorStats]) -> dict[int, dict[str, float | None]]:
    return {row.member_id: {name: getattr(row, name) for name in FIGURES} for row in all_stats}


def assert_agrees_with_all_votes(campaign: Campaign) -> None:
    now = timezone.now()
    found, right = figures(measure_campaign(campaign=campaign, now=now)), figures(measure(campaign=campaign, now=now))
    assert found.keys() == right.keys()
    for member, its in found.items():
        for name, value in its.items():
            wanted = right[member][name]
            assert value == (None if wanted is None else pytest.approx(wanted, rel=1e-7, abs=1e-7)), name


class History:
    """Things that happen in a campaign, at random."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.campaign = CampaignFactory(votes_wanted=4, too_fast_ms=700, gold_rate=0.1)
        self.people = MemberFactory.create_batch(6, campaign=self.campaign)
        self.pairs = PairFactory.create_batch(25, campaign=self.campaign, votes_wanted=20)
        self.gold = PairFactory.create_batch(4, campaign=self.campaign, gold_choice="a")
        for _ in range(60):
            self.vote()

    def vote(self) -> None:
        member = self.chance.choice(list(Member.objects.filter(campaign=self.campaign, state="active")))
        kind = self.chance.choice(["regular"] * 6 + ["gold", "repeat"])
        own = {seat.pair_id for seat in member.assignments.filter(kind=kind)}
        before = {seat.pair_id for seat in member.assignments.filter(kind="regular")}
        among = self.gold if kind == "gold" else self.pairs
        free = [pair for pair in among if pair.pk not in own and (kind != "repeat" or pair.pk in before)]
        if not free:
            return
        seat = AssignmentFactory(
            member=member,
            pair=self.chance.choice(free),
            kind=kind,
            state="answered",
            closed_at=timezone.now(),
            a_on_left=self.chance.random() < 0.5,
        )
        if kind == "regular":
            counters = {"seats_taken": F("seats_taken") + 1, "seats_a_on_left": F("seats_a_on_left") + int(seat.a_on_left)}
            PairSeats.objects.filter(pk=seat.pair_id).update(**counters)
        choice = self.chance.choice(["a", "a", "b", "both_good"])
        VoteFactory(assignment=seat, choice=choice, elapsed_ms=self.chance.choice([300, 2000]))

    def undo(self) -> None:
        vote = self.chance.choice(list(Vote.objects.live().filter(campaign=self.campaign)))
        Vote.objects.filter(pk=vote.pk).update(void_reason="undone", voided_at=timezone.now())
        if self.chance.random() < 0.6:
            VoteFactory(assignment=vote.assignment, choice="b")

    def suspend(self) -> None:
        if self._at_work() > 2:
            members = Member.objects.filter(campaign=self.campaign, state="active")
            suspend_member(member=self.chance.choice(list(members)), by=None)

    def lift(self) -> None:
        for member in Member.objects.filter(campaign=self.campaign, state="suspended")[:1]:
            lift_suspension(member=member, by=None)

    def withdraw(self) -> None:
        if self._at_work() > 3:
            withdraw_member(member=Member.objects.filter(campaign=self.campaign, state="active").first(), by=None)

    def start_afresh(self) -> None:
        since = timezone.now() - timedelta(microseconds=self.chance.randint(0, 2_000_000))
        first = AnnotatorStats.objects.filter(member__campaign=self.campaign).order_by("member").first()
        if first is not None:
            AnnotatorStats.objects.filter(pk=first.pk).update(counted_since=since)

    def change_gold(self) -> None:
        pair = self.chance.choice(self.gold)
        change = self.chance.choice(
            [
                {"gold_choice": "b", "gold_in_review_since": None},
                {"gold_choice": "a", "gold_in_review_since": timezone.now()},
                {"gold_choice": None, "gold_in_review_since": None},
                {"gold_choice": "a", "gold_in_review_since": None},
            ]
        )
        Pair.objects.filter(pk=pair.pk).update(**change)

    def join(self) -> None:
        self.people.append(MemberFactory(campaign=self.campaign))

    def _at_work(self) -> int:
        return Member.objects.filter(campaign=self.campaign, state="active").count()


@pytest.mark.parametrize("seed", range(4))
def test_what_is_brought_up_to_date_is_what_all_votes_say(seed):
    history = History(seed)
    measure_campaign(campaign=history.campaign, now=timezone.now())
    fitted_at = ReviewModel.objects.get().fitted_at
    rare = [history.suspend, history.lift, history.withdraw, history.start_afresh, history.change_gold, history.join]
    for _ in range(12):
        for act in history.chance.choices([history.vote] * 8 + [history.undo] * 4 + rare, k=6):
            act()
        assert_agrees_with_all_votes(history.campaign)
    assert ReviewModel.objects.get().fitted_at == fitted_at


def test_a_member_with_more_than_all_blocks_is_still_summed_up_as_all_votes_say():
    campaign = CampaignFactory()
    busy, other = MemberFactory.create_batch(2, campaign=campaign)
    for number in range(540):
        pair = PairFactory(campaign=campaign)
        for member in (busy, other) if number % 3 == 0 else (busy,):
            VoteFactory(assignment=AssignmentFactory(member=member, pair=pair, state="answered"), choice="ab"[number % 2])
        if number in (30, 480, 512):
            assert_agrees_with_all_votes(campaign)
    first = Vote.objects.order_by("pk").first()
    Vote.objects.filter(pk=first.pk).update(void_reason="undone", voided_at=timezone.now())

    assert_agrees_with_all_votes(campaign)
    assert ReviewTally.objects.get(member=busy).given == 540


def test_the_model_is_fitted_anew_when_the_campaign_has_grown(monkeypatch):
    history = History(1)
    measure_campaign(campaign=history.campaign, now=timezone.now())
    before = ReviewModel.objects.get()
    monkeypatch.setattr(kept_tallies, "GROWTH", 0.1)
    for _ in range(20):
        history.vote()

    measure_campaign(campaign=history.campaign, now=timezone.now())

    after = ReviewModel.objects.get()
    assert after.fitted_at > before.fitted_at
    assert (after.votes, after.changes) == (Vote.objects.count(), 0)
    assert_agrees_with_all_votes(history.campaign)


def test_a_small_campaign_keeps_nothing(monkeypatch):
    history = History(2)
    measure_campaign(campaign=history.campaign, now=timezone.now())
    monkeypatch.setattr(kept_tallies, "FITTED_EACH_TIME", 10_000)
    measure_campaign(campaign=history.campaign, now=timezone.now(), counts_all=True)

    assert not ReviewModel.objects.exists()
    assert not ReviewTally.objects.exists()
    assert_agrees_with_all_votes(history.campaign)


def test_another_limit_for_fast_answers_counts_all_again():
    history = History(3)
    measure_campaign(campaign=history.campaign, now=timezone.now())
    history.campaign.too_fast_ms = 5000
    history.campaign.save()

    assert_agrees_with_all_votes(history.campaign)
    assert all(row.fast_count == row.timed_count for row in AnnotatorStats.objects.all())


def test_reviews_and_votes_at_once_miss_no_vote_and_count_none_twice():
    history = History(4)
    started, surprises = threading.Barrier(4), []

    def work(act) -> None:
        try:
            started.wait()
            for _ in range(8):
                act()
        except BaseException as error:
            surprises.append(error)
        finally:
            connection.close()

    def review() -> None:
        measure_campaign(campaign=history.campaign, now=timezone.now())

    threads = [threading.Thread(target=work, args=[act]) for act in (review, review, history.vote, history.undo)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert surprises == []
    assert_agrees_with_all_votes(history.campaign)


@pytest.fixture
def _without_scans():
    """Tables of some pages are read as a whole, as large ones never would be."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        name = cursor.fetchone()[0]
        cursor.execute(f'ALTER DATABASE "{name}" SET enable_seqscan = off')
    yield
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" RESET enable_seqscan')


@pytest.mark.usefixtures("_without_scans")
def test_a_review_reads_what_changed_alone():
    def read_for_news(history: History) -> int:
        for _ in range(3):
            measure_campaign(campaign=history.campaign, now=timezone.now())
        history.vote()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        connection.close()
        with tuples_read() as read:
            measure_campaign(campaign=history.campaign, now=timezone.now())
            connection.close()
        return read.tuples

    history = History(5)
    few = read_for_news(history)
    for _ in range(300):
        history.pairs.append(PairFactory(campaign=history.campaign))
        for member in history.people[:3]:
            VoteFactory(assignment=AssignmentFactory(member=member, pair=history.pairs[-1], state="answered"))

    assert read_for_news(history) < few + 1000  # the plan may read a little more; all votes and their pairs are over 4,000
