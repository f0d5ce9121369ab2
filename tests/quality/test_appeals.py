"""When a member may appeal, and how an appeal is answered."""

from __future__ import annotations

import pytest
from django.utils import timezone

from annotator.choices import ActionKind, AppealState, MemberState
from annotator.errors import Conflict, Invalid
from annotator.models import AnnotatorStats, Appeal, Member
from annotator.models.reviewing import MESSAGE_LIMIT
from annotator.quality import moderation
from annotator.quality.appeals import answer_appeal, appeal, may_appeal, open_appeals
from annotator.quality.review import review_campaign
from tests.factories import AppealFactory, CampaignFactory, MemberFactory, ModerationActionFactory, ReviewRuleFactory, UserFactory
from tests.quality.gold_votes import warned_by_gold

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.mark.parametrize(
    ("state", "notice", "expected"),
    [
        (MemberState.ACTIVE, None, False),
        (MemberState.ACTIVE, ActionKind.WARN, True),
        (MemberState.ACTIVE, ActionKind.LIFT, False),
        (MemberState.ACTIVE, ActionKind.DISMISS, False),
        (MemberState.PAUSED, None, True),
        (MemberState.SUSPENDED, None, True),
        (MemberState.WITHDRAWN, None, False),
    ],
)
def test_a_member_appeals_against_what_a_manager_could_take_back(state, notice, expected):
    member = MemberFactory(state=state)
    if notice:
        member.notice = ModerationActionFactory(member=member, kind=notice)
        member.save()

    assert may_appeal(member) is expected
    if expected:
        assert appeal(member=member, message="Please.", now=NOW).created_at == NOW
        return
    with pytest.raises(Conflict) as error:
        appeal(member=member, message="Please.")
    assert error.value.code == "nothing_to_appeal"


def test_an_answer_is_kept_with_who_gave_it_and_when():
    manager = UserFactory()

    answered = answer_appeal(appeal=AppealFactory(), is_accepted=False, answer=" We looked. ", by=manager, now=NOW)

    answered.refresh_from_db()
    assert (answered.state, answered.answer) == (AppealState.DECLINED, "We looked.")
    assert (answered.answered_by, answered.answered_at) == (manager, NOW)


def test_an_answer_is_given_once():
    waiting = AppealFactory()
    answer_appeal(appeal=waiting, is_accepted=False, answer="No.", by=UserFactory())

    with pytest.raises(Conflict) as error:
        answer_appeal(appeal=waiting, is_accepted=True, answer="Yes.", by=UserFactory())

    assert error.value.code == "appeal_answered"
    waiting.member.refresh_from_db()
    assert waiting.member.state == MemberState.PAUSED
    assert Appeal.objects.get().answer == "No."


def test_an_answer_that_is_too_long_decides_nothing():
    waiting = AppealFactory()

    with pytest.raises(Invalid) as error:
        answer_appeal(appeal=waiting, is_accepted=True, answer="x" * (MESSAGE_LIMIT + 1), by=UserFactory())

    assert set(error.value.errors) == {"answer"}
    waiting.refresh_from_db()
    assert (waiting.state, waiting.member.state) == (AppealState.OPEN, MemberState.PAUSED)


def test_an_appeal_of_a_member_who_withdrew_can_be_answered_and_brings_nobody_back():
    waiting = AppealFactory()
    moderation.withdraw_member(member=waiting.member, by=waiting.member.user)

    answer_appeal(appeal=waiting, is_accepted=True, answer="", by=UserFactory())

    waiting.member.refresh_from_db()
    assert waiting.member.state == MemberState.WITHDRAWN


def test_open_appeals_are_those_of_the_campaign_the_oldest_first(django_assert_num_queries):
    campaign = CampaignFactory()
    waiting = [AppealFactory(member__campaign=campaign, member__state=state) for state in ("paused", "suspended", "active")]
    AppealFactory(member__campaign=campaign, member__state=MemberState.WITHDRAWN)
    AppealFactory(member__campaign=campaign, state=AppealState.DECLINED, answered_at=NOW)
    AppealFactory()

    assert list(open_appeals(campaign)) == waiting
    with django_assert_num_queries(1):
        assert [row.member.user.username for row in open_appeals(campaign)]


def test_an_appeal_that_is_accepted_lets_the_member_work_again():
    manager = UserFactory()
    for state in ("paused", "suspended"):
        member = MemberFactory(state=state)
        made = appeal(member=member, message=" I was careful. ")
        assert made.message == "I was careful."
        answer_appeal(appeal=made, is_accepted=True, answer="You are right.", by=manager)
        member.refresh_from_db()
        made.refresh_from_db()
        assert (member.state, member.notice.note) == ("active", "You are right.")
        assert (made.state, made.answered_by) == (AppealState.ACCEPTED, manager)
        assert AnnotatorStats.objects.get(member=member).counted_since is not None


@pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed
def test_an_appeal_against_a_warning_takes_it_back():
    campaign = CampaignFactory()
    ReviewRuleFactory(campaign=campaign)
    member = warned_by_gold(campaign)
    review_campaign(campaign=campaign)
    member.refresh_from_db()

    made = appeal(member=member, message="I do.")
    answer_appeal(appeal=made, is_accepted=True, answer="", by=UserFactory())

    member.refresh_from_db()
    assert member.notice.kind == ActionKind.DISMISS
    assert review_campaign(campaign=campaign) == []


def test_an_appeal_that_is_declined_changes_nothing_else():
    made = AppealFactory()
    answer_appeal(appeal=made, is_accepted=False, answer="We looked.", by=UserFactory())

    made.refresh_from_db()
    assert (made.state, made.answer, made.member.state) == ("declined", "We looked.", "paused")
    with pytest.raises(Conflict):
        answer_appeal(appeal=made, is_accepted=True, answer="", by=UserFactory())
    appeal(member=made.member, message="Once more, please.")
    assert Appeal.objects.count() == 2


@pytest.mark.parametrize(
    ("member", "message", "error"),
    [
        ({"state": "paused"}, "  ", Invalid),
        ({"state": "paused"}, "x" * 2001, Invalid),
        ({}, "Why?", Conflict),
        ({"state": "withdrawn"}, "Why?", Conflict),
    ],
)
def test_an_appeal_that_cannot_be_is_refused(member, message, error):
    with pytest.raises(error):
        appeal(member=MemberFactory(**member), message=message)
    assert not Appeal.objects.exists()


def test_a_second_open_appeal_is_refused():
    made = AppealFactory()
    with pytest.raises(Conflict) as refused:
        appeal(member=made.member, message="And another thing.")
    assert refused.value.code == "appeal_is_open"


def test_an_appeal_of_somebody_who_was_let_back_meanwhile_can_still_be_accepted():
    made = AppealFactory()
    moderation.resume_member(member=made.member, by=UserFactory())

    answer_appeal(appeal=Appeal.objects.get(), is_accepted=True, answer="Fine.", by=UserFactory())

    assert Member.objects.get(pk=made.member.pk).state == "active"
