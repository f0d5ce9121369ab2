"""Every page of the site: nothing for axe-core to find in light and dark, room for large text, visible focus, no motion.

The administration is Django's and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import URLPattern, get_resolver, reverse
from playwright.sync_api import TimeoutError as TookTooLong
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from tests.browser.axe import found_in_both_schemes, found_on
from tests.browser.conftest import PHONE, WIDE, Open
from tests.browser.driver import Remote, expect
from tests.browser.every_page import Site, a_provider, a_site
from tests.committed import committed, stored_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db]


@pytest.fixture(scope="module", autouse=True)
def storage_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with stored_in(tmp_path_factory.mktemp("storage")) as folder:
        yield folder


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: DjangoDbBlocker, storage_folder: Path) -> Iterator[Site]:
    """Made once for all tests here, which look at it and change nothing."""
    providers = {"openid_connect": {"APPS": [a_provider()]}}
    with committed(django_db_blocker), override_settings(OPEN_SIGN_UP=True, SOCIALACCOUNT_PROVIDERS=providers):
        yield a_site()


NO_PAGES = {
    *("healthz", "readyz", "metrics", "image", "security_txt", "manifest"),  # for machines
    *(
        "answers",
        "preferences",
        "earlier",
        "deck",
        "service_worker",
        "vote",
        "skip",
        "flag",
        "undo",
        "campaign_state",
        "archive_campaign",
        "member_state",
        "revoke_invite",
        "logout",
        "account_logout",
    ),  # forms
    *(
        "cancel_import",
        "undo_import",
        "preview_guideline",
        "cancel_release",
        "publish_release",
        "yank_release",
        "rebuild_releases",
        "check_hub_account",
        "forget_hub_account",
        "training_again",
        "review_pair",
        "save_view",
        "remove_view",
        "revoke_token",
        "user_active",
        "undo_adjudication",
        "queue_presence",
        "reopen_appeal",
    ),  # forms as well
    *("dismiss_notice", "decide_rule", "save_view", "remove_view", "yank_release", "rebuild_releases"),  # and these
    *("webhook_state", "ping_webhook", "remove_webhook", "resend_delivery"),
    *("mfa_login_webauthn", "mfa_download_recovery_codes", "release_zip"),  # a form, and files
    "mfa_reauthenticate_webauthn",  # asks the same as mfa_authenticate, for whoever has a key that is in no test
    *("campaign_progress", "meanwhile", "openid_connect_callback"),  # a piece of a page; where a provider sends people back to
    *("socialaccount_signup", "account_login"),  # the same template as account_signup; a second name for login
}


def test_no_page_is_left_out(site):
    """A page that somebody adds has to be added here as well."""
    patterns = get_resolver().url_patterns
    names = {pattern.name for pattern in patterns if isinstance(pattern, URLPattern) and pattern.name}
    visited = {get_resolver().resolve(path.partition("?")[0]).url_name for _, path in site.pages.values()}

    assert names - NO_PAGES == visited - {"vote"}


@pytest.fixture
def show(open_page: Open, server: LiveServer, site: Site) -> Callable[[str], Remote]:
    """Opens a page of the site by its name. All share one window, in which its people take turns."""
    window = open_page(None, reverse("healthz"))

    def show_page(name: str) -> Remote:
        session, path = site.pages[name]
        window.context.clear_cookies()
        if session:
            window.context.add_cookies([{"url": server.url, "name": settings.SESSION_COOKIE_NAME, "value": session}])
        window.emulate_media(color_scheme="light", reduced_motion="reduce")
        window.goto(path)
        return window

    return show_page


def test_axe_finds_nothing_on_what_opens_over_a_page(show):
    page = show("a pair")
    page.locator("[data-assignment]").first.wait_for()

    page.locator(".menu summary").click()
    assert found_in_both_schemes(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    expect(page.locator("#guideline-panel")).to_be_visible()
    assert found_in_both_schemes(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert found_in_both_schemes(page) == []


def test_axe_finds_nothing_on_forms_that_come_back_with_errors(show):
    page = show("login")
    page.get_by_label("Username or email").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert").filter(has_text="Wrong username or password")).to_be_visible()
    assert found_in_both_schemes(page) == []
    page = show("account_signup")
    page.evaluate("document.querySelector('form').noValidate = true")
    page.get_by_role("button", name="Sign up").click()
    expect(page.locator(".field-error").first).to_be_visible()
    assert found_in_both_schemes(page) == []
    page = show("invites")
    page.get_by_label("Maximum uses").fill("0")
    page.get_by_role("button", name="Create link").click()
    expect(page.locator(".field-error").first).to_be_visible()
    assert found_in_both_schemes(page) == []


LARGE_TEXT = """() => {
  document.documentElement.style.fontSize = "200%";
  const isOver = ({scrollWidth, clientWidth, scrollHeight, clientHeight}) =>
    scrollWidth > clientWidth + 1 || scrollHeight > clientHeight + 2;
  const shown = [...document.querySelectorAll("button, .button, summary")].filter((element) => element.offsetParent);
  return {
    width: document.documentElement.scrollWidth,
    clipped: shown.filter(isOver).map((element) => element.outerHTML.slice(0, 100)),
  };
}"""


MOVING = """() => [...document.querySelectorAll("*")].filter((element) => {
  const {transitionDuration, animationName} = getComputedStyle(element);
  return animationName !== "none" || transitionDuration.split(",").some((duration) => parseFloat(duration) > 0);
}).map((element) => element.outerHTML.slice(0, 80))"""


def gets_as_narrow(page: Remote, width: int) -> bool:
    """Whether the page fits, once it has laid itself out anew: the annotation page does so after the window has changed."""
    try:
        page.wait_for_function("(width) => document.documentElement.scrollWidth <= width", arg=width, timeout=5_000)
    except TookTooLong:
        return False
    return True


SHARES = 4  # for as many processes; each page is opened once, for all that is asked of it


@pytest.mark.parametrize("share", range(SHARES))
def test_everybody_can_use_every_page(show, site, share):
    """axe-core finds nothing in light and dark, nothing moves for those who do not want it, no page is wider than a phone, and
    text of twice the size fits."""
    found = []
    for name in list(site.pages)[share::SHARES]:
        page = show(name)
        found += [f"{name}: {what}" for what in found_in_both_schemes(page)]
        found += [f"{name} moves: {what}" for what in page.evaluate(MOVING)]
        page.emulate_media(color_scheme="light", reduced_motion="no-preference")
        page.set_viewport_size(PHONE)
        found += [f"{name} is wider than a phone"] if not gets_as_narrow(page, PHONE["width"]) else []
        page.set_viewport_size(WIDE)
        large = page.evaluate(LARGE_TEXT)
        if large != {"width": WIDE["width"], "clipped": []}:
            found.append(f"{name} has no room for large text: {large}")

    assert found == []


def test_axe_finds_nothing_from_right_to_left(show, site):
    """The pages of annotators in Arabic: all are from right to left, and none is wider than a phone."""
    page = show("a pair")
    page.context.set_extra_http_headers({"Accept-Language": "ar"})
    found = []
    for name in [name for name, (_, path) in site.pages.items() if not path.startswith(("/manage/", "/admin/"))]:
        page = show(name)
        if name == "a pair":
            page.locator("[data-assignment]").first.wait_for()
        if page.evaluate("document.documentElement.dir") != "rtl":
            found.append(f"{name} is from left to right")
        found += [f"{name}: {what}" for what in found_on(page)]
        page.set_viewport_size(PHONE)
        found += [f"{name} is wider than a phone"] if not gets_as_narrow(page, PHONE["width"]) else []
        page.set_viewport_size(WIDE)

    assert found == []


FOCUS_SEEN = """() => {
  const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement);
  return document.activeElement === document.body || (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2);
}"""


def test_whatever_has_the_focus_shows_it(show):
    for name in ("login", "campaigns", "a pair", "history", "join, logged in", "campaign_page", "invites", "account"):
        page = show(name)
        for _ in range(12):
            page.keyboard.press("Tab")
            assert page.evaluate(FOCUS_SEEN), (name, page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
