"""Pairs ask for as many votes as they need, and settle when they have them."""

from __future__ import annotations

import pytest
from django.utils import timezone

from annotator.campaigns import lifecycle
from annotator.choices import AssignmentState, Choice, PairState
from annotator.judging import assigning
from annotator.models import Assignment, Campaign, Delivery, Pair, UnscoredAssignment
from annotator.quality import moderation
from annotator.scoring import settling
from annotator.scoring.consensus_writer import campaigns_to_score
from annotator.scoring.settling import settle_pairs
from tests.factories import AssignmentFactory, CampaignFactory, MemberFactory, PairFactory, WebhookFactory
from tests.judges import assert_seats_are_true, believe, judge_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    return CampaignFactory()


def run(campaign: Campaign, answers: list[str]) -> Pair:
    """One annotator after the other answers the campaign's only pair, with scoring in between, until it takes no more."""
    for answer in answers:
        judge_all(MemberFactory(campaign=campaign), answer)
        settling.settle_pairs(campaign=campaign)
    assert_seats_are_true(campaign)
    return Pair.objects.get(campaign=campaign)


@pytest.mark.parametrize(
    ("answers", "spent", "state"),
    [
        (["a", "a", "a", "a"], 2, PairState.SETTLED),  # two agree at once
        (["a", "b", "a", "a", "a"], 3, PairState.SETTLED),  # a lead decides
        (["a", "b", "both_bad", "both_good", "a", "b", "both_good", "a"], 7, PairState.SETTLED),  # and seven end it
        (["a", "b", "both_bad"], 3, PairState.OPEN),
    ],
)
def test_where_people_agree_a_pair_gets_as_many_votes_as_it_needs(answers, spent, state):
    campaign = CampaignFactory(votes_wanted=2, votes_max=7)
    believe(campaign, 0.85)
    PairFactory(campaign=campaign)

    pair = run(campaign, answers)

    assert (pair.seats_taken, pair.state) == (spent, state)


@pytest.mark.parametrize("answers", [["a", "a", "a", "a"], ["a", "b", "a", "b"]])
def test_with_equal_numbers_it_is_plain_fixed_overlap(answers):
    campaign = CampaignFactory(votes_wanted=3, votes_max=3)
    PairFactory(campaign=campaign)

    pair = run(campaign, answers)

    assert (pair.votes_wanted, pair.seats_taken, pair.state) == (3, 3, PairState.SETTLED)


def test_a_surer_campaign_asks_for_more():
    campaign = CampaignFactory(votes_wanted=2, votes_max=7, stop_confidence=0.999)
    believe(campaign, 0.85)
    PairFactory(campaign=campaign)

    assert 2 < run(campaign, ["a"] * 7).seats_taken < 7


def test_where_people_hardly_agree_two_votes_are_no_proof():
    campaign = CampaignFactory(votes_wanted=2, votes_max=7)
    believe(campaign, 0.4)
    PairFactory(campaign=campaign)

    assert run(campaign, ["a"] * 7).seats_taken > 3


def test_the_choices_of_the_first_question_count():
    of_two, of_four = CampaignFactory.create_batch(2, votes_wanted=2, votes_max=7)
    of_two.questions.update(choices=["a", "b"])  # two answers: two who agree are less of a proof
    for campaign, choices in ((of_two, 2), (of_four, 4)):
        believe(campaign, 0.75, choices=choices)
        PairFactory(campaign=campaign)

    assert run(of_two, ["a"] * 7).seats_taken > run(of_four, ["a"] * 7).seats_taken


@pytest.mark.parametrize("pairs", [0, 30])
def test_before_it_is_known_how_people_agree_pairs_get_all_votes(pairs):
    campaign = CampaignFactory(votes_wanted=2, votes_max=5)
    if pairs:
        believe(campaign, 0.95, pairs=pairs)
    PairFactory(campaign=campaign)

    assert run(campaign, ["a"] * 7).seats_taken == 5


def test_gold_and_held_pairs_ask_for_nothing():
    campaign = CampaignFactory(votes_wanted=2, votes_max=7)
    PairFactory(campaign=campaign, gold_choice="a")
    PairFactory(campaign=campaign, state=PairState.HELD)

    assert settling.settle_pairs(campaign=campaign) == 0
    assert set(Pair.objects.values_list("votes_wanted", flat=True)) == {2}


class TestAuditPairs:
    """Pairs of the audit share get all votes, whatever people answer."""

    def test_one_gets_the_most_votes_although_all_agree(self):
        campaign = CampaignFactory(votes_wanted=2, votes_max=5)
        PairFactory(campaign=campaign, is_audit=True)

        pair = run(campaign, ["a"] * 7)

        assert (pair.votes_wanted, pair.seats_taken, pair.state) == (5, 5, PairState.SETTLED)

    def test_it_asks_for_one_more_at_a_time_as_a_pair_on_which_people_differ(self):
        campaign = CampaignFactory(votes_wanted=2, votes_max=5)
        PairFactory(campaign=campaign, is_audit=True)

        for votes, wanted in ((1, 2), (1, 3), (1, 4)):
            pair = run(campaign, ["a"] * votes)
            assert (pair.votes_wanted, pair.state) == (wanted, PairState.OPEN)

    def test_with_fixed_overlap_it_is_like_any_other(self):
        campaign = CampaignFactory(votes_wanted=3, votes_max=3)
        PairFactory(campaign=campaign, is_audit=True)

        pair = run(campaign, ["a"] * 5)

        assert (pair.votes_wanted, pair.seats_taken, pair.state) == (3, 3, PairState.SETTLED)

    @pytest.mark.parametrize("before", [4, 2], ids=["adaptive before", "fixed before"])
    def test_more_votes_at_most_bring_it_back_when_it_is_settled(self, before):
        campaign = CampaignFactory(votes_wanted=2, votes_max=before)
        believe(campaign, 0.85)
        audit, other = PairFactory(campaign=campaign, is_audit=True), PairFactory(campaign=campaign)
        for _ in range(before):
            judge_all(MemberFactory(campaign=campaign), "a")
            settling.settle_pairs(campaign=campaign)
        assert set(campaign.pairs.values_list("state", flat=True)) == {"settled"}

        campaign = lifecycle.change_campaign(campaign=campaign, by=None, rules={"votes_max": 6})
        UnscoredAssignment.objects.all().delete()
        assert campaign in campaigns_to_score()
        for _ in range(7):
            settling.settle_pairs(campaign=campaign)
            judge_all(MemberFactory(campaign=campaign), "a")
        settling.settle_pairs(campaign=campaign)

        audit.refresh_from_db()
        other.refresh_from_db()
        assert (audit.seats_taken, audit.state) == (6, PairState.SETTLED)
        assert (other.seats_taken, other.state) == (2, PairState.SETTLED)
        assert campaign not in campaigns_to_score().exclude(pk__in=UnscoredAssignment.objects.values("assignment__campaign"))
        assert_seats_are_true(campaign)

    def test_fewer_votes_at_most_end_it_there(self):
        campaign = CampaignFactory(votes_wanted=2, votes_max=7)
        PairFactory(campaign=campaign, is_audit=True)
        run(campaign, ["a"] * 3)
        campaign = lifecycle.change_campaign(campaign=campaign, by=None, rules={"votes_max": 4})

        pair = run(campaign, ["a"] * 4)

        assert (pair.votes_wanted, pair.seats_taken, pair.state) == (4, 4, PairState.SETTLED)

    def test_a_lost_vote_is_replaced_as_on_any_pair(self):
        campaign = CampaignFactory(votes_wanted=2, votes_max=4)
        PairFactory(campaign=campaign, is_audit=True)
        pair = run(campaign, ["a"] * 4)
        lost = pair.assignments.first().member
        moderation.suspend_member(member=lost, by=None)
        settling.settle_pairs(campaign=campaign)
        pair.refresh_from_db()
        assert (pair.votes_wanted, pair.seats_taken, pair.state) == (4, 3, PairState.OPEN)

        assert run(campaign, ["a"] * 3).seats_taken == 4

    def test_gold_and_held_ones_ask_for_nothing(self):
        campaign = CampaignFactory(votes_wanted=2, votes_max=7)
        for fields in ({"gold_choice": "a", "state": "settled"}, {"state": "held"}):
            PairFactory(campaign=campaign, is_audit=True, seats_taken=2, **fields)
        assert settling.settle_pairs(campaign=campaign) == 0
        assert campaign not in campaigns_to_score()

    def test_the_campaign_is_complete_when_they_have_all_their_votes(self):
        campaign = CampaignFactory(votes_wanted=1, votes_max=3)
        WebhookFactory(campaign=campaign, events=["campaign.complete"])
        PairFactory(campaign=campaign, is_audit=True)
        for deliveries in (0, 0, 1):
            run(campaign, ["a"])
            assert Delivery.objects.count() == deliveries


class TestChangingVotesWanted:
    def test_more_votes_reopen_settled_pairs(self):
        campaign = CampaignFactory(votes_wanted=1)
        PairFactory.create_batch(3, campaign=campaign)
        judge_all(MemberFactory(campaign=campaign))
        settling.settle_pairs(campaign=campaign)

        lifecycle.change_campaign(campaign=campaign, by=None, rules={"votes_wanted": 2})
        settling.settle_pairs(campaign=campaign)

        assert set(Pair.objects.values_list("state", "votes_wanted")) == {("open", 2)}
        assert len(judge_all(MemberFactory(campaign=campaign))) == 3
        settling.settle_pairs(campaign=campaign)
        assert set(Pair.objects.values_list("state", flat=True)) == {"settled"}
        assert_seats_are_true(campaign)

    def test_fewer_votes_take_back_only_what_nobody_has_looked_at(self):
        campaign = CampaignFactory(votes_wanted=3)
        pair = PairFactory(campaign=campaign)
        judged, looking, waiting = MemberFactory.create_batch(3, campaign=campaign)
        judge_all(judged)
        looked_at = assigning_next(looking)
        refill(waiting)

        lifecycle.change_campaign(campaign=campaign, by=None, rules={"votes_wanted": 1})

        pair.refresh_from_db()
        assert (pair.votes_wanted, pair.seats_taken) == (2, 2)
        looked_at.refresh_from_db()
        assert looked_at.state == "open"
        assert waiting.assignments.get().state == "expired"
        assert_seats_are_true(campaign)

    def test_at_most_follows_in_a_campaign_with_fixed_overlap_only(self):
        fixed = CampaignFactory(votes_wanted=2)
        adaptive = CampaignFactory(votes_wanted=2, votes_max=7)

        for campaign in (fixed, adaptive):
            lifecycle.change_campaign(campaign=campaign, by=None, rules={"votes_wanted": 5})
            campaign.refresh_from_db()

        assert (fixed.votes_wanted, fixed.votes_max) == (5, 5)
        assert (adaptive.votes_wanted, adaptive.votes_max) == (5, 7)


def assigning_next(member):
    return assigning.next_assignments(member=member)[0]


def refill(member):
    assert assigning.refill_queue(member_id=member.pk) == 1


# --- settling


def seat(pair, state: str = "answered", kind: str = "regular") -> Assignment:
    """A seat as assigning takes it: counted on the pair while it is live."""
    if kind == "regular" and state in (AssignmentState.OPEN, AssignmentState.ANSWERED):
        pair.seats_taken += 1
        pair.save(update_fields=["seats_taken"])
    return AssignmentFactory(member=MemberFactory(campaign=pair.campaign), pair=pair, state=state, kind=kind)


@pytest.mark.parametrize(
    ("seats", "settles"),
    [
        pytest.param([("answered", "regular")] * 2, True, id="all answered"),
        pytest.param([("answered", "regular"), ("open", "regular")], False, id="one still open"),
        pytest.param([("answered", "regular")], False, id="a free seat"),
        pytest.param([("answered", "regular"), ("answered", "repeat")], False, id="a repeat takes no seat"),
        pytest.param([("answered", "regular")] * 2 + [("skipped", "regular")], True, id="somebody else skipped"),
        pytest.param([("answered", "regular"), ("expired", "regular")], False, id="a lease ran out"),
        pytest.param([], False, id="nobody"),
    ],
)
def test_a_pair_settles_when_all_its_seats_are_answered(campaign, seats, settles):
    pair = PairFactory(campaign=campaign, votes_wanted=2)
    for state, kind in seats:
        seat(pair, state, kind)
    assert settle_pairs(campaign=campaign) == settles
    pair.refresh_from_db()
    assert pair.state == (PairState.SETTLED if settles else PairState.OPEN)
    assert settle_pairs(campaign=campaign) == 0


@pytest.mark.parametrize("fields", [{"gold_choice": Choice.A}, {"state": PairState.HELD}])
def test_gold_and_held_pairs_stay_as_they_are(campaign, fields):
    pair = PairFactory(campaign=campaign, votes_wanted=1, **fields)
    seat(pair)
    assert settle_pairs(campaign=campaign) == 0
    pair.refresh_from_db()
    assert pair.state == fields.get("state", PairState.OPEN)


@pytest.mark.parametrize(
    ("state", "seats_left"),
    [pytest.param("returned", 1, id="voided and its seat returned"), pytest.param("open", 2, id="undone and open again")],
)
def test_a_settled_pair_that_lost_a_vote_circulates_again(campaign, state, seats_left):
    pair = PairFactory(campaign=campaign, votes_wanted=2)
    _, lost = seat(pair), seat(pair)
    untouched = PairFactory(campaign=campaign, votes_wanted=1)
    seat(untouched)
    assert settle_pairs(campaign=campaign) == 2
    Assignment.objects.filter(pk=lost.pk).update(state=state, closed_at=None if state == "open" else timezone.now())
    type(pair).objects.filter(pk=pair.pk).update(seats_taken=seats_left)
    assert settle_pairs(campaign=campaign) == 1
    pair.refresh_from_db()
    untouched.refresh_from_db()
    assert (pair.state, untouched.state) == (PairState.OPEN, PairState.SETTLED)
    assert settle_pairs(campaign=campaign) == 0


def test_settling_leaves_another_campaign_alone(campaign):
    other = PairFactory(campaign=CampaignFactory(), votes_wanted=1)
    seat(other)
    assert settle_pairs(campaign=campaign) == 0
    assert settle_pairs(campaign=other.campaign) == 1
