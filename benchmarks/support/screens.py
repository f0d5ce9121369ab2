"""The screens on which the annotation page is measured: what the images get of each, and what a phone fetches for a pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DESKTOP_SHARE, PHONE_SHARE = 0.60, 0.65  # of the window, at least

# What both images cover of the window, once the page has laid them out for it; 0 where the page does not fit into it.
SHARE = """async () => {
  await new Promise((resolve) => setTimeout(resolve, 300));
  const images = [...document.querySelectorAll(".card.current .box img")].map((image) => image.getBoundingClientRect());
  const {scrollWidth, scrollHeight} = document.documentElement;
  const isWhole = scrollWidth <= innerWidth && scrollHeight <= innerHeight;
  return isWhole ? images.reduce((sum, {width, height}) => sum + width * height, 0) / (innerWidth * innerHeight) : 0;
}"""


@dataclass(frozen=True)
class Screen:
    width: int
    height: int
    density: int = 1
    is_phone: bool = False

    @property
    def viewport(self) -> dict[str, int]:
        return {"width": self.width, "height": self.height}

    @property
    def options(self) -> dict[str, Any]:
        """Of a browser context."""
        touch = {"has_touch": True, "is_mobile": True} if self.is_phone else {}
        return {"viewport": self.viewport, "device_scale_factor": self.density} | touch

    @property
    def least_share(self) -> float:
        return PHONE_SHARE if self.is_phone else DESKTOP_SHARE

    def __str__(self) -> str:
        return f"{self.width} × {self.height}"


DESKTOP = Screen(1440, 900)
PHONE = Screen(360, 740, density=3, is_phone=True)
SCREENS = (
    Screen(1920, 1080),
    DESKTOP,
    Screen(1366, 650),
    Screen(1024, 768),
    Screen(800, 1280, density=2),
    Screen(412, 915, density=3, is_phone=True),
    PHONE,
    Screen(640, 360, density=3, is_phone=True),
)


def shares(page: Any) -> dict[Screen, float]:
    """Of a page that shows a pair: what both images get of each screen. The window is afterwards as it was."""
    before = page.viewport_size
    found = {}
    for screen in SCREENS:
        page.set_viewport_size(screen.viewport)
        found[screen] = round(page.evaluate(SHARE), 3)
    page.set_viewport_size(before)
    return found
