"""The deck under everything that can go wrong on the way of a vote: what was pressed is what is in Postgres."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone

from annotator.choices import AssignmentState, CampaignState
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Campaign, Member, Vote
from tests.browser.conftest import make_pairs
from tests.browser.driver import Remote, expect
from tests.browser.test_judging import all_sent, annotate_path, open_card, pressed
from tests.factories import GuidelineFactory, MemberFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# A status may be on the page for less time than it takes to look: a retry comes soon, and each one that fails doubles the wait.
KEEP_STATUSES = """() => {
  window.statuses = [];
  const status = document.querySelector("#status-message");
  new MutationObserver(() => window.statuses.push(status.textContent)).observe(status, { childList: true });
}"""
KEYS = {"1": "left", "2": "right", "3": "both_good", "4": "both_bad"}


def judge(page: Remote, key: str, *, after: int | None = None) -> int:
    """Press the key once the pair can be judged. Returns whose pair it was."""
    seat = open_card(page, after=after)
    page.keyboard.press(key)
    return seat


def settled(page: Remote) -> None:
    """All images are there, so that the network may go."""
    expect(page.locator(".card:not(.gone)[data-state=open]")).to_have_count(3)
    expect(page.locator(".card:not(.gone)")).not_to_have_count(3)


def alert(page: Remote, text: str) -> Remote:
    return page.get_by_role("alert").filter(has_text=text)


def log_out_everybody() -> None:
    Session.objects.all().delete()
    cache.clear()


def log_in(page: Remote, member: Member) -> None:
    page.get_by_label("Username or email").fill(member.user.username)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()


def test_forty_pairs_at_a_stretch_with_the_network_cut_twice(open_page):
    """Enough for the queue to be filled again and again on the server, and the deck in the page."""
    member = MemberFactory(campaign__name="Shapes")
    make_pairs(member.campaign, 40, size=48)
    page = open_page(member, annotate_path(member))
    meant: dict[int, str] = {}
    seat = None
    for number in range(40):
        if number in (10, 25):
            settled(page)
            page.context.set_offline(True)
        if number in (12, 28):
            expect(page.get_by_role("status")).to_contain_text("saved on this device")
            page.context.set_offline(False)
        seat = judge(page, str(1 + number * 7 % 4), after=seat)
        meant[seat] = KEYS[str(1 + number * 7 % 4)]
    expect(page.locator("[data-reason]")).to_be_visible()
    all_sent(page)

    assert {vote.assignment_id: pressed(vote.assignment_id) for vote in Vote.objects.all()} == meant
    assert Vote.objects.count() == len(meant) == 40
    assert Member.objects.get().answered_count == 40


def test_the_next_pair_is_there_before_the_server_has_answered(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    settled(page)
    waiting: list[Remote] = []
    page.route("**/answers/", lambda route: waiting.append(route))

    next_at_once = page.evaluate(
        """() => {
            const key = new KeyboardEvent("keydown", { key: "1", bubbles: true, cancelable: true });
            document.body.dispatchEvent(key);
            const { state, assignment } = document.querySelector(".card.current").dataset;
            return [state, Number(assignment)];
        }"""
    )

    assert next_at_once[0] == "open"
    assert next_at_once[1] != first
    assert not Vote.objects.exists()


def test_what_is_pressed_offline_is_kept_and_sent_in_order(open_page, member):
    page = open_page(member, annotate_path(member))
    settled(page)
    page.context.set_offline(True)
    first = judge(page, "2")
    second = judge(page, "3", after=first)
    third = judge(page, "1", after=second)
    expect(page.locator("#status-message")).to_have_text("You are offline. 3 answers saved on this device.")
    page.context.set_offline(False)
    open_card(page, after=third)
    all_sent(page)

    assert [pressed(seat) for seat in (first, second, third)] == ["right", "both_good", "left"]
    assert list(Vote.objects.order_by("pk").values_list("assignment", flat=True)) == [first, second, third]


def test_a_server_error_is_tried_again_by_itself(open_page, member):
    page = open_page(member, annotate_path(member))
    page.evaluate(KEEP_STATUSES)
    page.route("**/answers/", lambda route: route.fulfill(status=500, body="<html>broken</html>"), times=1)
    first = judge(page, "3")
    all_sent(page)

    assert any(text.startswith("Server error (500), retrying. 1 answer") for text in page.evaluate("statuses"))
    assert pressed(first) == "both_good"
    assert Vote.objects.count() == 1


def test_an_answer_that_was_lost_on_its_way_back_counts_once(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)

    def swallow(route: Remote) -> None:
        route.fetch()
        route.abort()

    page.route("**/answers/", swallow, times=1)
    page.keyboard.press("2")
    all_sent(page)

    assert pressed(first) == "right"
    assert Vote.objects.count() == Member.objects.get(pk=member.pk).answered_count == 1


def test_what_is_not_sent_outlives_the_page(open_page, member):
    page = open_page(member, annotate_path(member))
    settled(page)
    page.route("**/answers/", lambda route: route.abort())
    first = judge(page, "1")
    second = judge(page, "4", after=first)
    expect(page.get_by_role("status")).to_contain_text("2 answers saved on this device")
    page.close()

    page = page.context.new_page()
    page.goto(annotate_path(member))
    third = open_card(page)
    all_sent(page)

    assert third not in (first, second)
    assert (pressed(first), pressed(second)) == ("left", "both_bad")


def test_a_browser_that_keeps_nothing_warns_before_an_answer_is_lost(open_page, member):
    page = open_page(member, "/")
    page.add_init_script("Storage.prototype.setItem = () => { throw new Error('full'); }")
    page.goto(annotate_path(member))
    settled(page)
    asked: list[str] = []
    page.on("dialog", lambda dialog: [asked.append(dialog.type), dialog.accept()])
    page.route("**/answers/", lambda route: route.abort(), times=1)
    first = judge(page, "1")
    expect(page.get_by_role("status")).to_contain_text("keep this page open")
    all_sent(page)
    page.reload()
    open_card(page)
    assert asked == []
    assert pressed(first) == "left"

    page.route("**/answers/", lambda route: route.abort())
    judge(page, "2")
    expect(page.get_by_role("status")).to_contain_text("keep this page open")
    page.reload()
    assert asked == ["beforeunload"]


def test_after_the_session_has_ended_the_log_in_leads_back_and_what_was_pressed_is_sent(open_page, member):
    page = open_page(member, annotate_path(member))
    settled(page)
    log_out_everybody()
    first = judge(page, "1")
    second = judge(page, "3", after=first)
    expect(alert(page, "Your session has ended.")).to_contain_text("saved on this device")

    page.get_by_role("link", name="Log in").click()
    log_in(page, member)
    third = open_card(page)
    all_sent(page)

    assert third not in (first, second)
    assert (pressed(first), pressed(second)) == ("left", "both_good")
    assert Vote.objects.count() == 2


def test_a_log_in_in_another_tab_is_enough(open_page, member):
    """It changes the token that the open page was made with."""
    page = open_page(member, annotate_path(member))
    settled(page)
    log_out_everybody()
    first = judge(page, "2")
    expect(alert(page, "Your session has ended.")).to_be_visible()
    other = page.context.new_page()
    other.goto(annotate_path(member))
    log_in(other, member)
    open_card(other)
    other.close()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    all_sent(page)

    expect(alert(page, "Your session has ended.")).to_be_hidden()
    assert pressed(first) == "right"


def test_nothing_is_sent_as_somebody_else(open_page, member):
    page = open_page(member, annotate_path(member))
    settled(page)
    log_out_everybody()
    first = judge(page, "2")
    stranger = MemberFactory(campaign=member.campaign)
    Member.objects.update(guideline_accepted=member.guideline_accepted, guideline_accepted_at=timezone.now())
    page.get_by_role("link", name="Log in").click()
    log_in(page, stranger)
    open_card(page)
    assert not Vote.objects.exists()

    page.get_by_text(stranger.user.username).click()
    page.get_by_role("button", name="Log out").click()
    page.goto(annotate_path(member))
    log_in(page, member)
    open_card(page)
    all_sent(page)
    assert pressed(first) == "right"


def test_a_lease_that_ran_out_is_said_and_the_next_pair_stays(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    settled(page)
    Assignment.objects.filter(pk=first).update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    page.keyboard.press("1")
    second = open_card(page, after=first)
    expect(alert(page, "Too late.")).to_contain_text("ran out")
    page.get_by_role("button", name="Close").click()
    expect(alert(page, "Too late.")).to_be_hidden()
    page.keyboard.press("2")
    open_card(page, after=second)
    all_sent(page)

    assert pressed(second) == "right"
    assert Vote.objects.count() == 1


def test_a_pair_that_a_restored_site_does_not_know_is_said_and_the_page_goes_on(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    shown, unknown = ASSIGNMENTS.show(first), ASSIGNMENTS.show(first + 10**6)
    page.evaluate(f"document.querySelector('[data-assignment=\"{shown}\"]').dataset.assignment = '{unknown}'")
    page.keyboard.press("1")
    expect(alert(page, "Not recorded.")).to_contain_text("does not exist")
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("2")
    all_sent(page)

    assert Vote.objects.count() == 1


def test_an_answer_that_is_refused_brings_its_card_back_with_the_choice(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    member.campaign.questions.update(choices=["a", "b"])
    page.keyboard.press("3")

    expect(alert(page, "Not recorded.")).to_be_visible()
    assert open_card(page) == first
    expect(page.get_by_role("button", name="Both good")).to_have_attribute("data-earlier", "")
    assert not Vote.objects.exists()


@pytest.mark.parametrize(("state", "title"), [(CampaignState.PAUSED, "Campaign paused"), (CampaignState.CLOSED, "is closed")])
def test_a_campaign_that_stops_meanwhile_says_so(open_page, member, state, title):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    Campaign.objects.update(state=state)
    page.keyboard.press("1")
    if state == CampaignState.PAUSED:  # what was handed out may still be answered
        second = open_card(page, after=first)
        all_sent(page)
        page.keyboard.press("2")
        all_sent(page)
        assert (pressed(first), pressed(second)) == ("left", "right")
    else:
        expect(alert(page, "Not recorded.")).to_contain_text("closed")
        assert not Vote.objects.exists()

    expect(page.locator("[data-reason]")).to_contain_text(title)
    expect(page.get_by_role("button", name="Left is better")).to_be_hidden()


def test_a_new_guideline_is_read_once_all_is_sent(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    GuidelineFactory(campaign=member.campaign, version=2, text="# Look anew")
    page.keyboard.press("1")

    expect(page.get_by_role("article").get_by_role("heading", name="Look anew")).to_be_visible()
    assert pressed(first) == "left"


def test_undo_takes_back_what_is_not_sent_yet_and_what_is(open_page, member):
    page = open_page(member, annotate_path(member))
    first = judge(page, "1")
    second = judge(page, "2", after=first)
    settled(page)
    all_sent(page)
    page.context.set_offline(True)
    third = judge(page, "3", after=second)
    expect(page.get_by_role("status")).to_have_text("You are offline. 1 answer saved on this device.")
    page.keyboard.press("u")  # never left the browser
    expect(page.get_by_role("status")).to_have_text("Undone. It was not sent yet.")
    assert open_card(page) == third
    page.keyboard.press("u")
    assert open_card(page) == second
    expect(page.get_by_role("button", name="Right is better")).to_have_attribute("data-earlier", "")
    page.keyboard.press("4")
    page.context.set_offline(False)
    all_sent(page)

    assert pressed(first) == "left"
    assert list(Vote.objects.filter(assignment=second).order_by("pk").values_list("void_reason", flat=True)) == ["undone", None]
    assert not Vote.objects.filter(assignment=third).exists()
    assert open_card(page) == third


def test_undo_reaches_behind_a_reload(open_page, member):
    page = open_page(member, annotate_path(member))
    first = judge(page, "1")
    second = judge(page, "4", after=first)
    open_card(page, after=second)
    all_sent(page)
    page.reload()
    third = open_card(page)
    page.keyboard.press("u")
    assert open_card(page, after=third) == second
    expect(page.get_by_role("button", name="Both bad")).to_have_attribute("data-earlier", "")
    page.keyboard.press("u")
    assert open_card(page, after=second) == first
    all_sent(page)

    assert not Vote.objects.live().exists()


def test_a_broken_image_says_so_and_can_be_loaded_again(open_page, member):
    page = open_page(member, "/")
    page.route("**/images/**", lambda route: route.abort())
    page.goto(annotate_path(member))
    expect(alert(page, "An image did not load.")).to_be_visible()
    page.keyboard.press("1")
    page.unroute("**/images/**")
    page.get_by_role("button", name="Try again").click()

    first = open_card(page)
    expect(alert(page, "An image did not load.")).to_be_hidden()
    assert not Vote.objects.exists()
    page.keyboard.press("s")
    all_sent(page)
    assert Assignment.objects.get(pk=first).state == AssignmentState.SKIPPED


def test_the_time_rests_while_nobody_sees_the_page(open_page, member):
    page = open_page(member, annotate_path(member))
    page.clock.install()
    page.reload()
    first = open_card(page)
    page.clock.run_for(3_000)
    set_hidden = """hidden => {
        Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    page.evaluate(set_hidden, True)
    page.clock.run_for(60_000)
    page.evaluate(set_hidden, False)
    page.clock.run_for(2_000)
    Assignment.objects.update(shown_at=timezone.now() - timedelta(minutes=5))
    page.keyboard.press("1")
    page.clock.run_for(10)
    all_sent(page)

    assert 5_000 <= Vote.objects.get(assignment=first).elapsed_ms < 20_000
