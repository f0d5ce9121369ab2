"""The images get most of the screen on every size, and a finger is enough to judge them."""

from __future__ import annotations

import hashlib

import pytest

from annotator.models import Pair, Prompt, Vote
from tests.browser.conftest import PHONE, accept, make_image
from tests.browser.driver import Remote, expect
from tests.browser.test_judging import all_sent, annotate_path, open_card, pressed
from tests.browser.test_zoom import looked_at, touch
from tests.factories import MemberFactory, PairFactory, PromptFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DESKTOPS = [(1920, 1080), (1440, 900), (1366, 650), (1024, 768), (800, 1280)]
PHONES = [(360, 740), (412, 915), (640, 360)]
LONG = "An old harbour at dawn.\n\nForeground: two men mending nets.\n" + "Late light, muted blues and one warm accent. " * 40

# What both images cover of the window, once they cover so much: 0 while not all of the page is in it.
SHARE = """async (least) => {
  const share = () => {
    const area = ({width, height}) => width * height;
    const images = [...document.querySelectorAll(".card.current .box img")].map((image) => image.getBoundingClientRect());
    const {scrollWidth, scrollHeight} = document.documentElement;
    const isWhole = scrollWidth <= innerWidth && scrollHeight <= innerHeight;
    return isWhole ? images.reduce((sum, image) => sum + area(image), 0) / (innerWidth * innerHeight) : 0;
  };
  const end = performance.now() + 5000;
  while (share() < least && performance.now() < end) await new Promise(requestAnimationFrame);
  return share();
}"""


@pytest.fixture
def member(transactional_db: None):
    """With pairs of square images, so small that no larger copy of them is still made when a test ends, and long prompts."""
    member = MemberFactory()
    accept(member)
    for number in range(5):
        text = f"{number}. {LONG}"
        prompt = PromptFactory.build(campaign=member.campaign, text=text, text_sha256=hashlib.sha256(text.encode()).hexdigest())
        one, other = make_image(prompt, "tomato", number + 2, (600, 600)), make_image(prompt, "steelblue", number, (600, 600))
        pair = PairFactory.build(campaign=member.campaign, prompt=prompt, image_a=one, image_b=other)
        Prompt.objects.bulk_create([prompt])
        type(one).objects.bulk_create([one, other])
        Pair.objects.bulk_create([pair])
    return member


def phone(open_page, member) -> Remote:
    return open_page(member, annotate_path(member), viewport=PHONE, has_touch=True, is_mobile=True)


def test_the_images_get_most_of_the_screen_on_every_size(open_page, member):
    page = open_page(member, annotate_path(member))
    open_card(page)

    for sizes, least in ((DESKTOPS, 0.60), (PHONES, 0.65)):
        for width, height in sizes:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(SHARE, least) >= least, (width, height)


def test_a_long_prompt_is_folded_read_in_full_beside_the_images_and_the_vote_says_whether(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    more = page.locator(".card.current .more")
    expect(more).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("1")
    second = open_card(page, after=first)

    page.keyboard.press("p")
    expect(more).to_have_attribute("aria-expanded", "true")
    title = page.get_by_role("heading", level=1)
    assert title.inner_text().count("\n") >= 3
    text, image = title.bounding_box(), page.get_by_role("img", name="Left image").bounding_box()
    assert text["x"] + text["width"] <= image["x"]
    assert title.evaluate("title => title.scrollTo(0, 1e6) || title.scrollTop + title.clientHeight >= title.scrollHeight - 1")
    page.keyboard.press("2")
    open_card(page, after=second)
    all_sent(page)

    seen = dict(Vote.objects.values_list("assignment", "conditions"))
    assert [seen[seat]["prompt"] for seat in (first, second)] == ["folded", "unfolded"]
    assert (seen[first]["input"], seen[first]["layout"], seen[first]["zoom"]) == ("keys", "side_by_side", 1)


def test_a_tap_or_a_swipe_chooses_and_what_was_chosen_is_undone_at_once(open_page, member):
    page = phone(open_page, member)
    first = open_card(page)
    page.get_by_role("img", name="Bottom image").tap()
    second = open_card(page, after=first)
    x, y = centre_of(page)
    send = touch(page)
    send("touchStart", (x + 60, y))
    send("touchMove", (x, y))
    send("touchMove", (x - 60, y))
    send("touchEnd")
    third = open_card(page, after=second)
    all_sent(page)
    assert (pressed(first), pressed(second)) == ("right", "left")
    assert [vote.conditions["input"] for vote in Vote.objects.order_by("pk")] == ["touch", "swipe"]

    page.get_by_role("button", name="Undo").tap()
    open_card(page, after=third)
    all_sent(page)
    assert list(Vote.objects.order_by("pk").values_list("void_reason", flat=True)) == [None, "undone"]


def centre_of(page: Remote) -> tuple[float, float]:
    box = page.get_by_role("img", name="Top image").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_swipe_up_looks_closely_and_a_finger_votes_no_more(open_page, member):
    page = phone(open_page, member)
    first = open_card(page)
    x, y = centre_of(page)
    send = touch(page)
    send("touchStart", (x, y + 50))
    send("touchMove", (x, y))
    send("touchMove", (x, y - 50))
    send("touchEnd")
    assert looked_at(page)[0]["scale"] >= 2
    page.touchscreen.tap(x, y)

    assert open_card(page) == first
    assert not Vote.objects.exists()


def test_whoever_switches_swipes_off_has_them_off_on_every_device(open_page, member):
    page = phone(open_page, member)
    first = open_card(page)
    page.get_by_role("button", name="More", exact=True).tap()
    page.get_by_role("button", name="View").tap()
    with page.expect_response("**/preferences/"):
        page.get_by_label("Swipe left or right to choose").uncheck()
    page.get_by_label("Tap an image to choose it").uncheck()

    other = phone(open_page, member)
    open_card(other)
    x, y = centre_of(other)
    send = touch(other)
    send("touchStart", (x + 60, y))
    send("touchMove", (x - 60, y))
    send("touchEnd")
    assert open_card(other) == first
    assert not Vote.objects.exists()


def test_keys_reach_what_a_narrow_window_keeps_behind_more(open_page, member):
    page = open_page(member, annotate_path(member), viewport={"width": 700, "height": 800})
    open_card(page)
    page.keyboard.press("f")
    expect(page.get_by_role("radio", name="Unsafe content")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("radio", name="Unsafe content")).to_be_hidden()
    page.keyboard.press("z")
    assert looked_at(page)[0]["scale"] >= 2
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    expect(page.get_by_role("complementary", name="Guideline")).to_be_visible()


def test_the_last_choice_is_not_marked_on_the_next_pair_of_a_phone(open_page, member):
    page = phone(open_page, member)
    first = open_card(page)
    button = page.get_by_role("button", name="Bottom is better")
    before = button.evaluate("button => getComputedStyle(button).backgroundColor")
    button.tap()
    open_card(page, after=first)

    expect(button).to_have_css("background-color", before)  # once the finger is up, which it shows for a moment
    skip_button = page.get_by_role("button", name="Skip")
    before, second = skip_button.evaluate("button => getComputedStyle(button).backgroundColor"), open_card(page)
    skip_button.tap()
    open_card(page, after=second)
    expect(skip_button).to_have_css("background-color", before)
    skip = skip_button.bounding_box()
    assert skip["y"] + skip["height"] <= page.locator(".card.current .pair").bounding_box()["y"]


def test_both_are_seen_in_one_place_and_on_the_ground_that_was_chosen(open_page, member):
    page = open_page(member, annotate_path(member))
    open_card(page)
    page.keyboard.down("b")
    expect(page.locator(".box.over img")).to_have_count(2)
    page.keyboard.up("b")
    expect(page.locator(".box.over")).to_have_count(0)
    page.keyboard.press("d")
    expect(page.locator(".box.over.difference")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    expect(page.locator("#scale")).to_have_text("100 %")
    page.keyboard.press("v")
    page.get_by_label("White").check()
    page.keyboard.press("Escape")

    ground = "image => getComputedStyle(image).backgroundColor"
    assert page.locator(".card.current .box img").first.evaluate(ground) == "rgb(255, 255, 255)"
