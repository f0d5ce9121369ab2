"""Further pairs as votes come in: when, how many, which, and the end of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import ValidationError

from annotator.campaigns import lifecycle
from annotator.choices import CampaignState, Event, PairState
from annotator.models import Campaign, Delivery, Image, Member, Pair
from annotator.scoring import consensus_writer, progress
from annotator.scoring.pair_batches import campaigns_to_pair, has_pairs_to_come, make_next_pairs, votes_to_come
from annotator.scoring.settling import settle_pairs
from tests.factories import CampaignFactory, MemberFactory, WebhookFactory
from tests.importing.imported import add_images as add
from tests.importing.imported import at_once
from tests.judges import assert_seats_are_true, judge_all

pytestmark = pytest.mark.django_db


def rule_campaign(rule: str, pairs_per_image: int = 4, *, votes_wanted: int = 1, votes_max: int = 1, **rules: Any) -> Campaign:
    rules = {"audit_rate": 0.0, "votes_wanted": votes_wanted, "votes_max": votes_max} | rules
    return CampaignFactory(pairing_rule=rule, pairs_per_image=pairs_per_image, **rules)


def better(assignment) -> str:
    """Everybody prefers the image of the generator with the lower number."""
    a, b = assignment.pair.images
    return "a" if a.generator.name < b.generator.name else "b"


def judge_round(campaign: Campaign, members: int = 1, choice: Any = better) -> None:
    """New people judge all there is, and it is settled and scored as the task does."""
    for _ in range(members):
        judge_all(MemberFactory(campaign=campaign), choice)
    settle_pairs(campaign=campaign)
    consensus_writer.score_changes(campaign=campaign)


def run(campaign: Campaign, *, members: int = 1, rounds_max: int = 60) -> list[int]:
    """Judge and make pairs until the rule makes no more. Returns the sizes of the batches after the first."""
    sizes = []
    for _ in range(rounds_max):
        judge_round(campaign, members)
        made = make_next_pairs(campaign=campaign)
        if not made:
            return sizes
        sizes.append(made)
    raise AssertionError("the rule does not end")


def pairs_of_images(campaign: Campaign) -> Counter[int]:
    pairs = Pair.objects.filter(campaign=campaign).values_list("image_a", "image_b")
    return Counter(image for pair in pairs for image in pair)


class TestSwiss:
    def test_it_pairs_each_image_as_often_as_it_is_told_and_no_two_twice(self):
        campaign = rule_campaign("swiss", 4)
        add(campaign, *range(8))
        assert Pair.objects.count() == 8

        assert run(campaign) == [4, 4]

        assert pairs_of_images(campaign) == dict.fromkeys(Image.objects.values_list("pk", flat=True), 4)
        assert not has_pairs_to_come(campaign)
        assert_seats_are_true(campaign)

    @pytest.mark.parametrize(("images", "planned"), [(2, 1), (3, 3), (5, 10), (7, 14), (9, 18)])
    def test_any_number_of_images_gets_what_is_planned(self, images, planned):
        campaign = rule_campaign("swiss", 4)
        add(campaign, *range(images))
        run(campaign)
        assert Pair.objects.count() == planned
        assert max(pairs_of_images(campaign).values()) - min(pairs_of_images(campaign).values()) <= images % 2 * 2

    def test_images_that_won_as_often_meet(self):
        campaign = rule_campaign("swiss", 3)
        add(campaign, *range(8))
        judge_round(campaign)
        first = set(Pair.objects.values_list("pk", flat=True))
        wins: Counter[int] = Counter()
        for a, b in Pair.objects.values_list("image_a", "image_b"):
            wins[min(a, b)] += 1  # rows of images are in the order of their generators
        make_next_pairs(campaign=campaign)
        apart = [abs(wins[a] - wins[b]) for a, b in Pair.objects.exclude(pk__in=first).values_list("image_a", "image_b")]
        assert sum(apart) <= 2  # of two drawn at random, 0.8 in the mean: 3.2 in all

    def test_the_probability_of_a_lot_is_stored(self):
        campaign = rule_campaign("swiss", 4)
        add(campaign, *range(8))
        assert set(Pair.objects.values_list("inclusion_probability", flat=True)) == {2 / 7}
        run(campaign)
        later = Pair.objects.order_by("pk")[8:]  # 1 where no other round was as good
        assert all(0.01 <= pair.inclusion_probability <= 1 for pair in later)


class TestInformationGain:
    def test_it_asks_again_for_pairs_whose_order_is_open_and_stays_within_its_budget(self):
        campaign = rule_campaign("information_gain", 14, votes_max=5)
        add(campaign, *range(8))

        sizes = run(campaign)

        assert max(sizes) == 4
        assert sum(sizes) + 8 == 56 == sum(Pair.objects.values_list("votes_wanted", flat=True))
        assert Pair.objects.filter(state="settled").count() == Pair.objects.count() < 29
        votes = Counter(Pair.objects.values_list("votes_wanted", flat=True))
        assert max(votes) > 1
        assert max(votes) <= 5
        assert_seats_are_true(campaign)

    def test_votes_go_to_neighbours_in_the_order(self):
        campaign = rule_campaign("information_gain", 12, votes_max=6)
        add(campaign, *range(8))
        run(campaign)
        places = {pk: place for place, pk in enumerate(Image.objects.order_by("generator__name").values_list("pk", flat=True))}
        votes: dict[bool, list[int]] = {True: [], False: []}
        of_pair = {frozenset(ids[:2]): ids[2] for ids in Pair.objects.values_list("image_a", "image_b", "votes_wanted")}
        for one in places:
            for other in places:
                if places[one] < places[other]:
                    is_near = places[other] - places[one] <= 2
                    votes[is_near].append(of_pair.get(frozenset((one, other)), 0))
        assert np.mean(votes[True]) > 1.3 * np.mean(votes[False])

    def test_with_one_number_of_votes_it_makes_new_pairs_only(self):
        campaign = rule_campaign("information_gain", 5, votes_wanted=2, votes_max=2)
        add(campaign, *range(8))
        assert sum(run(campaign, members=2)) == 12
        assert Pair.objects.count() == 20
        assert set(Pair.objects.values_list("votes_wanted", flat=True)) == {2}

    def test_it_ends_when_every_pair_has_all_the_votes_it_may_have(self):
        campaign = rule_campaign("information_gain", 100, votes_max=2)
        add(campaign, *range(4))
        run(campaign)
        assert set(Pair.objects.values_list("votes_wanted", "state")) == {(2, "settled")}
        assert Pair.objects.count() == 6

    def test_no_pair_waits_for_more_people_than_there_are(self):
        campaign = rule_campaign("information_gain", 14, votes_max=9)
        add(campaign, *range(4))
        members = MemberFactory.create_batch(3, campaign=campaign)
        for _ in range(20):
            for member in members:
                judge_all(member, better)
            settle_pairs(campaign=campaign)
            make_next_pairs(campaign=campaign)
        assert set(Pair.objects.values_list("votes_wanted", "state")) == {(3, "settled")}
        assert not has_pairs_to_come(campaign)

        MemberFactory(campaign=campaign)

        assert campaigns_to_pair() == [campaign]

    def test_the_stopping_rule_leaves_its_pairs_alone_and_not_others(self):
        campaign = rule_campaign("information_gain", 2, votes_wanted=2, votes_max=6)
        add(campaign, 0, 1, 2)
        add(campaign, 3, 4, is_pair=True, prompt="A blue ball")
        for choice in ("a", "b"):
            judge_all(MemberFactory(campaign=campaign), choice)
        settle_pairs(campaign=campaign)
        assert set(Pair.objects.filter(prompt__text="A red cube").values_list("votes_wanted", "state")) == {(2, "settled")}
        assert Pair.objects.get(prompt__text="A blue ball").votes_wanted == 3

    def test_audit_pairs_get_all_votes_beside_what_the_rule_asks_for(self):
        campaign = rule_campaign("information_gain", 3, votes_max=3, audit_rate=1.0)
        add(campaign, *range(6))
        for _ in range(6):
            judge_round(campaign)
            make_next_pairs(campaign=campaign)
        assert set(Pair.objects.values_list("votes_wanted", "state", "is_audit")) == {(3, "settled", True)}
        assert Pair.objects.count() == 9
        assert not has_pairs_to_come(campaign)

    def test_the_probability_is_that_of_the_share_and_the_choice(self):
        campaign = rule_campaign("information_gain", 4, random_pair_share=0.5)
        add(campaign, *range(8))
        judge_round(campaign)
        make_next_pairs(campaign=campaign)
        later = Pair.objects.order_by("pk")[8:]
        assert len(later) == 4
        floor = 0.5 * 4 / 20
        assert {round(pair.inclusion_probability, 9) for pair in later} <= {floor, floor + 0.5}

    def test_what_is_known_of_generators_from_other_prompts_decides_where_votes_go(self):
        campaign = rule_campaign("information_gain", 3, random_pair_share=0.05)
        for number in range(12):
            add(campaign, *range(6), prompt=f"prompt {number}")
        judge_round(campaign)  # in every prompt the lower number wins
        before = set(Pair.objects.values_list("pk", flat=True))
        make_next_pairs(campaign=campaign, rng=np.random.default_rng(1))
        later = Pair.objects.exclude(pk__in=before).select_related("image_a__generator", "image_b__generator")
        gaps = [abs(int(pair.image_a.generator.name[1:]) - int(pair.image_b.generator.name[1:])) for pair in later]
        assert len(gaps) == 36
        assert np.mean(gaps) < 2  # of two drawn at random: 2.33, and of those that have not met yet, more

    def test_a_prompt_without_generators_works_as_well(self):
        campaign = rule_campaign("information_gain", 4)
        add(
            campaign,
            *range(4),
            prompt="x",
            images=[{"field": f"image {n}", "generator": "", "seed": n, "parameters": {}} for n in range(4)],
        )
        for _ in range(3):
            judge_round(campaign, choice="both_good")
            make_next_pairs(campaign=campaign)
        assert Pair.objects.count() == 6


@pytest.mark.parametrize("rule", ["swiss", "information_gain"])
class TestBatches:
    def test_nothing_is_made_while_a_pair_waits_for_votes(self, rule):
        campaign = rule_campaign(rule)
        add(campaign, *range(8))
        member = MemberFactory(campaign=campaign)
        assert make_next_pairs(campaign=campaign) == 0
        assert campaigns_to_pair() == []
        judge_all(member)
        assert make_next_pairs(campaign=campaign) == 0  # not settled yet
        settle_pairs(campaign=campaign)
        assert campaigns_to_pair() == [campaign]
        assert make_next_pairs(campaign=campaign) == 4

    def test_a_second_run_makes_nothing(self, rule):
        campaign = rule_campaign(rule)
        add(campaign, *range(8))
        judge_round(campaign)
        assert [make_next_pairs(campaign=campaign) for _ in range(3)] == [4, 0, 0]

    def test_each_prompt_goes_on_by_itself(self, rule):
        campaign = rule_campaign(rule)
        add(campaign, *range(8))
        judge_round(campaign)
        add(campaign, *range(4), prompt="A blue ball")
        assert make_next_pairs(campaign=campaign) == 4
        assert Pair.objects.filter(prompt__text="A blue ball").count() == 4

    def test_held_and_gold_pairs_keep_nobody_waiting(self, rule):
        campaign = rule_campaign(rule, 5, votes_max=3 if rule == "information_gain" else 1)
        add(campaign, *range(6))
        held, gold = Pair.objects.order_by("pk")[:2]
        Pair.objects.filter(pk=held.pk).update(state=PairState.HELD)
        Pair.objects.filter(pk=gold.pk).update(gold_choice="a")
        run(campaign)
        assert not has_pairs_to_come(campaign)
        assert set(Pair.objects.filter(pk__in=[held.pk, gold.pk]).values_list("votes_wanted", flat=True)) == {1}

    @pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.CLOSED, CampaignState.DRAFT])
    def test_only_open_campaigns_get_more(self, rule, state):
        campaign = rule_campaign(rule)
        add(campaign, *range(8))
        judge_round(campaign)
        Campaign.objects.update(state=state)
        assert (campaigns_to_pair(), make_next_pairs(campaign=campaign)) == ([], 0)

    def test_pair_lines_are_what_the_manager_wants_and_no_more(self, rule):
        campaign = rule_campaign(rule)
        add(campaign, 0, 1, is_pair=True)
        add(campaign, 2, 3, is_pair=True)
        assert run(campaign) == []
        assert Pair.objects.count() == 2
        assert set(Pair.objects.values_list("inclusion_probability", flat=True)) == {1.0}

    def test_images_of_a_later_import_join_those_of_their_prompt(self, rule):
        campaign = rule_campaign(rule)
        add(campaign, *range(4))
        run(campaign)
        assert Pair.objects.count() == 6
        add(campaign, 0, 1, 2, 3, 4)
        assert Pair.objects.count() == 7  # connected by one pair
        add(campaign, 5, 6)
        assert Pair.objects.count() == 8
        run(campaign)
        assert sum(Pair.objects.values_list("votes_wanted", flat=True)) == 14
        reached = {Image.objects.first().pk}
        for _ in range(7):
            reached |= {image for pair in Pair.objects.values_list("image_a", "image_b") if reached & set(pair) for image in pair}
        assert len(reached) == 7

    def test_the_same_line_again_adds_nothing(self, rule):
        campaign = rule_campaign(rule)
        add(campaign, *range(6))
        judge_round(campaign)
        make_next_pairs(campaign=campaign)
        before = Pair.objects.count()
        add(campaign, *range(6))
        assert Pair.objects.count() == before

    def test_more_pairs_per_image_start_it_again_and_fewer_end_it(self, rule):
        campaign = rule_campaign(rule, 3)
        add(campaign, *range(8))
        run(campaign)
        campaign = lifecycle.change_campaign(campaign=campaign, by=None, rules={"pairs_per_image": 4})
        assert campaigns_to_pair() == [campaign]
        assert sum(run(campaign)) == 4
        lifecycle.change_campaign(campaign=campaign, by=None, rules={"pairs_per_image": 2})
        assert campaigns_to_pair() == []

    def test_the_event_of_the_end_comes_once_and_at_the_end(self, rule):
        campaign = rule_campaign(rule)
        WebhookFactory(campaign=campaign, events=[Event.CAMPAIGN_COMPLETE])
        add(campaign, *range(8))
        told = []
        for _ in range(3):
            judge_round(campaign)
            told.append(Delivery.objects.count())
            make_next_pairs(campaign=campaign)
        assert told == [0, 0, 1]

    def test_progress_counts_the_votes_to_come(self, rule):
        campaign = rule_campaign(rule, votes_wanted=2, votes_max=2)
        add(campaign, *range(8))
        counted = progress.roll_up(campaign=campaign)
        assert (counted.votes_wanted, counted.votes_to_come, votes_to_come(campaign)) == (32, 16, 16)
        run(campaign, members=2)
        counted = progress.roll_up(campaign=campaign)
        assert (counted.votes_wanted, counted.votes_to_come, counted.votes_live) == (32, 0, 32)

    def test_one_pair_per_image_is_refused_by_name(self, rule):
        campaign = rule_campaign(rule)
        campaign.pairs_per_image = 1
        with pytest.raises(ValidationError) as error:
            campaign.full_clean()
        assert list(error.value.message_dict) == ["pairs_per_image"]


@pytest.mark.parametrize("rule", ["all_pairs", "ring", "random_m"])
def test_rules_that_make_all_pairs_at_import_make_no_more(rule):
    campaign = rule_campaign(rule)
    add(campaign, *range(8))
    before = Pair.objects.count()
    judge_round(campaign)
    assert (make_next_pairs(campaign=campaign), has_pairs_to_come(campaign), votes_to_come(campaign)) == (0, False, 0)
    assert Pair.objects.count() == before
    [probability] = set(Pair.objects.values_list("inclusion_probability", flat=True))
    assert probability == before / 28


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rule", ["swiss", "information_gain"])
def test_two_at_once_make_one_batch(rule):
    campaign = rule_campaign(rule)
    for number in range(3):
        add(campaign, *range(8), prompt=f"prompt {number}")
    member: Member = MemberFactory(campaign=campaign)
    judge_all(member)
    settle_pairs(campaign=campaign)

    made: list[int] = []
    calls = [lambda: made.append(make_next_pairs(campaign=campaign)) for _ in range(4)]
    assert at_once(*calls) == [None] * 4

    assert sum(made) == 12
    assert Pair.objects.count() == 36
