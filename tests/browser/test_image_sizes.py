"""A device fetches the copy of an image that it shows, and no larger one."""

from __future__ import annotations

import pytest

from annotator.importing.images import DISPLAY_WIDTHS
from tests.browser.conftest import PHONE, accept, make_pairs
from tests.browser.test_judging import annotate_path, open_card
from tests.factories import MemberFactory

SHOWN = """
image => {
  const box = image.getBoundingClientRect();
  const scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
  const [, width] = image.currentSrc.match(/\\/(\\d+)\\/$/);
  return {fetched: Number(width), needed: image.naturalWidth * scale * devicePixelRatio};
}
"""


@pytest.mark.parametrize(
    ("viewport", "density", "fetched"),
    [
        (PHONE, 3, [640, 1280]),  # the high one is 185 pixels wide there, the other 328
        ({"width": 1280, "height": 800}, 1, [640, 640]),
        ({"width": 2200, "height": 1300}, 1, [1280, 1280]),
    ],
)
def test_the_copy_that_is_fetched_is_the_smallest_that_is_sharp(open_page, transactional_db, viewport, density, fetched):
    member = MemberFactory()
    accept(member)
    make_pairs(member.campaign, 1, size=1300)
    page = open_page(member, annotate_path(member), viewport=viewport, device_scale_factor=density)
    open_card(page)

    shown = [side.evaluate(SHOWN) for side in page.locator(".card.current .box img").all()]
    assert sorted(one["fetched"] for one in shown) == fetched
    assert all(one["fetched"] == min(width for width in DISPLAY_WIDTHS if width >= one["needed"]) for one in shown)
