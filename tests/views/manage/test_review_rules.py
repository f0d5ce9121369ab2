"""The manager's page of the rules: what they would do, and how they are changed."""

from __future__ import annotations

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from annotator.choices import Role
from annotator.models import Campaign, Member, ModerationAction
from annotator.quality import rules
from tests.factories import MemberFactory, ProposalFactory, ReviewRuleFactory, VoteFactory
from tests.quality.gold_votes import warned_by_gold
from tests.views.manage.test_review import address, progress_of

pytestmark = pytest.mark.django_db(transaction=True)  # a preview reads what is committed


@pytest.fixture
def campaign() -> Campaign:
    return MemberFactory(role=Role.MANAGER, user__username="mira").campaign


@pytest.fixture
def browser(client: Client, campaign: Campaign) -> Client:
    client.force_login(campaign.members.get().user)
    return client


def save(browser: Client, page: str, data: dict[str, object]) -> HttpResponse:
    """Look at the preview, and confirm it."""
    return browser.post(page, data | {"seen": browser.post(page, data).context["seen"]})


def rule_data(client: Client, page: str, **change: object) -> dict[str, object]:
    """What the page's form would post."""
    context = client.get(page).context
    data: dict[str, object] = {**context["form"].initial}
    rows = context["rows"]
    for name, value in rows.management_form.initial.items():
        data[f"form-{name}"] = value
    for number, row in enumerate(rows.forms):
        for name, value in row.initial.items():
            if value is not False:
                data[f"form-{number}-{name}"] = value
    return data | change


def test_rules_are_changed(browser: Client, campaign: Campaign) -> None:
    rules.create_rules(campaign)
    page = address("review_rules", campaign)
    data = rule_data(browser, page, **{"form-1-threshold": 45, "form-1-minimum": 9, "review_share_max": 0.3, "too_fast_ms": 500})
    del data["form-0-enabled"]

    assert save(browser, page, data).status_code == 302

    first, second = list(campaign.review_rules.order_by("pk"))[:2]
    campaign.refresh_from_db()
    assert (first.enabled, first.threshold) == (False, 0.7)
    assert (second.threshold, second.minimum, second.enabled) == (0.45, 9, True)
    assert (campaign.review_share_max, campaign.too_fast_ms) == (0.3, 500)


def test_what_a_rule_would_do_is_shown_before_it_is_turned_on(browser: Client, campaign: Campaign) -> None:
    ReviewRuleFactory(campaign=campaign, outcome="suspend", threshold=0.5, minimum=6, enabled=False, test_version=0)
    member = warned_by_gold(campaign)
    VoteFactory(assignment__member=member, assignment__pair__campaign=campaign, question=campaign.questions.get())
    page = address("review_rules", campaign)
    data = rule_data(browser, page, **{"form-0-enabled": "on"})
    assert "Off since an update" in browser.get(page).content.decode()

    shown = browser.post(page, data)

    assert shown.status_code == 200
    words = " ".join(shown.content.decode().split())
    assert "would warn 0, pause 0 and suspend 1 person. It would void 1 vote." in words
    assert member.user.username in words
    assert not campaign.review_rules.filter(enabled=True).exists()
    assert not ModerationAction.objects.exists()
    assert "seen" not in browser.post(page, data | {"back": ""}).context  # to the form again, as it was filled in

    # What was seen is saved, and nothing else.
    seen = shown.context["seen"]
    assert browser.post(page, data | {"form-0-threshold": 60, "seen": seen}).status_code == 200
    assert not campaign.review_rules.filter(enabled=True).exists()
    assert browser.post(page, data | {"seen": seen}).status_code == 302
    rule = campaign.review_rules.get(enabled=True)
    assert (rule.outcome, rule.version, rules.is_undecided(rule)) == ("suspend", 2, False)


def test_to_turn_a_rule_off_needs_no_preview(browser: Client, campaign: Campaign) -> None:
    rule = ReviewRuleFactory(campaign=campaign)
    page = address("review_rules", campaign)
    data = rule_data(browser, page)
    del data["form-0-enabled"]

    assert browser.post(page, data).status_code == 302
    rule.refresh_from_db()
    assert (rule.enabled, rule.version) == (False, 2)


@pytest.mark.parametrize(
    "change",
    [
        *({"form-0-threshold": value} for value in (101, -1, "", "x", "nan", "inf")),
        *({"form-0-minimum": value} for value in (0, "", 10**9)),
        {"form-8-threshold": 5},  # of trust, which is below 0 where it is lost
        {"form-TOTAL_FORMS": 3},
        {"form-TOTAL_FORMS": "x"},
        {"form-TOTAL_FORMS": 50},
        {"review_share_max": 1.01},
        {"too_fast_ms": -1},
        {"too_fast_ms": 10**6},
    ],
)
def test_rules_that_cannot_be_are_refused_and_none_is_changed(browser: Client, campaign: Campaign, change) -> None:
    page = address("review_rules", campaign)
    data = rule_data(browser, page, **{"form-3-minimum": 77} | change)
    before = list(campaign.review_rules.order_by("pk").values())

    response = browser.post(page, data)

    assert response.status_code == 400
    assert re.search(r'field-error|class="notice error"', response.content.decode())
    assert list(campaign.review_rules.order_by("pk").values()) == before


def test_a_rule_that_asks_is_shown_with_its_list_and_decided(browser: Client, campaign: Campaign) -> None:
    rule = ReviewRuleFactory(campaign=campaign, outcome="pause", asks_since=timezone.now())
    members = [progress_of(campaign, name, gold_count=10, gold_right=1) for name in ("ada", "bea")]
    for member in members:
        ProposalFactory(rule=rule, member=member, figures=rules.figures_of(rule, member.stats))
    html = browser.get(address("review", campaign)).content.decode()
    assert "A rule needs your confirmation" in html
    assert "10 % from 10 answers" in html

    response = browser.post(address("decide_rule", campaign, rule.pk), {"go_on": ""}, follow=True)

    assert "The rule acted on 2" in response.content.decode()
    assert {Member.objects.get(pk=member.pk).state for member in members} == {"paused"}
    again = browser.post(address("decide_rule", campaign, rule.pk), {"turn_off": ""}, follow=True)
    assert "already decided about this rule" in again.content.decode()


def test_a_rule_that_asks_is_turned_off(browser: Client, campaign: Campaign) -> None:
    rule = ReviewRuleFactory(campaign=campaign, asks_since=timezone.now())
    browser.post(address("decide_rule", campaign, rule.pk), {"turn_off": ""})

    rule.refresh_from_db()
    assert (rule.enabled, rule.asks_since) == (False, None)
