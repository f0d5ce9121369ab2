"""What an annotator is told of what was done about them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.choices import ActionKind, AppealState, Measure
from annotator.lib.public_ids import NOTICES
from annotator.models import Campaign, Member, ReviewRule
from annotator.quality import moderation
from annotator.views.annotate.notices import ADVICE, WHAT, notice_for, what_happened
from tests.factories import AppealFactory, MemberFactory, ModerationActionFactory, PairFactory, ReviewRuleFactory, UserFactory

NOW = timezone.now()


def logged_in(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def address(name: str, campaign: Campaign) -> str:
    return reverse(name, args=[campaign.slug])


def warn(member: Member, rule: ReviewRule | None = None) -> None:
    reason = moderation.Reason(rule=rule, figures={"count": 8, "value": 0.1})
    moderation.warn_member(member=member, by=None, reason=reason)


def test_every_measure_has_its_words():
    assert set(WHAT) == set(ADVICE) == set(Measure)
    assert len(set(map(str, WHAT.values()))) == len(set(map(str, ADVICE.values()))) == len(Measure)


@pytest.mark.django_db
def test_nothing_to_tell_costs_no_query(django_assert_num_queries):
    member = MemberFactory()
    warned = MemberFactory()
    action = moderation.warn_member(member=warned, by=None)
    warned.refresh_from_db()

    with django_assert_num_queries(0):
        assert notice_for(member) is None
        assert notice_for(warned, known=action.pk) is None  # the page has it already


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
    assert str(WHAT[Measure.FAST_RATE]) in rule_notice.text
    assert (manager_notice.is_warning, manager_notice.note) == (True, "Take your time.")
    assert not any(str(words) in manager_notice.text for words in WHAT.values())


@pytest.mark.django_db
def test_being_let_back_is_no_warning():
    member = MemberFactory(state="paused")
    action = moderation.resume_member(member=member, by=UserFactory(), note="Sorry.")

    notice = notice_for(Member.objects.get())

    assert notice is not None
    assert (notice.number, notice.note, notice.is_warning) == (NOTICES.show(action.pk), "Sorry.", False)


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
    assert str(WHAT[rule.measure])[1:] in told[0]
    assert "The new note." in told[1]

    appeal = AppealFactory(member=member, created_at=NOW)
    assert len(what_happened(member)) == 3
    appeal.state, appeal.answer, appeal.answered_at = AppealState.DECLINED, "It stays so.", NOW
    appeal.save()
    assert "It stays so." in what_happened(member)[-1]


@pytest.mark.django_db
@pytest.mark.parametrize("measure", Measure.values)
def test_a_warning_is_kind_says_what_to_look_at_and_gives_nothing_away(measure: str) -> None:
    rule = ReviewRuleFactory(measure=measure)
    member = MemberFactory(campaign=rule.campaign)
    PairFactory(campaign=rule.campaign)
    warn(member, rule)

    html = logged_in(member).get(address("annotate", rule.campaign)).content.decode()

    assert str(WHAT[measure]) in html
    assert str(ADVICE[measure]) in html
    assert not re.search(r"gold|known answer|repeat|test pair|0\.1|\b8 ", f"{WHAT[measure]} {ADVICE[measure]}", re.I)
    assert html.index(str(WHAT[measure])) < html.index("data-assignment")


@pytest.mark.django_db
def test_a_warning_comes_with_the_next_answer_and_is_put_away() -> None:
    rule = ReviewRuleFactory()
    member = MemberFactory(campaign=rule.campaign)
    PairFactory.create_batch(3, campaign=rule.campaign)
    client = logged_in(member)
    client.get(address("annotate", rule.campaign))
    warn(member, rule)
    seat = member.assignments.order_by("pk").first()

    answer = client.post(reverse("vote", args=[seat.pk]), {"choice": "a"}, headers={"HX-Request": "true"}).content.decode()
    assert 'id="moderation-notice" hx-swap-oob="innerHTML"' in answer
    assert str(WHAT[rule.measure]) in answer

    notice = re.search(r'data-notice="(\d+)"', answer)[1]
    seat = member.assignments.filter(state="open").order_by("pk").first()
    data, htmx = {"choice": "a", "notice": notice}, {"HX-Request": "true"}
    assert (
        "moderation-notice" not in client.post(reverse("vote", args=[seat.pk]), data, headers=htmx).content.decode()
    )  # the page has it

    assert client.get(address("dismiss_notice", rule.campaign)).status_code == 405
    client.post(address("dismiss_notice", rule.campaign))
    assert str(WHAT[rule.measure]) not in client.get(address("annotate", rule.campaign)).content.decode()


@pytest.mark.django_db
def test_who_is_not_warned_pays_no_query_for_it(django_assert_max_num_queries) -> None:
    counts = []
    for is_warned in (False, True):
        rule = ReviewRuleFactory()
        member = MemberFactory(campaign=rule.campaign)
        PairFactory.create_batch(3, campaign=rule.campaign)
        client = logged_in(member)
        client.get(address("annotate", rule.campaign))
        if is_warned:
            warn(member, rule)
        with django_assert_max_num_queries(10) as captured:
            client.get(address("annotate", rule.campaign))
        counts.append(len(captured))
    assert counts[1] == counts[0] + 1


@pytest.mark.django_db
def test_somebody_paused_or_suspended_reads_what_led_to_it_and_where_to_appeal() -> None:
    for state, kind in (("paused", "pause"), ("suspended", "suspend")):
        rule = ReviewRuleFactory(measure="side_share")
        member = MemberFactory(campaign=rule.campaign, state=state)
        ModerationActionFactory(member=member, kind=kind, rule=rule)
        html = logged_in(member).get(address("annotate", rule.campaign)).content.decode()
        assert "you chose the image on the same side almost every time" in html
        assert "This may be a mistake." in html
        assert address("appeal", rule.campaign) in html
