"""A warning and an appeal, in a browser: what the annotator sees, says and is answered."""

from __future__ import annotations

import pytest

from annotator.choices import Role
from annotator.models import Appeal, Member
from annotator.quality.moderation import Reason, suspend_member, warn_member
from annotator.views.annotate.notices import WHAT
from tests.browser.axe import found_on
from tests.browser.conftest import PHONE, Open
from tests.browser.driver import expect
from tests.factories import MemberFactory, ReviewRuleFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def page_of(member: Member) -> str:
    return f"/c/{member.campaign.slug}/"


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE, "color_scheme": "dark"}], ids=["wide", "phone"])
def test_a_warning_comes_while_one_judges_and_is_put_away(open_page: Open, member: Member, options) -> None:
    rule = ReviewRuleFactory(campaign=member.campaign, measure="side_share")
    page = open_page(member, page_of(member), **options)
    expect(page.locator(".choice.left")).not_to_have_attribute("aria-disabled", "true")
    expect(page.locator("#moderation-notice section")).to_have_count(0)
    warn_member(member=member, by=None, reason=Reason(rule=rule, note="Look at the right one, too."))

    page.keyboard.press("1")

    expect(page.locator("#moderation-notice")).to_contain_text(str(WHAT["side_share"]))
    expect(page.locator("#moderation-notice")).to_contain_text("Look at the right one, too.")
    assert found_on(page) == []
    expect(page.locator(".choice.left")).not_to_have_attribute("aria-disabled", "true")
    page.keyboard.press("2")  # judging goes on
    expect(page.locator("#progress")).to_contain_text("2 judged")
    page.get_by_role("button", name="Got it").click()
    expect(page.locator("#moderation-notice section")).to_have_count(0)
    expect(page.locator(".choice.left")).to_be_visible()


def test_somebody_suspended_appeals_and_is_let_back(open_page: Open, member: Member) -> None:
    manager = MemberFactory(campaign=member.campaign, role=Role.MANAGER)
    rule = ReviewRuleFactory(campaign=member.campaign, measure="trust", outcome="suspend")
    figures = {"measure": "trust", "count": 30, "value": -6.0, "bound": -6.0, "threshold": -5.0, "minimum": 10}
    suspend_member(member=member, by=None, reason=Reason(rule=rule, figures=figures))

    mine = open_page(member, page_of(member))
    expect(mine.get_by_role("heading", name="Your answers are under review")).to_be_visible()
    assert found_on(mine) == []
    mine.get_by_role("link", name="Appeal").click()
    mine.get_by_label("Message to the managers").fill("I do look at both.")
    assert found_on(mine) == []
    mine.get_by_role("button", name="Send").click()
    expect(mine.locator(".notice.success")).to_contain_text("Message sent.")

    theirs = open_page(manager, f"/manage/{member.campaign.slug}/")
    theirs.get_by_role("link", name="Review", exact=True).click()
    expect(theirs.get_by_role("heading", name="Appeals")).to_be_visible()
    assert found_on(theirs) == []
    theirs.get_by_role("link", name="Answer", exact=False).first.click()
    theirs.get_by_label("Your answer").fill("You are right.")
    theirs.get_by_role("button", name="Accept").click()
    expect(theirs.locator(".notice.success")).to_contain_text("Appeal accepted")

    mine.goto(page_of(member))
    expect(mine.locator("#moderation-notice")).to_contain_text("You are right.")
    expect(mine.locator(".choice.left")).to_be_visible()
    assert found_on(mine) == []
    assert Appeal.objects.get().state == "accepted"
