"""The frame of the console in a browser: the palette by keys, and the rooms as a sheet of a phone."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotator.choices import Role
from tests.browser.axe import found_in_both_schemes
from tests.browser.conftest import PHONE, Open
from tests.browser.driver import expect
from tests.factories import MemberFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_one_goes_through_the_console_by_keys(open_page: Open, member) -> None:
    manager = MemberFactory(campaign=member.campaign, role=Role.MANAGER)
    page = open_page(manager, reverse("members", args=[member.campaign.slug]))

    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator("[data-hit]").first).to_be_visible()  # pages, before anything is typed
    assert found_in_both_schemes(page) == []
    page.keyboard.type("invite")
    expect(page.locator("[data-hit]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+k")
    page.keyboard.type("webhook")
    page.keyboard.press("Enter")  # before anything is found
    page.wait_for_url("**/webhooks/")
    page.keyboard.press("Control+k")
    page.keyboard.type("audit")
    expect(page.locator("[data-hit]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-hit]").first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit/")


def test_the_rooms_are_a_sheet_on_a_phone(open_page: Open, member) -> None:
    manager = MemberFactory(campaign=member.campaign, role=Role.MANAGER)
    page = open_page(manager, reverse("members", args=[member.campaign.slug]), viewport=PHONE, java_script_enabled=False)
    rooms = page.get_by_role("navigation", name="Console")
    expect(rooms).to_be_hidden()

    page.get_by_role("button", name="Rooms of the campaign").click()

    expect(rooms).to_be_visible()
    rooms.get_by_role("link", name="Releases").click()
    page.wait_for_url("**/releases/")
    page.get_by_role("link", name="Search").click()
    page.get_by_role("searchbox").fill("queue")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Review queue").click()
    page.wait_for_url("**/queue/")


def test_a_guideline_appears_beside_the_form_while_it_is_written(open_page: Open, member) -> None:
    manager = MemberFactory(campaign=member.campaign, role=Role.MANAGER)
    page = open_page(manager, reverse("edit_guideline", args=[member.campaign.slug]))

    page.get_by_label("Text").fill("# Look\n\nAt **hands**.")

    expect(page.locator("#guideline-preview strong")).to_have_text("hands")
    assert found_in_both_schemes(page) == []
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url(f"**/manage/{member.campaign.slug}/")
