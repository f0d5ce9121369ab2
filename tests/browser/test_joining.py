"""Coming in, with a real browser: by an invite, by another site's account, from a crowd platform, and out again."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotator.campaigns import invites
from annotator.campaigns.guidelines import publish_guideline
from annotator.choices import CampaignState, Role
from annotator.models import Campaign, Consent, Invite, Member, Vote
from tests.browser.conftest import PHONE, make_pairs
from tests.browser.driver import expect
from tests.browser.test_judging import open_card
from tests.factories import CampaignFactory, InviteFactory, MemberFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PLATFORM = "?PROLIFIC_PID=5f3e2d1c0b9a8f7e6d5c4b3a&STUDY_ID=64aa00112233445566778899&SESSION_ID=65bb00112233445566778899"


def link(invite: Invite) -> str:
    return reverse("join", args=[invites.key_of(invite)])


def test_a_manager_makes_a_link_and_somebody_new_joins_by_it(open_page):
    manager = MemberFactory(role=Role.MANAGER, campaign__name="Shapes")
    page = open_page(
        manager, reverse("edit_consent", args=[manager.campaign.slug]), permissions=["clipboard-read", "clipboard-write"]
    )
    page.get_by_label("Text").fill("Your answers are *published*.")
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("link", name="Invite links").first.click()
    page.get_by_label("Name of the link").fill("Students")
    page.get_by_role("button", name="Create link").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    address = page.evaluate("navigator.clipboard.readText()")

    visitor = open_page(None, address, viewport=PHONE)
    visitor.get_by_role("link", name="Sign up and join").click()
    visitor.get_by_label("Username").fill("ana")
    visitor.get_by_label("Email").fill("ana@example.org")
    visitor.get_by_label("Password").fill("a long new phrase")
    visitor.get_by_role("button", name="Sign up").click()
    expect(visitor.get_by_text("You are logged in as ana.")).to_be_visible()
    visitor.get_by_role("button", name="Agree and continue").click()
    expect(visitor.get_by_role("heading", name="No pairs yet")).to_be_visible()

    assert Member.objects.get(user__username="ana").campaign == manager.campaign
    assert Consent.objects.get().text.version == 1
    page.reload()
    expect(page.get_by_text("1 joined")).to_be_visible()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Revoked", exact=True)).to_be_visible()
    expect(open_page(None, address).get_by_text("This link was revoked")).to_be_visible()


def test_somebody_comes_by_an_account_of_another_site(open_page, server, oidc_provider, settings):
    app = oidc_provider.register(f"{server.url}/account/oidc/lab/login/callback/")
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    oidc_provider.know("ana", email="ana@lab.example", preferred_username="ana")
    page = open_page(None, link(InviteFactory(campaign__name="Shapes")))

    page.get_by_role("link", name="Log in and join").click()
    page.get_by_role("button", name="Continue with The Lab").click()
    page.locator("input[name=sub]").fill("ana")
    page.get_by_role("button", name="Authorize").click()
    page.get_by_role("button", name="Join").click()

    expect(page.get_by_role("heading", name="No pairs yet")).to_be_visible()
    assert Member.objects.get().user.username == "ana"


def test_somebody_from_a_platform_judges_and_takes_the_code_back(open_page, transactional_db):
    campaign = CampaignFactory(
        completion_code="C0FFEE42", return_url="https://platform.example/complete?cc=C0FFEE42", limit_total=1
    )
    make_pairs(campaign, 3)
    page = open_page(None, link(InviteFactory(campaign=campaign, for_crowd=True)) + PLATFORM, viewport=PHONE)

    page.get_by_role("button", name="Start").click()
    page.locator("[data-state=open] button.choice").first.click()
    expect(page.get_by_role("heading", name="You have reached your limit")).to_be_visible()
    page.reload()

    expect(page.locator("[data-completion-code]")).to_have_text("C0FFEE42")
    back = page.get_by_role("link", name="Back to the platform")
    assert back.get_attribute("href") == "https://platform.example/complete?cc=C0FFEE42"
    assert "noreferrer" in back.get_attribute("rel")
    assert Vote.objects.count() == 1


def test_a_vote_pressed_while_a_new_guideline_came_is_kept_and_the_news_are_shown(open_page, member):
    page = open_page(member, reverse("annotate", args=[member.campaign.slug]))
    open_card(page)
    publish_guideline(
        campaign=member.campaign, text="# Look closely\n\nCount all shapes.", change_note="Small ones count too.", by=None
    )

    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="Changes since version 1, which you accepted")).to_be_visible()
    expect(page.get_by_text("Small ones count too.")).to_be_visible()
    expect(page.locator("del")).to_contain_text("Count the shapes.")
    expect(page.locator("ins")).to_contain_text("Count all shapes.")
    assert Vote.objects.live().count() == 1
    page.get_by_role("button", name="I have read it").click()

    open_card(page)
    assert Member.objects.get(pk=member.pk).guideline_accepted.version == 2
    page.keyboard.press("g")
    expect(page.locator("#guideline-panel")).to_contain_text("Version 2")


def test_answers_are_looked_back_on(open_page, member):
    page = open_page(member, reverse("annotate", args=[member.campaign.slug]))
    open_card(page)
    page.keyboard.press("2")
    expect(page.get_by_role("status").first).to_contain_text("Recorded")

    page.goto(reverse("history", args=[member.campaign.slug]))

    expect(page.get_by_text("Right is better")).to_be_visible()
    page.wait_for_function("[...document.images].every((image) => image.complete && image.naturalWidth)")
    expect(page.get_by_role("img", name="Right image, your choice")).to_be_visible()


def test_joining_works_without_javascript(open_page):
    invite = InviteFactory(campaign__state=CampaignState.DRAFT)
    visitor = MemberFactory()
    page = open_page(visitor, link(invite), java_script_enabled=False)

    page.get_by_role("button", name="Join").click()

    expect(page.get_by_role("heading", name="Not started yet")).to_be_visible()
    assert Campaign.objects.filter(members__user=visitor.user).count() == 2
