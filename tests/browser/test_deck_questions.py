"""The deck where a campaign asks several questions, or for a comment."""

from __future__ import annotations

import pytest

from annotator.models import Assignment, Campaign, Member, Vote
from tests.browser.conftest import PHONE
from tests.browser.driver import expect
from tests.browser.test_judging import all_sent, annotate_path, open_card, seen
from tests.factories import QuestionFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def three_questions(member: Member) -> Member:
    QuestionFactory(campaign=member.campaign, slug="prompt", text="Which follows the prompt?", position=1)
    QuestionFactory(campaign=member.campaign, slug="beauty", text="Which looks better?", position=2, choices=["a", "b"])
    return member


def test_several_questions_are_answered_by_keys_in_order_and_sent_as_one(open_page, three_questions):
    page = open_page(three_questions, annotate_path(three_questions))
    first = open_card(page)
    question = page.locator("legend#question-text")
    expect(question).to_have_text("Which image is better overall?")
    page.keyboard.press("1")
    expect(question).to_have_text("Which follows the prompt?")
    expect(page.get_by_role("button", name="Which image is better overall?")).to_contain_text("Left")
    seen(page)
    page.keyboard.press("2")
    expect(page.get_by_role("button", name="Which looks better?")).to_have_attribute("aria-current", "step")
    seen(page)
    page.keyboard.press("3")  # this question has no such answer
    page.keyboard.press("Backspace")
    expect(question).to_have_text("Which follows the prompt?")
    seen(page)
    page.keyboard.press("4")
    page.get_by_role("button", name="Which image is better overall?").click()
    expect(question).to_have_text("Which image is better overall?")
    seen(page)
    page.keyboard.press("3")
    assert open_card(page) == first
    page.keyboard.press("2")
    open_card(page, after=first)
    all_sent(page)

    seat = Assignment.objects.get(pk=first)
    votes = dict(Vote.objects.filter(assignment=seat).values_list("question__slug", "choice"))
    assert votes == {"overall": "both_good", "prompt": "both_bad", "beauty": "b" if seat.a_on_left else "a"}
    assert question.inner_text() == "Which image is better overall?"


def test_several_questions_without_javascript(open_page, three_questions):
    page = open_page(three_questions, annotate_path(three_questions), java_script_enabled=False)
    for text, answer in (("overall", "Left"), ("follows", "Both good"), ("looks", "Right")):
        page.get_by_role("group").filter(has_text=text).get_by_role("radio", name=answer, exact=True).check()
    page.get_by_role("button", name="Save answers").click()

    expect(page.get_by_role("status")).to_contain_text("Recorded: 3 answers.")
    assert dict(Vote.objects.values_list("question__slug", "choice"))["prompt"] == "both_good"


def test_several_questions_fit_on_a_phone(open_page, three_questions):
    page = open_page(three_questions, annotate_path(three_questions), viewport=PHONE, has_touch=True, is_mobile=True)
    open_card(page)

    buttons = [page.get_by_role("button", name=name).bounding_box() for name in ("Top is better", "Both bad")]
    assert max(place["y"] + place["height"] for place in buttons) <= PHONE["height"]
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_a_comment_goes_with_the_vote(open_page, member):
    Campaign.objects.update(asks_comment=True)
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    page.get_by_label("Comment").fill("1 finger too many")
    page.get_by_label("Comment").press("Enter")
    assert open_card(page) == first
    page.get_by_role("button", name="Right is better").click()
    open_card(page, after=first)
    assert page.get_by_label("Comment").input_value() == ""
    all_sent(page)

    assert Vote.objects.get().comment.strip() == "1 finger too many"
