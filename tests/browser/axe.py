"""What axe-core finds on a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.browser.driver import Remote

AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text()
# What is wrong, where, and how axe-core explains it: one line each, for the message of a failed test.
# Without `preload`, which fetches and reads every stylesheet anew for two rules: one is off, and one is about sounds.
FIND = """async (rules) => (
  await axe.run(document, {resultTypes: ["violations"], preload: false, ...rules})
).violations.flatMap((rule) =>
  rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")} | ${node.html.slice(0, 120)} | ${node.failureSummary}`))"""
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}  # all that another colour scheme can change


def found_on(page: Remote, rules: dict[str, Any] | None = None) -> list[str]:
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
        page.add_init_script(AXE)  # the pages after this one bring it themselves, which takes a fifth of the time
    return page.evaluate(FIND, rules or {})


def found_in_both_schemes(page: Remote) -> list[str]:
    """In light and in dark, where only the rules about colours can find something else. The page is left in dark."""
    page.emulate_media(color_scheme="light")
    found = found_on(page)
    page.emulate_media(color_scheme="dark")
    return found + [f"in dark: {what}" for what in found_on(page, COLOURS)]
