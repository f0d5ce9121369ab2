"""The keyboard as it is: keys at once, keys that bounce, keys that are held, and keyboards of other languages."""

from __future__ import annotations

import json

import pytest

from annotator.models import Assignment, Campaign, Vote
from tests.browser.driver import expect
from tests.browser.test_judging import all_sent, annotate_path, open_card, pressed
from tests.factories import QuestionFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Keys that go down at these milliseconds, in the page itself: what drives the browser is not that exact.
PRESS = """(keys) => new Promise((resolve) => {
  for (const { code, key, at, repeat = false } of keys) {
    setTimeout(() => {
      const options = { code, key, repeat, bubbles: true, cancelable: true };
      document.activeElement.dispatchEvent(new KeyboardEvent("keydown", options));
    }, at);
  }
  setTimeout(resolve, 120 + Math.max(...keys.map(({ at }) => at)));
})"""


# Resolves once the page was scrolled down.
SCROLLED = "() => new Promise((done) => { const look = () => (scrollY > 0 ? done() : requestAnimationFrame(look)); look(); })"


def test_two_keys_at_once_are_one_vote(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)

    page.evaluate(PRESS, [{"code": "Digit1", "key": "1", "at": 0}, {"code": "Digit2", "key": "2", "at": 5}])
    second = open_card(page, after=first)
    all_sent(page)

    assert list(Vote.objects.values_list("assignment", flat=True)) == [first]
    assert pressed(first) == "left"
    page.keyboard.press("2")  # seen by now
    open_card(page, after=second)
    all_sent(page)
    assert pressed(second) == "right"


def test_a_key_that_bounces_is_one_vote(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)

    page.evaluate(PRESS, [{"code": "Digit3", "key": "3", "at": at} for at in (0, 40, 80)])
    open_card(page, after=first)
    all_sent(page)

    assert list(Vote.objects.values_list("assignment", flat=True)) == [first]


def test_a_key_that_bounces_answers_one_question_of_a_pair(open_page, member):
    QuestionFactory(campaign=member.campaign, slug="beauty", text="Which is nicer?", position=1)
    page = open_page(member, annotate_path(member))
    open_card(page)

    page.evaluate(PRESS, [{"code": "Digit1", "key": "1", "at": at} for at in (0, 40)])

    assert page.locator("#question-text").inner_text() == "Which is nicer?"
    assert page.locator(".step-answer").all_inner_texts() == ["Left", ""]


def test_a_bouncing_key_skips_one_pair(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)

    page.evaluate(PRESS, [{"code": "KeyS", "key": "s", "at": at} for at in (0, 40)])
    open_card(page, after=first)
    all_sent(page)

    assert member.assignments.filter(state="skipped").count() == 1


def test_a_key_that_is_held_is_one_vote(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)

    page.keyboard.down("1")
    second = open_card(page, after=first)
    for _ in range(5):
        page.keyboard.down("1")  # as the keyboard repeats it, although the next pair can be judged
    page.keyboard.up("1")
    all_sent(page)

    assert open_card(page) == second
    assert list(Vote.objects.values_list("assignment", flat=True)) == [first]


def test_a_click_on_what_nobody_saw_is_no_vote(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)

    page.evaluate("() => [1, 2].forEach(() => document.querySelector('button.choice.left').click())")
    open_card(page, after=first)
    all_sent(page)

    assert list(Vote.objects.values_list("assignment", flat=True)) == [first]


def test_a_campaign_can_ask_for_a_longer_look(open_page, member):
    Campaign.objects.update(answer_ms_min=1500)
    page = open_page(member, annotate_path(member))
    page.locator("article.card.current[data-state=open]").wait_for()

    page.evaluate(PRESS, [{"code": "Digit1", "key": "1", "at": at} for at in (0, 100)])
    first = open_card(page)
    page.keyboard.press("1")
    open_card(page, after=first)
    all_sent(page)

    assert [vote.elapsed_ms >= 1500 for vote in Vote.objects.all()] == [True]


AZERTY = {"Digit1": "&", "Digit2": "é", "Digit3": '"', "Digit4": "'", "KeyQ": "a", "KeyS": "s", "KeyU": "u"}
ARABIC = {"Digit1": "١", "Digit2": "٢", "Digit3": "٣", "Digit4": "٤", "KeyS": "س", "KeyU": "ع"}
LAYOUT = "(layout) => { navigator.keyboard.getLayoutMap = async () => new Map(Object.entries(layout)); }"
CHOICES = {"Digit1": "left", "Digit2": "right", "Digit3": "both_good", "Digit4": "both_bad"}


@pytest.mark.parametrize("layout", [AZERTY, ARABIC], ids=["French", "Arabic"])
def test_keyboards_of_other_languages_vote_by_place_and_see_their_own_keys(open_page, member, layout):
    page = open_page(member, annotate_path(member))
    page.add_init_script(f"({LAYOUT})({json.dumps(layout)})")
    page.reload()
    seat = open_card(page)
    signs = [page.locator(f"button.choice[data-choice={name}] kbd").first for name in CHOICES.values()]
    expect(signs[0]).to_have_text(layout["Digit1"])
    assert [sign.inner_text() for sign in signs] == [layout[code] for code in CHOICES]

    for code, meant in CHOICES.items():
        page.evaluate(PRESS, [{"code": code, "key": layout[code], "at": 0}])
        after = open_card(page, after=seat)
        all_sent(page)
        assert pressed(seat) == meant
        seat = after
    page.evaluate(PRESS, [{"code": "KeyS", "key": layout["KeyS"], "at": 0}])
    open_card(page, after=seat)
    all_sent(page)

    assert Assignment.objects.get(pk=seat).state == "skipped"


def test_without_a_layout_map_the_labels_are_learnt_as_keys_are_pressed(open_page, member):
    page = open_page(member, annotate_path(member))
    page.add_init_script("delete Navigator.prototype.keyboard")
    page.reload()
    first = open_card(page)

    page.evaluate(PRESS, [{"code": "Digit2", "key": "é", "at": 0}])
    open_card(page, after=first)
    all_sent(page)

    assert pressed(first) == "right"
    expect(page.locator("button.choice[data-choice=right] kbd").first).to_have_text("é")


def test_numbers_read_from_left_to_right_in_the_order_of_tab(open_page, member):
    page = open_page(member, annotate_path(member))
    open_card(page)
    buttons = page.locator("button.choice").all()

    assert [button.locator("kbd").first.inner_text() for button in buttons] == ["1", "2", "3", "4"]
    places = [button.bounding_box() for button in buttons]
    assert [place["x"] for place in places] == sorted(place["x"] for place in places)
    buttons[0].focus()
    for button in buttons[1:]:
        page.keyboard.press("Tab")
        expect(button).to_be_focused()


def test_the_left_hand_has_a_map_which_is_kept_with_the_account(open_page, member):
    page = open_page(member, annotate_path(member))
    open_card(page)
    page.keyboard.press("?")
    with page.expect_response("**/preferences/"):
        page.get_by_label("Keys", exact=True).select_option("Left hand")
    page.get_by_role("button", name="Close").last.click()

    other = open_page(member, annotate_path(member))  # another device
    first = open_card(other)
    assert other.locator("button.choice[data-choice=left] kbd").first.inner_text() == "a"
    other.keyboard.press("d")
    second = open_card(other, after=first)
    other.keyboard.press("s")
    open_card(other, after=second)
    all_sent(other)

    assert (pressed(first), pressed(second)) == ("right", "both_bad")


def test_somebody_gives_an_action_a_key_of_their_own(open_page, member):
    page = open_page(member, annotate_path(member))
    open_card(page)
    page.keyboard.press("?")
    page.locator("[data-change-key=both_good]").click()
    with page.expect_response("**/preferences/"):
        page.keyboard.press("Space")  # needed to move on the page
        page.keyboard.press("k")
    page.keyboard.press("Escape")
    page.reload()
    first = open_card(page)
    assert page.locator("button.choice[data-choice=both_good] kbd").first.inner_text() == "k"

    page.keyboard.press("3")  # no more
    page.keyboard.press("k")
    open_card(page, after=first)
    all_sent(page)

    assert pressed(first) == "both_good"


def test_arrows_scroll_a_page_that_is_higher_than_the_screen(open_page, member):
    page = open_page(member, annotate_path(member), viewport={"width": 320, "height": 160})
    first = open_card(page)
    assert page.evaluate("document.documentElement.scrollHeight > document.documentElement.clientHeight")

    page.keyboard.press("ArrowDown")
    page.evaluate(SCROLLED)
    page.evaluate("scrollTo(0, 10000)")
    page.keyboard.press("ArrowDown")  # at the end
    page.keyboard.press("ArrowUp")

    assert open_card(page) == first
    assert page.locator("#deck").get_attribute("data-unsent") == "0"
