"""Taking things back, looking back, and what is not finished."""

from __future__ import annotations

import pytest

from annotator.models import Assignment, Campaign, Flag, Vote
from tests.browser.driver import expect
from tests.browser.test_judging import all_sent, annotate_path, open_card, pressed
from tests.factories import QuestionFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_undo_takes_back_a_vote_a_skip_and_a_flag_in_their_order(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    page.keyboard.press("1")
    second = open_card(page, after=first)
    page.keyboard.press("s")
    third = open_card(page, after=second)
    page.keyboard.press("f")
    page.get_by_role("radio", name="Unsafe content").check()
    page.get_by_role("button", name="Flag and continue").click()
    open_card(page, after=third)
    all_sent(page)
    assert [Assignment.objects.get(pk=seat).state for seat in (first, second, third)] == ["answered", "skipped", "flagged"]

    for seat, key in ((third, "u"), (second, "Backspace"), (first, "u")):
        page.keyboard.press(key)
        page.locator("article.card.current[data-state=open]:not(.gone)").wait_for()
        assert open_card(page) == seat
        all_sent(page)

    assert set(Assignment.objects.filter(pk__in=[first, second, third]).values_list("state", flat=True)) == {"open"}
    assert Vote.objects.get().void_reason == "undone"
    assert Flag.objects.get().resolved_at is not None
    assert page.locator("#trouble").is_hidden()


def test_a_skip_is_undone_after_a_reload_and_without_javascript(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    page.keyboard.press("s")
    open_card(page, after=first)
    all_sent(page)
    page.reload()
    open_card(page, after=first)
    page.keyboard.press("u")
    page.locator("article.card.current[data-state=open]").wait_for()
    all_sent(page)
    assert Assignment.objects.get(pk=first).state == "open"

    plain = open_page(member, annotate_path(member), java_script_enabled=False)
    plain.get_by_role("button", name="Skip").click()
    plain.get_by_role("button", name="Undo").click()

    expect(plain.get_by_role("status")).to_contain_text("Undone.")
    assert not Assignment.objects.filter(state="skipped").exists()


def test_earlier_pairs_are_looked_at_and_nothing_is_undone(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    page.keyboard.press("2")
    second = open_card(page, after=first)
    page.keyboard.press("4")
    third = open_card(page, after=second)
    all_sent(page)
    page.reload()
    assert open_card(page) == third

    page.keyboard.press("l")
    dialog = page.get_by_role("dialog", name="Earlier pairs")
    prompts = {seat: Assignment.objects.get(pk=seat).pair.prompt.text for seat in (first, second)}
    expect(dialog.locator("[data-prompt]")).to_have_text(prompts[second])
    expect(dialog.locator("dd")).to_have_text("Both bad")
    page.keyboard.press("ArrowLeft")
    expect(dialog.locator("[data-prompt]")).to_have_text(prompts[first])
    expect(dialog.locator("dd")).to_have_text("Right is better")
    expect(dialog.get_by_role("img", name="Right image, your choice")).to_be_visible()
    page.keyboard.press("1")  # no key votes here
    page.keyboard.press("Escape")

    assert open_card(page) == third
    assert Vote.objects.live().count() == 2


def test_the_help_leaves_the_keys_on(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    page.keyboard.press("1")
    open_card(page, after=first)
    all_sent(page)

    assert pressed(first) == "left"


def test_a_comment_is_written_sent_and_left_from_the_keyboard(open_page, member):
    Campaign.objects.update(asks_comment=True)
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    comment = page.get_by_label("Comment")

    page.keyboard.press("c")
    expect(comment).to_be_focused()
    page.keyboard.type("a 3rd hand")
    page.keyboard.press("Escape")
    expect(comment).not_to_be_focused()
    page.keyboard.press("3")
    second = open_card(page, after=first)
    page.keyboard.press("c")
    page.keyboard.type("blurred")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("Now choose")
    page.keyboard.press("1")
    open_card(page, after=second)
    all_sent(page)
    page.keyboard.press("u")
    page.locator("button[data-earlier]").wait_for()
    open_card(page)
    page.keyboard.press("c")
    page.keyboard.type(" on the left")
    page.keyboard.press("Control+Enter")
    open_card(page, after=second)
    all_sent(page)

    live = Vote.objects.live()
    assert live.get(assignment=first).comment == "a 3rd hand"
    assert live.get(assignment=second).comment == "blurred on the left"
    assert pressed(first) == "both_good"


def test_what_was_typed_and_answered_survives_a_reload(open_page, member):
    Campaign.objects.update(asks_comment=True)
    QuestionFactory(campaign=member.campaign, slug="beauty", text="Which is nicer?", position=1)
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    page.keyboard.press("2")
    expect(page.locator("#question-text")).to_have_text("Which is nicer?")
    page.keyboard.press("c")
    page.keyboard.type("six fingers")
    page.reload()

    assert open_card(page) == first
    expect(page.locator("#question-text")).to_have_text("Which is nicer?")
    expect(page.get_by_label("Comment")).to_have_value("six fingers")
    page.keyboard.press("1")
    open_card(page, after=first)
    all_sent(page)
    assert dict(Vote.objects.values_list("question__slug", "comment")) == {"overall": "six fingers", "beauty": ""}
    page.reload()
    open_card(page, after=first)
    expect(page.get_by_label("Comment")).to_have_value("")
