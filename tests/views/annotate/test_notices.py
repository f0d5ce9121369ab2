"""What an annotator is told of what was done about them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.choices import ActionKind, AppealState, Measure
from annotator.models import Member
from annotator.quality import moderation
from annotator.views.annotate.notices import ADVICE, WHAT, notice_for, what_happened
from tests.factories import AppealFactory, MemberFactory, ModerationActionFactory, ReviewRuleFactory, UserFactory

NOW = timezone.now()


def test_every_measure_has_its_words():
    assert set(WHAT) == set(ADVICE) == set(Measure)
    assert len(set(WHAT.values())) == len(set(ADVICE.values())) == len(Measure)


@pytest.mark.django_db
def test_nothing_to_tell_costs_no_query(django_assert_num_queries):
    member = MemberFactory()
    warned = MemberFactory()
    act = moderation.warn_member(member=warned, by=None)
    warned.refresh_from_db()

    with django_assert_num_queries(0):
        assert notice_for(member) is None
        assert notice_for(warned, known=act.pk) is None  # the page has it already


@pytest.mark.django_db
def test_a_warning_of_a_rule_says_what_and_a_managers_says_their_words():
    rule = ReviewRuleFactory(measure=Measure.FAST_RATE)
    by_rule, by_manager = MemberFactory(campaign=rule.campaign), MemberFactory(campaign=rule.campaign)
    moderation.warn_member(member=by_rule, by=None, reason=moderation.Reason(rule=rule))
    moderation.warn_member(member=by_manager, by=UserFactory(), reason=moderation.Reason(note="Take your time."))
    rule_notice, manager_notice = (notice_for(Member.objects.get(pk=member.pk)) for member in (by_rule, by_manager))

    assert rule_notice is not None
    assert manager_notice is not None
    assert (rule_notice.is_warning, rule_notice.note) == (True, "")
    assert WHAT[Measure.FAST_RATE] in rule_notice.text
    assert (manager_notice.is_warning, manager_notice.note) == (True, "Take your time.")
    assert not any(words in manager_notice.text for words in WHAT.values())


@pytest.mark.django_db
def test_being_let_back_is_no_warning():
    member = MemberFactory(state="paused")
    act = moderation.resume_member(member=member, by=UserFactory(), note="Sorry.")

    notice = notice_for(Member.objects.get())

    assert notice is not None
    assert (notice.act, notice.note, notice.is_warning) == (act.pk, "Sorry.", False)


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "kind"), [("paused", ActionKind.PAUSE), ("suspended", ActionKind.SUSPEND)])
def test_what_happened_is_told_of_the_last_act_and_of_the_appeal_against_it(state, kind):
    rule = ReviewRuleFactory()
    member = MemberFactory(campaign=rule.campaign, state=state)
    assert what_happened(member) == []
    ModerationActionFactory(member=member, kind=kind, note="The old note.", at=NOW - timedelta(days=9))
    AppealFactory(member=member, created_at=NOW - timedelta(days=8), state=AppealState.DECLINED, answer="Old.", answered_at=NOW)
    ModerationActionFactory(member=member, kind=kind, rule=rule, note="The new note.", at=NOW - timedelta(days=1))
    ModerationActionFactory(member=member, kind=ActionKind.WARN, note="A warning.", at=NOW)

    told = what_happened(member)
    assert len(told) == 2
    assert WHAT[rule.measure][1:] in told[0]
    assert "The new note." in told[1]

    appeal = AppealFactory(member=member, created_at=NOW)
    assert len(what_happened(member)) == 3
    appeal.state, appeal.answer, appeal.answered_at = AppealState.DECLINED, "It stays so.", NOW
    appeal.save()
    assert "It stays so." in what_happened(member)[-1]
