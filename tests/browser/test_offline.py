"""Without a network, with a proxy that answers for the site, and with two tabs: what was pressed is what is recorded."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from annotator.models import Member, Vote
from annotator.scoring.progress import roll_up
from tests.browser.conftest import make_pairs
from tests.browser.driver import Remote, expect
from tests.browser.test_deck import KEYS, alert, judge
from tests.browser.test_judging import all_sent, annotate_path, open_card, pressed
from tests.factories import MemberFactory
from tests.relay import Relay

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEPT = "async () => (await Promise.all((await caches.keys()).map(async (n) => (await (await caches.open(n)).keys()).length)))"
IMAGES_ARE_THERE = "() => [...document.querySelectorAll('.card:not(.gone) img')].every((image) => image.complete)"


def cards(page: Remote) -> Remote:
    return page.locator(".card:not(.gone)")


@pytest.fixture
def wide_member(transactional_db: None) -> Member:
    """Of a campaign with more pairs than a queue."""
    member = MemberFactory(campaign__name="Shapes")
    make_pairs(member.campaign, 40, size=48)
    roll_up(campaign=member.campaign)
    return member


def test_a_tunnel_is_annotated_through(open_page, wide_member):
    page = open_page(wide_member, annotate_path(wide_member))
    expect(cards(page)).to_have_count(32)
    page.wait_for_function(IMAGES_ARE_THERE)
    page.context.set_offline(True)
    meant: dict[int, str] = {}
    seat = None
    for number in range(30):
        seat = judge(page, str(1 + number * 7 % 4), after=seat)
        meant[seat] = KEYS[str(1 + number * 7 % 4)]
    expect(page.locator("#status-message")).to_have_text("You are offline. 30 answers saved on this device.")
    page.context.set_offline(False)
    all_sent(page)

    assert {vote.assignment_id: pressed(vote.assignment_id) for vote in Vote.objects.all()} == meant
    assert Vote.objects.count() == Member.objects.get().answered_count == 30
    expect(page.locator("#aside")).to_be_hidden()


def test_images_are_kept_for_a_time_without_a_network_and_go_with_the_log_out(open_page, member, server):
    with Relay(urlsplit(server.url).port) as relay:
        url = f"http://localhost:{relay.port}"
        page = open_page(member, f"{url}{annotate_path(member)}", service_workers="allow")
        open_card(page)
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        page.reload()  # with the worker from the first image on
        expect(cards(page)).to_have_count(12)
        page.wait_for_function(IMAGES_ARE_THERE)
        page.wait_for_function(f"async () => (await ({KEPT})())[0] >= 24")
        address = page.evaluate("document.querySelector('.card:last-of-type img').currentSrc")
        relay.cut()
        fetched = page.evaluate("async (address) => (await fetch(address, { cache: 'no-store' })).status", address)
        assert fetched == 200

        relay.mend()
        page.get_by_text(member.user.username).click()
        page.get_by_role("button", name="Log out").click()
        page.get_by_label("Password").wait_for()
        page.wait_for_function("async () => (await caches.keys()).length === 0")


def test_two_tabs_share_one_deck_and_one_outbox(open_page, member):
    one = open_page(member, annotate_path(member))
    other = one.context.new_page()
    other.goto(annotate_path(member))
    first = open_card(one)
    assert open_card(other) == first
    judge(one, "1")
    second = open_card(other, after=first)  # not the one that was answered
    judge(other, "2")
    third = open_card(one, after=second)
    judge(one, "3")
    for page in (one, other):
        all_sent(page)
        expect(alert(page, "")).to_be_hidden()

    assert [pressed(seat) for seat in (first, second, third)] == ["left", "right", "both_good"]
    assert Vote.objects.count() == 3


def test_an_answer_that_a_proxy_does_not_let_through_is_set_aside_and_the_rest_goes_on(open_page, member):
    page = open_page(member, annotate_path(member))
    expect(cards(page)).to_have_count(12)
    page.route("**/answers/", lambda route: route.fulfill(status=404, body="<html>Not found", content_type="text/html"), times=3)
    first = judge(page, "1")
    expect(alert(page, "Not recorded.")).to_contain_text("refused on its way")
    expect(page.locator("#aside")).to_contain_text("1 answer could not be recorded.")
    page.get_by_role("button", name="Close").click()
    second = judge(page, "2", after=first)
    all_sent(page)
    assert [vote.assignment_id for vote in Vote.objects.all()] == [second]

    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "answers-not-recorded.json"
    page.get_by_role("button", name="Send again").click()
    all_sent(page)
    expect(page.locator("#aside")).to_be_hidden()
    assert (pressed(first), pressed(second)) == ("left", "right")


def test_a_request_that_hangs_is_said(open_page, member):
    page = open_page(member, annotate_path(member))
    expect(cards(page)).to_have_count(12)
    waiting: list[Remote] = []
    page.route("**/answers/", lambda route: waiting.append(route))
    judge(page, "1")
    expect(page.locator("#status-message")).to_have_text("The server takes long to answer. 1 answer saved on this device.")


def test_buttons_look_off_where_there_is_nothing_to_judge(open_page, member):
    page = open_page(member, annotate_path(member))
    expect(cards(page)).to_have_count(12)
    page.wait_for_function(IMAGES_ARE_THERE)
    page.context.set_offline(True)
    seat = None
    for _ in range(12):
        seat = judge(page, "1", after=seat)
    expect(page.locator("#waiting")).to_contain_text("You have judged all pairs on this device.")
    faded = "element => Number(getComputedStyle(element).opacity) < 0.6"
    assert page.locator(".choice.left").evaluate(faded)
    assert page.locator(".needs-card [aria-keyshortcuts=s]").evaluate(faded)


def test_the_pairs_that_wait_do_not_make_a_smaller_window_scroll(open_page, member):
    page = open_page(member, annotate_path(member))
    open_card(page)
    expect(cards(page)).to_have_count(12)
    for width, height in ((1366, 650), (412, 915), (640, 360)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function("() => document.documentElement.scrollHeight <= innerHeight")
