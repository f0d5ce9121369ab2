"""The rules at work: who is found, what is done about them, what it leaves, and when a rule asks first."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from annotator import tasks
from annotator.campaigns import members
from annotator.choices import ActionKind, MemberState
from annotator.errors import Conflict, Invalid
from annotator.models import Member, ModerationAction, Proposal, ReviewRule, Vote
from annotator.quality import moderation
from annotator.quality import review as annotator_review
from annotator.quality.review import RuleChange, review_campaign
from tests.crowds import Crowd, adversarial, always_left, at_random, good
from tests.factories import (
    AnnotatorStatsFactory,
    CampaignFactory,
    MemberFactory,
    ModerationActionFactory,
    ReviewRuleFactory,
    UserFactory,
    VoteFactory,
)
from tests.judges import assert_seats_are_true
from tests.quality.gold_votes import warned_by_gold, wrong_on_gold

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed

GOOD = {f"good{number}": good for number in range(10)}


def states(crowd: Crowd) -> dict[str, str]:
    return {name: Member.objects.get(pk=member.pk).state for name, member in crowd.members.items()}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_defaults_find_the_bad_within_sixty_votes_and_leave_the_good_alone(seed):
    crowd = Crowd({**GOOD, "left": always_left, "dice": at_random, "foe": adversarial}, seed=seed, rules={"review_share_max": 1})

    review_campaign(campaign=crowd.campaign)

    assert {name for name, state in states(crowd).items() if state == "suspended"} == {"left", "dice", "foe"}
    assert_seats_are_true(crowd.campaign)
    bad = [crowd.members[name] for name in ("left", "dice", "foe")]
    live = Vote.objects.live().filter(assignment__member__in=bad)
    assert set(live.values_list("assignment__kind", flat=True)) <= {"gold", "repeat"}


def test_who_is_too_fast_is_paused_and_keeps_their_votes():
    crowd = Crowd({"hasty": good, "other": good}, votes=40, elapsed_ms=200)

    review_campaign(campaign=crowd.campaign)

    assert set(states(crowd).values()) == {"paused"}
    assert Vote.objects.live().count() == 80


def test_each_act_says_by_which_rule_and_on_what_figures():
    campaign = CampaignFactory()
    rule = ReviewRuleFactory(campaign=campaign, measure="gold_accuracy", outcome="suspend", threshold=0.5, minimum=6)
    member = warned_by_gold(campaign)

    (action,) = review_campaign(campaign=campaign)

    assert (action.member, action.rule, action.kind, action.actor) == (member, rule, ActionKind.SUSPEND, None)
    assert (action.figures["count"], action.figures["value"], action.figures["threshold"]) == (8, 0.0, 0.5)


def test_reviewing_again_does_nothing_more():
    campaign = CampaignFactory()
    ReviewRuleFactory(campaign=campaign)
    member = warned_by_gold(campaign)

    assert len(review_campaign(campaign=campaign)) == 1
    wrong_on_gold(member, 3)

    assert review_campaign(campaign=campaign) == []
    assert ModerationAction.objects.count() == 1


def test_two_reviews_at_once_act_once():
    campaign = CampaignFactory()
    ReviewRuleFactory(campaign=campaign, outcome="suspend")
    warned_by_gold(campaign)
    started, surprises = threading.Barrier(3), []

    def review() -> None:
        try:
            started.wait()
            review_campaign(campaign=campaign)
        except BaseException as error:
            surprises.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=review) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert surprises == []
    assert ModerationAction.objects.count() == 1


def test_a_warning_is_shown_until_it_is_put_away_and_votes_stay():
    campaign = CampaignFactory()
    ReviewRuleFactory(campaign=campaign)
    member = warned_by_gold(campaign)
    review_campaign(campaign=campaign)
    member.refresh_from_db()

    assert member.state == MemberState.ACTIVE
    assert member.notice == ModerationAction.objects.get()
    moderation.dismiss_notice(member=member)
    member.refresh_from_db()
    assert member.notice is None


def test_rules_that_are_off_do_nothing():
    campaign = CampaignFactory()
    ReviewRuleFactory(campaign=campaign, enabled=False)
    warned_by_gold(campaign)

    assert review_campaign(campaign=campaign) == []


@pytest.mark.parametrize("who", [{"role": "manager"}, {"role": "reviewer"}, {"state": "paused"}, {"kind": "machine"}])
def test_rules_act_on_annotators_at_work_alone(who):
    campaign = CampaignFactory()
    ReviewRuleFactory(campaign=campaign, outcome="suspend")
    warned_by_gold(campaign, **who)

    assert review_campaign(campaign=campaign) == []


def test_whom_a_severe_rule_stops_the_milder_ones_leave_alone():
    campaign = CampaignFactory()
    ReviewRuleFactory(campaign=campaign, outcome="warn")
    ReviewRuleFactory(campaign=campaign, outcome="suspend")
    warned_by_gold(campaign)

    assert [action.kind for action in review_campaign(campaign=campaign)] == [ActionKind.SUSPEND]


# --- taken back


@pytest.mark.parametrize("outcome", ["pause", "suspend"])
def test_nobody_is_thrown_out_again_on_old_answers(outcome):
    campaign, manager = CampaignFactory(), UserFactory()
    ReviewRuleFactory(campaign=campaign, outcome=outcome, minimum=6)
    member = warned_by_gold(campaign)
    review_campaign(campaign=campaign)
    member.refresh_from_db()
    if outcome == "suspend":
        moderation.lift_suspension(member=member, by=manager)
    else:
        members.change_member_state(member=member, state="active", by=manager)

    assert review_campaign(campaign=campaign) == []
    wrong_on_gold(member, 5)
    assert review_campaign(campaign=campaign) == []
    wrong_on_gold(member, 1)  # newly bad
    assert [action.figures["count"] for action in review_campaign(campaign=campaign)] == [6]
    kinds = list(ModerationAction.objects.order_by("pk").values_list("kind", "actor"))
    assert kinds == [(outcome, None), ("lift", manager.pk), (outcome, None)]


def test_what_managers_do_by_hand_is_on_record_too():
    manager, member = UserFactory(), MemberFactory()
    for state in ("paused", "paused", "active", "active"):
        members.change_member_state(member=member, state=state, by=manager)
    moderation.warn_member(member=member, by=manager, reason=moderation.Reason(note="Take your time."))
    moderation.suspend_member(member=member, by=manager)
    moderation.suspend_member(member=member, by=manager)
    moderation.lift_suspension(member=member, by=manager)
    moderation.withdraw_member(member=member, by=member.user)

    actions = list(ModerationAction.objects.order_by("pk").values_list("kind", "actor", "note"))
    assert [kind for kind, *_ in actions] == ["pause", "lift", "warn", "suspend", "lift", "withdraw"]
    assert actions[2][2] == "Take your time."
    assert {actor for _, actor, _ in actions} == {manager.pk, member.user.pk}


def test_a_note_that_is_too_long_and_a_warning_nobody_would_see_are_refused():
    manager = UserFactory()
    with pytest.raises(Invalid):
        moderation.warn_member(member=MemberFactory(), by=manager, reason=moderation.Reason(note="x" * 2001))
    with pytest.raises(Conflict):
        moderation.warn_member(member=MemberFactory(state="paused"), by=manager)
    assert not ModerationAction.objects.exists()


def test_somebody_who_is_let_back_is_told():
    member = MemberFactory(state="suspended")
    moderation.lift_suspension(member=member, by=UserFactory(), note="Our mistake.")
    member.refresh_from_db()

    assert (member.notice.kind, member.notice.note) == (ActionKind.LIFT, "Our mistake.")


# --- a rule that would act on too many


@pytest.fixture
def asking() -> ReviewRule:
    campaign = CampaignFactory()
    rule = ReviewRuleFactory(campaign=campaign, outcome="suspend", minimum=6)
    for _ in range(3):
        warned_by_gold(campaign)
    for _ in range(7):
        VoteFactory(assignment__member__campaign=campaign)
    assert review_campaign(campaign=campaign) == []
    rule.refresh_from_db()
    return rule


def test_a_rule_that_would_act_on_too_many_asks_and_acts_on_nobody(asking):
    assert asking.asks_since is not None
    assert set(Proposal.objects.values_list("member__state", flat=True)) == {"active"}
    assert Proposal.objects.count() == 3
    assert Proposal.objects.first().figures["count"] == 8
    assert not ModerationAction.objects.exists()
    assert review_campaign(campaign=asking.campaign) == []
    assert Proposal.objects.count() == 3


def test_the_list_follows_what_the_rule_says_by_now(asking):
    one = Proposal.objects.first().member
    moderation.pause_member(member=one, by=UserFactory())
    warned_by_gold(asking.campaign)
    review_campaign(campaign=asking.campaign)

    assert one.pk not in Proposal.objects.values_list("member", flat=True)
    assert Proposal.objects.count() == 3


def test_a_manager_lets_it_go_on(asking):
    manager = UserFactory()
    actions = annotator_review.confirm_rule(rule=asking, by=manager)

    assert {(action.kind, action.actor) for action in actions} == {("suspend", manager)}
    assert Member.objects.filter(state="suspended").count() == 3
    assert not Proposal.objects.exists()
    warned_by_gold(asking.campaign)  # by itself from now on: it is not counted again what was confirmed
    assert len(review_campaign(campaign=asking.campaign)) == 1
    asking.refresh_from_db()
    assert asking.asks_since is None


def test_a_manager_turns_it_off(asking):
    manager = UserFactory()
    annotator_review.turn_off_rule(rule=asking, by=manager)

    assert Member.objects.filter(state="suspended").count() == 0
    assert not Proposal.objects.exists()
    assert set(ModerationAction.objects.values_list("kind", "actor")) == {("dismiss", manager.pk)}
    assert review_campaign(campaign=asking.campaign) == []
    for verb in (annotator_review.confirm_rule, annotator_review.turn_off_rule):
        with pytest.raises(Conflict):
            verb(rule=asking, by=manager)


def test_one_after_the_other_is_too_many_as_well():
    campaign = CampaignFactory()
    rule = ReviewRuleFactory(campaign=campaign, outcome="pause", minimum=6)
    VoteFactory.create_batch(7, assignment__member__campaign=campaign)
    for _ in range(2):
        warned_by_gold(campaign)
        assert len(review_campaign(campaign=campaign)) == 1
    warned_by_gold(campaign)

    assert review_campaign(campaign=campaign) == []
    rule.refresh_from_db()
    assert rule.asks_since is not None


def test_rules_are_changed_and_one_that_is_turned_off_asks_no_more(asking):
    annotator_review.change_rules(
        campaign=asking.campaign,
        by=UserFactory(),
        changes=[RuleChange(asking.pk, 0.4, 9, False)],
        review_share_max=0.5,
        too_fast_ms=400,
    )
    asking.refresh_from_db()
    asking.campaign.refresh_from_db()

    assert (asking.threshold, asking.minimum, asking.enabled, asking.asks_since) == (0.4, 9, False, None)
    assert (asking.campaign.review_share_max, asking.campaign.too_fast_ms) == (0.5, 400)
    assert not Proposal.objects.exists()


# --- when it runs


def test_campaigns_with_new_answers_are_due_and_not_too_often():
    now = timezone.now()
    member = AnnotatorStatsFactory(computed_at=now - timedelta(seconds=31)).member
    assert annotator_review.campaigns_to_review(now=now) == []  # nobody answered

    VoteFactory(assignment__member=member, created_at=now - timedelta(seconds=5))
    assert annotator_review.campaigns_to_review(now=now) == [member.campaign]
    assert annotator_review.campaigns_to_review(now=now - timedelta(seconds=20)) == []

    member.campaign.progress.votes_live = 25_000_000
    member.campaign.progress.save()
    assert annotator_review.campaigns_to_review(now=now) == []
    assert annotator_review.campaigns_to_review(now=now + timedelta(seconds=60)) == [member.campaign]


def test_drafts_closed_campaigns_and_those_without_answers_are_not_due():
    for state in ("draft", "closed"):
        VoteFactory(assignment__member__campaign__state=state)
    MemberFactory()
    new = VoteFactory().assignment.member.campaign

    assert annotator_review.campaigns_to_review() == [new]


def test_the_task_reviews_one_campaign():
    campaign = CampaignFactory()
    ReviewRuleFactory(campaign=campaign)
    warned_by_gold(campaign)

    tasks.review_campaign(campaign.pk)

    assert ModerationAction.objects.get().kind == ActionKind.WARN


def test_the_record_cannot_be_emptied():
    action = ModerationActionFactory()
    with pytest.raises(Exception, match="act_is_fixed"):
        ModerationAction.objects.filter(pk=action.pk).delete()
