"""Machine annotators: they judge every pair through the same verbs, and nothing of people's work knows of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from annotator.campaigns import lifecycle
from annotator.judging import assigning, limits, pair_holds, voting
from annotator.judging.undo import undo_act
from annotator.models import Assignment, Consensus, Member, Pair, Vote
from annotator.quality import gold, moderation
from annotator.scoring import consensus_writer, progress, settling
from tests.api.clients import client_of
from tests.factories import CampaignFactory, GuidelineFactory, MemberFactory, PairFactory, UserFactory
from tests.judges import assert_seats_are_true, believe, judge, judge_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory(slug="birds", votes_wanted=1)


@pytest.fixture
def machine(campaign) -> Member:
    return MemberFactory(campaign=campaign, kind="machine")


def pairs_of(assignments: list[Assignment]) -> list[int]:
    return [assignment.pair_id for assignment in assignments]


def test_a_machine_judges_every_pair_once_also_settled_and_gold_ones(campaign, machine):
    pairs = PairFactory.create_batch(23, campaign=campaign)
    Pair.objects.filter(pk=pairs[3].pk).update(gold_choice="a")
    judge_all(MemberFactory(campaign=campaign))
    settling.settle_pairs(campaign=campaign)
    assert Pair.objects.filter(state="settled").count() == 22

    answered = judge_all(machine, "b")

    assert pairs_of(answered) == [pair.pk for pair in pairs]
    assert {assignment.kind for assignment in answered} == {"machine"}
    assert assigning.refill_queue(member_id=machine.pk) == 0


def test_it_takes_no_seat_and_brings_no_pair_nearer_to_its_end(campaign, machine):
    PairFactory.create_batch(5, campaign=campaign)
    judge_all(machine)

    assert settling.settle_pairs(campaign=campaign) == 0
    assert consensus_writer.score_campaign(campaign=campaign) == 0
    assert set(Pair.objects.values_list("state", "seats_taken", "seats_a_on_left")) == {("open", 0, 0)}
    assert_seats_are_true(campaign)
    assert len(judge_all(MemberFactory(campaign=campaign))) == 5


def test_its_votes_never_enter_the_consensus(campaign, machine):
    PairFactory(campaign=campaign)
    judge_all(MemberFactory(campaign=campaign), "a")
    judge_all(machine, "b")
    judge_all(MemberFactory(campaign=campaign, kind="machine"), "b")
    settling.settle_pairs(campaign=campaign)
    consensus_writer.score_campaign(campaign=campaign)

    consensus = Consensus.objects.get()
    assert (consensus.label, consensus.n_a, consensus.n_b) == ("a", 1, 0)


def test_adaptive_overlap_does_not_see_it(machine, campaign):
    lifecycle.change_campaign(campaign=campaign, rules={"votes_wanted": 2, "votes_max": 4}, by=None)
    campaign.refresh_from_db()
    believe(campaign, 0.9)
    PairFactory(campaign=campaign, votes_wanted=2)
    judge_all(machine, "b")
    for _ in range(2):
        judge_all(MemberFactory(campaign=campaign), "a")

    assert settling.settle_pairs(campaign=campaign) == 1
    # With the machine's vote among them, the two who agree would not decide.
    assert Pair.objects.values_list("state", "votes_wanted").get() == ("settled", 2)


def test_progress_counts_people_alone(campaign, machine):
    PairFactory.create_batch(12, campaign=campaign)
    human = MemberFactory(campaign=campaign)
    assigning.refill_queue(member_id=human.pk)
    judge(Assignment.objects.filter(member=human).first())
    judge(assigning.next_assignments(member=machine)[0])

    counters = progress.roll_up(campaign=campaign)

    assert (counters.votes_live, counters.seats_open, counters.votes_last_hour, counters.annotators_last_hour) == (1, 11, 1, 1)


def test_limits_are_for_people(campaign, machine):
    PairFactory.create_batch(3, campaign=campaign)
    lifecycle.change_campaign(campaign=campaign, rules={"limit_per_day": 1, "limit_total": 1, "limit_share": 0.001}, by=None)
    machine.campaign.refresh_from_db()

    assert limits.room_for(machine, timezone.now()) is None
    assert len(judge_all(machine)) == 3


def test_pairs_that_come_later_are_found(campaign, machine):
    PairFactory.create_batch(2, campaign=campaign)
    judge_all(machine)
    PairFactory(campaign=CampaignFactory())
    late = PairFactory.create_batch(2, campaign=campaign)

    assert pairs_of(judge_all(machine)) == [pair.pk for pair in late]


def test_a_held_pair_is_handed_out_when_it_is_put_back(campaign, machine):
    pairs = PairFactory.create_batch(12, campaign=campaign)
    pair_holds.hold_pairs(pair_ids=[pairs[0].pk, pairs[11].pk], by=None)
    assert pairs_of(judge_all(machine)) == [pair.pk for pair in pairs[1:11]]

    pair_holds.return_pairs(pair_ids=[pairs[0].pk], by=None)

    assert pairs_of(judge_all(machine)) == [pairs[0].pk]


def test_when_all_that_is_next_is_held_it_goes_on_looking(campaign, machine):
    pairs = PairFactory.create_batch(2 * assigning.QUEUE_TARGET + 1, campaign=campaign)
    pair_holds.hold_pairs(pair_ids=[pair.pk for pair in pairs[:-1]], by=None)

    assert pairs_of(judge_all(machine)) == [pairs[-1].pk]


def test_what_ran_out_comes_again_and_frees_no_seat(campaign, machine):
    pairs = PairFactory.create_batch(3, campaign=campaign)
    assigning.refill_queue(member_id=machine.pk)
    later = timezone.now() + timedelta(hours=2)
    assert assigning.return_expired_seats(now=later) == 3
    assert_seats_are_true(campaign)

    assert assigning.refill_queue(member_id=machine.pk, now=later) == 3
    assert Assignment.objects.count() == 3
    assert pairs_of(assigning.next_assignments(member=machine, count=10, now=later)) == [pair.pk for pair in pairs]


def test_its_own_overdue_ones_are_renewed_by_the_next_refill(campaign, machine):
    PairFactory.create_batch(3, campaign=campaign)
    assigning.refill_queue(member_id=machine.pk)

    assert assigning.refill_queue(member_id=machine.pk, now=timezone.now() + timedelta(hours=2)) == 3
    assert Assignment.objects.open().count() == 3


def test_what_it_skipped_and_flagged_does_not_come_again(campaign, machine):
    lifecycle.change_campaign(campaign=campaign, rules={"flags_to_hold": 1}, by=None)
    PairFactory.create_batch(3, campaign=campaign)
    first, second, third = assigning.next_assignments(member=machine, count=3)
    voting.skip_assignment(assignment_id=first.pk, by=machine.user)
    voting.flag_assignment(assignment_id=second.pk, by=machine.user, reason="unsafe")

    assert pairs_of(judge_all(machine)) == [third.pair_id]
    assert_seats_are_true(campaign)
    # One word of a machine takes no pair from people.
    assert Pair.objects.get(pk=second.pair_id).state == "open"


def test_it_may_undo_and_answer_again(campaign, machine):
    PairFactory(campaign=campaign)
    (answered,) = judge_all(machine)

    undo_act(assignment_id=answered.pk, by=machine.user)
    judge(answered, "b")

    assert list(Vote.objects.order_by("pk").values_list("choice", "void_reason")) == [("a", "undone"), ("b", None)]
    assert_seats_are_true(campaign)


def test_suspending_it_voids_its_votes_and_moves_no_seat(campaign, machine):
    PairFactory.create_batch(12, campaign=campaign)
    human = MemberFactory(campaign=campaign)
    judge_all(human)
    judge(assigning.next_assignments(member=machine)[0])

    moderation.suspend_member(member=machine, by=None)
    assert set(Vote.objects.filter(assignment__member=machine).values_list("void_reason", flat=True)) == {"suspended"}
    assert not moderation.departed_with_seats().exists()
    assert_seats_are_true(campaign)

    assert moderation.lift_suspension(member=machine, by=None) == 1
    assert Vote.objects.live().filter(assignment__member=machine).count() == 1
    assert_seats_are_true(campaign)
    machine.refresh_from_db()
    assert len(judge_all(machine)) == 11


def test_a_pair_that_only_machines_judged_may_become_gold(campaign, machine):
    pair = PairFactory(campaign=campaign)
    judge_all(machine)

    assert gold.set_gold(pair=pair, choice="a", note="", by=None).gold_choice == "a"


def test_both_sides_come_up(campaign, machine):
    PairFactory.create_batch(40, campaign=campaign)
    judge_all(machine)

    assert set(Assignment.objects.values_list("a_on_left", flat=True)) == {True, False}


def test_it_is_shown_the_guideline_in_force(campaign, machine):
    guideline = GuidelineFactory(campaign=campaign)
    PairFactory(campaign=campaign)

    assert assigning.next_assignments(member=machine)[0].guideline_id == guideline.pk


def test_it_gets_nothing_of_a_campaign_that_is_not_open(campaign, machine):
    PairFactory(campaign=campaign)
    lifecycle.change_state(campaign=campaign, state="paused", by=None)

    assert assigning.refill_queue(member_id=machine.pk) == 0


def test_it_works_over_the_api_as_people_do(campaign, machine):
    PairFactory.create_batch(12, campaign=campaign)
    client = client_of(machine.user, "annotate")
    shown = client.post("/api/v1/campaigns/birds/assignments/?count=3").json()
    assert [set(assignment) for assignment in shown] == [{"id", "prompt", "left", "right", "questions", "expires_at"}] * 3
    votes = [client.post(f"/api/v1/assignments/{each['id']}/vote/", {"choice": each["left"]["slot"]}) for each in shown]
    assert [vote.status_code for vote in votes] == [201] * 3
    while (response := client.post("/api/v1/campaigns/birds/assignments/")).status_code == 200:
        client.post(f"/api/v1/assignments/{response.json()['id']}/vote/", {"choice": "a"})
    assert (response.status_code, Vote.objects.count()) == (204, 12)


# --- how one is made


def test_a_manager_makes_one_on_the_page(campaign):
    manager, reward_model = MemberFactory(campaign=campaign, role="manager"), UserFactory(username="reward-model")
    pages = Client()
    pages.force_login(manager.user)

    response = pages.post("/manage/birds/members/", {"person": "reward-model", "role": "annotator", "kind": "machine"})

    assert response.status_code == 302
    assert Member.objects.get(user=reward_model).kind == "machine"
    assert b"Machine</span>" in pages.get("/manage/birds/members/").content


def test_what_is_wrong_is_said_beside_the_field(campaign, machine):
    manager = MemberFactory(campaign=campaign, role="manager")
    pages = Client()
    pages.force_login(manager.user)

    response = pages.post("/manage/birds/members/", {"person": machine.user.username, "role": "annotator", "kind": "human"})

    assert (response.status_code, b"The kind of this member is machine and cannot change" in response.content) == (400, True)


def test_the_command_makes_one(campaign, capsys):
    call_command("add_member", "birds", "reward-model", "--role", "annotator", "--kind", "machine", "--create-user")

    assert Member.objects.get(user__username="reward-model").kind == "machine"
    assert "reward-model (machine) was added as annotator of birds." in capsys.readouterr().out
    call_command("add_member", "birds", "reward-model", "--role", "annotator")
    with pytest.raises(CommandError, match="A machine can only be an annotator"):
        call_command("add_member", "birds", "reward-model", "--role", "manager")
