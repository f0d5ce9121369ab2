"""Pages from right to left: they are mirrored, and what stands for the left and the right image is not."""

from __future__ import annotations

import pytest

from annotator.models import Member
from tests.browser.conftest import WIDE, accept, make_pairs
from tests.browser.driver import Remote, expect
from tests.browser.test_judging import all_sent, annotate_path, open_card, pressed
from tests.factories import MemberFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ARABIC = {"locale": "ar-EG"}
MIDDLE = "(selector) => {const {x, width} = document.querySelector(selector).getBoundingClientRect(); return x + width / 2}"


@pytest.fixture
def member() -> Member:
    member = MemberFactory()
    accept(member)
    make_pairs(member.campaign, 4)
    return member


def middle(page: Remote, selector: str) -> float:
    return page.evaluate(MIDDLE, selector)


@pytest.mark.parametrize("viewport", [WIDE, {"width": 800, "height": 1280}], ids=["wide", "tablet"])
def test_the_page_is_mirrored_and_left_stays_left(open_page, member, viewport):
    page = open_page(member, annotate_path(member), viewport=viewport, **ARABIC)
    first = open_card(page)
    card = "article.card.current "

    assert page.evaluate("document.documentElement.dir") == "rtl"
    assert middle(page, ".brand") > viewport["width"] / 2
    is_stacked = page.evaluate("document.body.classList.contains('stacked')")
    if not is_stacked:
        assert middle(page, f"{card}.box:first-child") < middle(page, f"{card}.box:nth-child(2)")
        expect(page.locator("button.choice.left")).to_contain_text("اليسرى أفضل")
    assert middle(page, "button.choice.left") < middle(page, "button.choice.right")

    page.locator("button.choice.left").click()
    all_sent(page)

    assert pressed(first) == "left"
    expect(page.locator("#status-message")).to_contain_text("سُجّل")


def test_keys_and_messages_of_the_script_are_in_the_language_of_the_account(open_page, member):
    member.user.language = "de"
    member.user.save()
    page = open_page(member, annotate_path(member), **ARABIC)
    first = open_card(page)
    page.keyboard.press("2")
    all_sent(page)
    open_card(page, after=first)

    assert pressed(first) == "right"
    expect(page.locator("#status-message")).to_contain_text("Gespeichert: rechts ist besser. 1 beurteilt.", use_inner_text=True)
    page.context.set_offline(True)
    expect(page.locator("#status-message")).to_contain_text("Sie sind offline.")
