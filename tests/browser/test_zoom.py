"""Looking closely: both images at the same place, in full size, by key, wheel, fingers and mouse."""

from __future__ import annotations

import re
from typing import Any

import pytest

from annotator.models import Assignment, Vote
from tests.browser.conftest import PHONE
from tests.browser.driver import Remote, expect
from tests.browser.test_deck import settled
from tests.browser.test_judging import all_sent, annotate_path, open_card

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The place of the images that stands in the middle of each box, as shares of the image, and how much it is enlarged.
LOOKED_AT = """() => [...document.querySelectorAll(".current .box")].map((box) => {
    const image = box.querySelector("img");
    const frame = box.getBoundingClientRect();
    const drawn = image.getBoundingClientRect();
    const [w, h] = [Number(image.getAttribute("width")), Number(image.getAttribute("height"))];
    const scale = drawn.width / (w * Math.min(frame.width / w, frame.height / h));
    const x = (frame.x + frame.width / 2 - drawn.x) / drawn.width;
    const y = (frame.y + frame.height / 2 - drawn.y) / drawn.height;
    return { scale, x, y };
})"""


def looked_at(page: Remote) -> list[dict[str, float]]:
    return page.evaluate(LOOKED_AT)


def middle_of(page: Remote, name: str) -> tuple[float, float]:
    box = page.locator(".current .box", has=page.get_by_role("img", name=name)).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def full_copies(page: Remote) -> list[str]:
    names = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    return [name for name in names if name.endswith("/full/")]


def test_a_key_shows_both_images_closely_in_full_size_and_the_next_pair_whole(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    settled(page)
    assert full_copies(page) == []

    page.keyboard.press("z")
    expect(page.get_by_role("button", name="Zoom")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".current .full.there")).to_have_count(2)
    seat = Assignment.objects.select_related("pair__image_a", "pair__image_b").get(pk=first)
    shown = {re.search(r"/images/([0-9a-f-]{36})/", name)[1] for name in full_copies(page)}
    assert shown == {str(seat.pair.image_a.public_id), str(seat.pair.image_b.public_id)}
    left, right = looked_at(page)
    assert left["scale"] == pytest.approx(right["scale"], rel=0.001)
    assert left["scale"] >= 2
    assert (left["x"], left["y"], right["x"], right["y"]) == pytest.approx((0.5, 0.5, 0.5, 0.5), abs=0.01)

    page.keyboard.press("z")
    assert [place["scale"] for place in looked_at(page)] == pytest.approx([1, 1], abs=0.01)
    page.keyboard.press("z")
    page.keyboard.press("1")
    open_card(page, after=first)
    assert [place["scale"] for place in looked_at(page)] == pytest.approx([1, 1], abs=0.01)
    all_sent(page)
    assert Vote.objects.count() == 1


def test_the_wheel_and_the_mouse_move_both_alike(open_page, member):
    page = open_page(member, annotate_path(member))
    open_card(page)
    x, y = middle_of(page, "Left image")
    page.mouse.move(x + 40, y + 60)
    page.mouse.wheel(0, -500)
    left, right = looked_at(page)
    assert left["scale"] == pytest.approx(right["scale"], rel=0.001)
    assert left["scale"] > 2
    assert left["x"] > 0.5
    assert left["y"] > 0.5
    same_place(left, right)

    page.mouse.down()
    page.mouse.move(x + 100, y + 160, steps=4)
    page.mouse.up()
    dragged = looked_at(page)
    assert dragged[0]["x"] < left["x"]
    assert dragged[0]["y"] < left["y"]
    same_place(*dragged)
    page.mouse.move(x, y)
    page.mouse.wheel(0, 5_000)
    assert [place["scale"] for place in looked_at(page)] == pytest.approx([1, 1], abs=0.01)
    assert not Vote.objects.exists()


def same_place(left: dict[str, float], right: dict[str, float]) -> None:
    """Up to what the edges of images of different shape allow."""
    assert (left["x"], left["y"]) == pytest.approx((right["x"], right["y"]), abs=0.12)


def test_it_works_from_the_keyboard_alone(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.keyboard.press("+")
    closer = looked_at(page)
    for key in ("Shift+ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    moved = looked_at(page)
    assert closer[0]["scale"] == pytest.approx(moved[0]["scale"], rel=0.001)
    assert moved[0]["scale"] > 2
    assert moved[0]["x"] > closer[0]["x"]
    assert moved[1]["y"] > closer[1]["y"]
    page.keyboard.press("-")
    assert looked_at(page)[0]["scale"] < moved[0]["scale"]
    page.keyboard.press("Escape")
    assert looked_at(page)[0]["scale"] == pytest.approx(1, abs=0.01)
    assert open_card(page) == first
    assert not Vote.objects.exists()


def touch(page: Remote) -> Any:
    session = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    return send


def test_two_fingers_zoom_and_one_finger_drags_both(open_page, member):
    page = open_page(member, annotate_path(member), viewport=PHONE, has_touch=True, is_mobile=True)
    open_card(page)
    x, y = middle_of(page, "Top image")
    send = touch(page)
    send("touchStart", (x - 20, y), (x + 20, y))
    for spread in (30, 45, 60):
        send("touchMove", (x - spread, y), (x + spread, y))
    send("touchEnd")
    top, bottom = looked_at(page)
    assert top["scale"] == pytest.approx(3, abs=0.4)
    assert bottom["scale"] == pytest.approx(top["scale"], rel=0.001)
    assert page.evaluate("visualViewport.scale") == 1  # the page itself stays as it is

    send("touchStart", (x, y))
    for step in (10, 20, 30):
        send("touchMove", (x - step, y))
    send("touchEnd")
    assert looked_at(page)[0]["x"] > top["x"]
    assert not Vote.objects.exists()
