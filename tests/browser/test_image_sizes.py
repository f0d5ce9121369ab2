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
        (PHONE, 3, 640),  # by the width of the screen alone it would take the larger one
        ({"width": 1280, "height": 800}, 1, 640),
        ({"width": 2200, "height": 1300}, 1, 1280),
    ],
)
def test_the_copy_that_is_fetched_is_the_smallest_that_is_sharp(open_page, transactional_db, viewport, density, fetched):
    member = MemberFactory()
    accept(member)
    make_pairs(member.campaign, 1, size=1300)
    page = open_page(member, annotate_path(member), viewport=viewport, device_scale_factor=density)
    open_card(page)

    for side in page.locator(".card.current .box img").all():
        shown = side.evaluate(SHOWN)
        assert shown["fetched"] == fetched
        assert fetched == min(width for width in DISPLAY_WIDTHS if width >= shown["needed"])
