"""The modules of the annotation page, each by itself: the tests are in modules/<module>.test.js and run in a blank page.

The page is served from the files here, under the content security policy of the site. No server and no database is asked.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from csp.utils import build_policy
from django.conf import settings

from tests.browser.driver import Remote

pytestmark = pytest.mark.browser

ROOT = Path(settings.BASE_DIR)
SCRIPTS = ROOT / "static/js/annotate"
TESTS = ROOT / "tests/browser/modules"
PUT_TOGETHER = {"main", "viewer"}  # holds the others together, which tests/browser/test_judging.py and its like look at
MODULES = sorted({file.stem for file in SCRIPTS.glob("*.js")} - PUT_TOGETHER)
PAGE = (
    '<!doctype html><html lang="en"><title>Tests</title><script src="/static/js/trusted_types.js"></script><body></body></html>'
)
FOLDERS = (SCRIPTS.parent, TESTS)


def answer(route: Remote) -> None:
    """Runs in Playwright's thread, with its own route."""
    path = urlsplit(route.request.url).path.strip("/")
    file = ROOT / path
    if not path:
        route.fulfill(body=PAGE, content_type="text/html", headers={"Content-Security-Policy": build_policy()})
    elif file.is_file() and any(folder in file.parents for folder in FOLDERS):
        route.fulfill(body=file.read_text(), content_type=mimetypes.guess_type(file.name)[0] or "text/plain")
    else:
        route.fulfill(status=404, body="")


@pytest.fixture(scope="module")
def blank(chromium: Remote) -> Iterator[Remote]:
    context = chromium.new_context(base_url="http://modules.test", viewport={"width": 800, "height": 600})
    context.set_default_timeout(10_000)
    context.route("**/*", answer)
    yield context
    context.close()


def test_every_module_has_tests():
    assert {file.name.removesuffix(".test.js") for file in TESTS.glob("*.test.js")} == set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_the_module_does_what_its_tests_say(blank, module):
    page = blank.new_page()
    page.goto("/")

    results = page.evaluate(
        "async (module) => (await import('/tests/browser/modules/harness.js')).run(`./${module}.test.js`)", module
    )

    page.close()
    assert results
    assert {name: error for name, error in results.items() if error} == {}
