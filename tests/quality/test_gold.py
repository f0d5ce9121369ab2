from __future__ import annotations

import pytest
from django.utils import timezone

from annotator.errors import Conflict, Invalid
from annotator.judging import assigning
from annotator.models import Assignment, Campaign, Member, Pair
from annotator.quality import gold
from annotator.scoring.consensus_writer import score_campaign
from annotator.scoring.settling import settle_pairs
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    MemberFactory,
    PairFactory,
    QuestionFactory,
    UserFactory,
    VoteFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    return CampaignFactory(votes_wanted=3)


def say(member: Member, pair: Pair, choice: str, kind: str = "gold", **more) -> None:
    VoteFactory(
        assignment__member=member,
        assignment__pair=pair,
        assignment__kind=kind,
        assignment__state="answered",
        choice=choice,
        **more,
    )


def decisions_on(pair: Pair) -> list[str]:
    return list(pair.gold_decisions.order_by("pk").values_list("kind", flat=True))


def test_a_pair_becomes_gold_and_ordinary_again_and_who_decided_is_kept(campaign):
    pair, boss = PairFactory(campaign=campaign), UserFactory()

    gold.set_gold(pair=pair, choice="b", note="The cube is red.", by=boss)
    pair.refresh_from_db()
    assert (pair.gold_choice, pair.gold_note, pair.gold_use) == ("b", "The cube is red.", "check")
    gold.set_gold(pair=pair, choice="b", note="It is red.", use="training", by=boss)
    gold.set_gold(pair=pair, choice=None, note="", by=boss)

    pair.refresh_from_db()
    assert pair.gold_choice is None
    assert decisions_on(pair) == ["made", "changed", "removed"]
    assert {decision.decided_by for decision in pair.gold_decisions.all()} == {boss}


def test_better_words_are_no_decision(campaign):
    pair = PairFactory(campaign=campaign, gold_choice="a")

    gold.set_gold(pair=pair, choice="a", note="Look at the hands.", by=None)

    assert decisions_on(pair) == []
    assert Pair.objects.get(pk=pair.pk).gold_note == "Look at the hands."


def test_a_pair_that_becomes_gold_keeps_its_votes_and_gives_back_seats_nobody_has_seen(campaign):
    pair = PairFactory(campaign=campaign)
    first, second, third = MemberFactory.create_batch(3, campaign=campaign)
    for member in (first, second, third):
        assigning.refill_queue(member_id=member.pk)
    assigning.next_assignments(member=first)  # it is on their screen

    gold.set_gold(pair=pair, choice="a", note="", by=None)

    pair.refresh_from_db()
    assert pair.seats_taken == 1
    assert Assignment.objects.open().get().member == first
    assert assigning.refill_queue(member_id=second.pk) == 0


def test_an_answer_by_which_people_are_measured_is_fixed_until_it_is_in_review(campaign):
    pair = PairFactory(campaign=campaign, gold_choice="a")
    say(MemberFactory(campaign=campaign), pair, "b")

    for choice in ("b", None):
        with pytest.raises(Conflict, match="review first"):
            gold.set_gold(pair=pair, choice=choice, note="", by=None)
    assert gold.put_up_for_review(pair_ids=[pair.pk], by=None) == 1
    gold.set_gold(pair=pair, choice="b", note="", by=None)

    pair.refresh_from_db()
    assert (pair.gold_choice, pair.gold_in_review_since) == ("b", None)
    assert decisions_on(pair) == ["review", "changed"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"choice": "left"}, "gold_choice"),
        ({"choice": "both_good"}, "gold_choice"),
        ({"choice": None, "note": "Why?"}, "gold_note"),
        ({"choice": "a", "use": "fun"}, "gold_use"),
    ],
)
def test_what_is_no_known_answer_is_refused_by_its_field(values, field):
    campaign = CampaignFactory(question=None)
    QuestionFactory(campaign=campaign, choices=["a", "b", "both_bad"])
    pair = PairFactory(campaign=campaign)

    with pytest.raises(Invalid) as error:
        gold.set_gold(**{"pair": pair, "note": "", "by": None} | values)

    assert list(error.value.errors) == [field]


# --- review


def people(campaign: Campaign, good: int, bad: int = 0) -> tuple[list[Member], list[Member]]:
    """Annotators with a record on four other gold pairs: all right, or all wrong."""
    others = PairFactory.create_batch(4, campaign=campaign, gold_choice="a")
    made = MemberFactory.create_batch(good + bad, campaign=campaign)
    for n, member in enumerate(made):
        for pair in others:
            say(member, pair, "a" if n < good else "b")
    return made[:good], made[good:]


def test_gold_that_good_annotators_fail_goes_to_review_with_its_figures(campaign):
    pair = PairFactory(campaign=campaign, gold_choice="a")
    good, _ = people(campaign, good=5)
    for n, member in enumerate(good):
        say(member, pair, "a" if n == 0 else "b")

    assert gold.review_gold(campaign=campaign) == 1
    assert gold.review_gold(campaign=campaign) == 0

    pair.refresh_from_db()
    assert pair.gold_in_review_since is not None
    decision = pair.gold_decisions.get()
    assert (decision.kind, decision.answers, decision.answers_wrong, decision.decided_by) == ("review", 5, 4, None)


@pytest.mark.parametrize(
    ("good_wrong", "good_right", "bad_wrong"), [(3, 0, 0), (2, 2, 0), (0, 0, 6), (2, 3, 6)], ids=["few", "even", "bad", "mixed"]
)
def test_gold_that_only_some_or_only_bad_annotators_fail_stays(campaign, good_wrong, good_right, bad_wrong):
    pair = PairFactory(campaign=campaign, gold_choice="a")
    good, bad = people(campaign, good=good_wrong + good_right, bad=bad_wrong)
    for n, member in enumerate([*good, *bad]):
        say(member, pair, "a" if good_wrong <= n < good_wrong + good_right else "b")

    assert gold.review_gold(campaign=campaign) == 0


def test_gold_that_a_manager_keeps_is_doubted_only_by_new_answers(campaign):
    pair = PairFactory(campaign=campaign, gold_choice="a")
    good, _ = people(campaign, good=8)
    for member in good[:4]:
        say(member, pair, "b")
    gold.review_gold(campaign=campaign)

    gold.set_gold(pair=pair, choice="a", note="Count the fingers.", by=UserFactory())
    assert gold.review_gold(campaign=campaign) == 0
    for member in good[4:]:
        say(member, pair, "b", created_at=timezone.now())
    assert gold.review_gold(campaign=campaign) == 1

    assert decisions_on(pair) == ["review", "kept", "review"]


def test_who_has_not_seen_a_pair_in_review_yet_does_not_get_it(campaign):
    pair = PairFactory(campaign=campaign, gold_choice="a")
    seen = AssignmentFactory(member__campaign=campaign, pair=pair, kind="gold", shown_at=timezone.now())
    unseen = AssignmentFactory(member__campaign=campaign, pair=pair, kind="gold")

    gold.put_up_for_review(pair_ids=[pair.pk], by=None)

    seen.refresh_from_db()
    unseen.refresh_from_db()
    assert (seen.state, unseen.state) == ("open", "expired")


# --- proposals


def judged(campaign: Campaign, choices: list[str]) -> Pair:
    pair = PairFactory(campaign=campaign, votes_wanted=len(choices), seats_taken=len(choices))
    for choice in choices:
        say(MemberFactory(campaign=campaign), pair, choice, kind="regular")
    return pair


def test_what_people_agree_on_is_proposed_the_most_voted_first(campaign):
    three, five = judged(campaign, ["a"] * 3), judged(campaign, ["both_bad"] * 5)
    for choices in (["a", "a"], ["a", "a", "b"], ["a", "b"]):
        judged(campaign, choices)
    score_campaign(campaign=campaign)
    settle_pairs(campaign=campaign)

    assert [found.pair for found in gold.proposed_gold(campaign)] == [five, three]
    assert [found.label for found in gold.proposed_gold(campaign)] == ["both_bad", "a"]

    gold.set_gold(pair=five, choice="both_bad", note="", by=None)
    assert [found.pair for found in gold.proposed_gold(campaign)] == [three]
