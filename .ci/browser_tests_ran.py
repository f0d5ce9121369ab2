"""Fails unless a test run had tests in Chromium and skipped none of them: a missing browser must not pass for success."""

import sys
from pathlib import Path
from xml.etree import ElementTree

BROWSER_TESTS = "tests.browser"
IN_FIREFOX = "tests.browser.test_firefox"  # where Debian's packages give it


def complaint(report: Path) -> str | None:
    """What is wrong with the browser tests of a run, or None. `report` is a JUnit XML file as pytest writes it."""
    if not report.exists():
        return f"The tests left no report in {report}."
    cases = ElementTree.parse(report).iter("testcase")  # noqa: S314 - a file that pytest has just written
    browser_cases = [case for case in cases if case.get("classname", "").startswith(BROWSER_TESTS)]
    if not browser_cases:
        return "No browser test ran."
    needed = [case for case in browser_cases if case.get("classname") != IN_FIREFOX]
    skipped = [f"{case.get('name')}: {reason.get('message')}" for case in needed for reason in case.iter("skipped")]
    return "Browser tests were skipped:\n  " + "\n  ".join(skipped) if skipped else None


if __name__ == "__main__":
    sys.exit(complaint(Path(sys.argv[1])))
