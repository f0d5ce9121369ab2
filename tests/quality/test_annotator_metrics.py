"""What is measured of annotators, against what they did."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotator.models import AnnotatorStats, Assignment, Campaign, Member, Pair
from annotator.quality.annotator_metrics import measure_campaign
from tests.crowds import Crowd, always_left, at_random, good
from tests.factories import AssignmentFactory, CampaignFactory, MemberFactory, PairFactory, QuestionFactory, VoteFactory

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed


@pytest.fixture
def campaign() -> Campaign:
    return CampaignFactory(votes_wanted=5, too_fast_ms=700)


@pytest.fixture
def member(campaign) -> Member:
    return MemberFactory(campaign=campaign)


def answer(member, choice, *, pair=None, kind="regular", a_on_left=True, **fields):
    pair = pair or PairFactory(campaign=member.campaign)
    seat = AssignmentFactory(member=member, pair=pair, kind=kind, state="answered", a_on_left=a_on_left)
    return VoteFactory(assignment=seat, choice=choice, **fields)


def measured(member) -> AnnotatorStats:
    measure_campaign(campaign=member.campaign, now=timezone.now())
    return AnnotatorStats.objects.get(member=member)


def test_gold_is_right_or_wrong(member):
    for choice, gold_choice in (("a", "a"), ("b", "b"), ("a", "b"), ("both_bad", "a")):
        answer(member, choice, pair=PairFactory(campaign=member.campaign, gold_choice=gold_choice), kind="gold")

    stats = measured(member)

    assert (stats.gold_count, stats.gold_right) == (4, 2)


def test_gold_that_is_in_review_or_for_training_counts_for_nobody(member):
    in_review = PairFactory(campaign=member.campaign, gold_choice="b", gold_in_review_since=timezone.now())
    answer(member, "a", pair=in_review, kind="gold")
    training = PairFactory(campaign=member.campaign, gold_choice="b", gold_use="training")
    answer(member, "a", pair=training, kind="training")
    answer(member, "a")

    stats = measured(member)

    assert (stats.gold_count, stats.side_count) == (0, 2)


def test_a_repeat_is_held_against_ones_own_first_answer(member):
    other = MemberFactory(campaign=member.campaign)
    same, turned, to_tie = PairFactory.create_batch(3, campaign=member.campaign)
    for pair, first, again in ((same, "a", "a"), (turned, "a", "b"), (to_tie, "a", "both_good")):
        answer(member, first, pair=pair, a_on_left=True)
        answer(other, "b", pair=pair)
        answer(member, again, pair=pair, kind="repeat", a_on_left=False)

    stats = measured(member)

    assert (stats.repeat_count, stats.repeat_same) == (3, 1)
    assert stats.repeat_same_side == 1  # `b` stands where `a` stood


def undone(member, choice, *, again=None, **fields):
    """An answer that was taken back; `again`: and given again."""
    vote = answer(member, choice, void_reason="undone", voided_at=timezone.now(), voided_by=member.user, **fields)
    if again:
        VoteFactory(assignment=vote.assignment, choice=again)
    else:
        Assignment.objects.filter(pk=vote.assignment_id).update(state="skipped")


def test_of_gold_and_repeats_the_first_answer_counts_though_it_was_taken_back(member):
    gold, skipped, other, pair = PairFactory.create_batch(4, campaign=member.campaign, gold_choice=None)
    Pair.objects.filter(pk__in=[gold.pk, skipped.pk, other.pk]).update(gold_choice="b")
    undone(member, "a", again="b", pair=gold, kind="gold")
    undone(member, "a", pair=skipped, kind="gold")
    undone(member, "b", again="a", pair=other, kind="gold")
    answer(member, "a", pair=pair)
    undone(member, "b", again="a", pair=pair, kind="repeat", a_on_left=False)

    stats = measured(member)

    assert (stats.gold_count, stats.gold_right) == (3, 1)
    assert (stats.repeat_count, stats.repeat_same) == (1, 0)


def test_of_a_regular_pair_the_answer_that_stands_counts(member):
    undone(member, "a", again="b")
    undone(member, "a")

    stats = measured(member)

    assert (stats.side_count, stats.left_count) == (1, 0)


def test_the_left_is_where_the_chosen_image_stood(member):
    for choice, a_on_left in (("a", True), ("b", False), ("b", False), ("a", False), ("both_good", True)):
        answer(member, choice, a_on_left=a_on_left)

    stats = measured(member)

    assert (stats.side_count, stats.left_count) == (4, 3)
    assert stats.left_p_value == pytest.approx(10 / 16)  # 3 or 4, or 1 or 0, of 4


def test_an_answer_is_too_fast_below_the_campaigns_limit(member):
    for elapsed_ms in (100, 699, 700, 5000, None):
        answer(member, "a", elapsed_ms=elapsed_ms)

    stats = measured(member)

    assert (stats.timed_count, stats.fast_count) == (4, 2)


def test_agreement_is_with_the_majority_of_the_others(member):
    others = MemberFactory.create_batch(3, campaign=member.campaign)
    with_them, against_them, undecided, alone = PairFactory.create_batch(4, campaign=member.campaign)
    for pair, theirs in ((with_them, "aab"), (against_them, "bbb"), (undecided, "ab"), (alone, "")):
        answer(member, "a", pair=pair)
        for other, choice in zip(others, theirs, strict=False):
            answer(other, choice, pair=pair)

    stats = measured(member)

    assert (stats.shared_count, stats.agreed_count) == (2, 1)


def test_void_votes_later_questions_machines_and_those_who_withdrew_tell_nothing(member):
    second = QuestionFactory(campaign=member.campaign, slug="beauty", position=1)
    vote = answer(member, "a")
    VoteFactory(assignment=vote.assignment, question=second, choice="b")
    answer(member, "a", void_reason="undone", voided_at=timezone.now())
    machine = MemberFactory(campaign=member.campaign, kind="machine")
    gone = MemberFactory(campaign=member.campaign, state="withdrawn")
    for other in (machine, gone):
        answer(other, "b", pair=vote.assignment.pair)

    stats = measured(member)

    assert (stats.side_count, stats.shared_count) == (1, 0)
    assert set(AnnotatorStats.objects.values_list("member", flat=True)) == {member.pk}


def test_what_was_answered_before_a_fresh_start_tells_of_others_alone(member):
    other = MemberFactory(campaign=member.campaign)
    pair = PairFactory(campaign=member.campaign)
    answer(member, "a", pair=pair, created_at=timezone.now() - timedelta(hours=1))
    answer(other, "a", pair=pair)
    AnnotatorStats.objects.create(member=member, counted_since=timezone.now() - timedelta(minutes=1), computed_at=timezone.now())

    stats = measured(other)

    assert (stats.shared_count, stats.agreed_count) == (1, 1)
    assert AnnotatorStats.objects.get(member=member).side_count == 0
    assert AnnotatorStats.objects.get(member=member).counted_since is not None


def test_habits_show_in_the_measures():
    crowd = Crowd({**{f"good{n}": good for n in range(6)}, "left": always_left, "dice": at_random})

    all_stats = {row.member_id: row for row in measure_campaign(campaign=crowd.campaign, now=timezone.now())}

    left, dice, fine = (all_stats[crowd.members[name].pk] for name in ("left", "dice", "good0"))
    assert left.left_count == left.side_count == 60
    assert left.repeat_same_side == left.repeat_count == 3
    assert left.left_p_value < 1e-15
    assert dice.trust < -5 < fine.trust
    assert dice.skill < 0.4 < fine.skill
    assert fine.gold_count == 6


def test_measuring_again_changes_nothing_and_costs_the_same_for_more_people():
    def queries(crowd: Crowd) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            measure_campaign(campaign=crowd.campaign, now=timezone.now())
        return len(captured)

    few, many = Crowd({"one": good, "two": good}, votes=10), Crowd({f"p{n}": good for n in range(20)}, votes=10)
    assert queries(few) == queries(many) <= 20

    def rows() -> list[dict[str, object]]:
        return list(
            AnnotatorStats.objects.order_by("pk").values(
                *[f.name for f in AnnotatorStats._meta.fields if f.name != "computed_at"]
            )
        )

    before = rows()
    queries(many)
    assert rows() == before


def test_a_campaign_without_votes_or_questions_has_nothing_to_measure(campaign):
    assert measure_campaign(campaign=campaign, now=timezone.now()) == []
    assert measure_campaign(campaign=CampaignFactory(question=None), now=timezone.now()) == []
