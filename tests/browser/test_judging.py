"""Judging in a real browser; what was pressed is what is in Postgres."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from annotator.choices import AssignmentState
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Flag, Member, Vote
from annotator.scoring.progress import roll_up
from tests.browser.conftest import PHONE, accept, make_pairs
from tests.browser.driver import Remote, expect
from tests.factories import MemberFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIDES = {"1": "left", "ArrowLeft": "left", "2": "right", "ArrowRight": "right"}
TIES = {"3": "both_good", "ArrowUp": "both_good", "4": "both_bad", "ArrowDown": "both_bad"}


def annotate_path(member: Member) -> str:
    return reverse("annotate", args=[member.campaign.slug])


def open_card(page: Remote, *, after: int | None = None) -> int:
    """The id of the assignment before the annotator, once it can be judged; `after`: once it is another one."""
    card = page.locator(f"article.card.current[data-state=open]:not([data-assignment='{ASSIGNMENTS.show(after or 0)}'])")
    card.wait_for()
    seen(page)
    return ASSIGNMENTS.find(int(card.get_attribute("data-assignment")))


def seen(page: Remote) -> None:
    """Wait until what is asked was on the screen for so long that an answer is taken."""
    page.locator("button.choice:not([aria-disabled])").first.wait_for(state="attached")


def all_sent(page: Remote) -> None:
    """Wait until the server has acknowledged all that was pressed."""
    page.locator("#deck[data-unsent='0']").wait_for()


def shown(page: Remote) -> int:
    """The assignment before the annotator, where no script says when it can be judged."""
    return ASSIGNMENTS.find(int(page.locator("article.card").first.get_attribute("data-assignment")))


def pressed(assignment_id: int) -> str:
    """What the stored vote of the assignment means in terms of what was on the screen."""
    vote = Vote.objects.select_related("assignment").get(assignment=assignment_id)
    if vote.choice not in ("a", "b"):
        return vote.choice
    return "left" if (vote.choice == "a") == vote.assignment.a_on_left else "right"


def test_somebody_logs_in_accepts_the_guideline_and_judges_to_the_end(open_page):
    member = MemberFactory(campaign__name="Shapes")
    accept(member)
    Member.objects.update(guideline_accepted=None, guideline_accepted_at=None)
    make_pairs(member.campaign, 4)
    roll_up(campaign=member.campaign)

    page = open_page(None, "/")
    page.get_by_label("Username or email").fill(member.user.username)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Start judging").click()
    expect(page.get_by_role("heading", name="Look closely")).to_be_visible()
    page.get_by_role("button", name="I have read it").click()

    first = open_card(page)
    seat = Assignment.objects.select_related("pair__prompt").get(pk=first)
    expect(page.get_by_role("heading", level=1)).to_have_text(seat.pair.prompt.text)
    page.get_by_role("button", name="Left is better").click()
    second = open_card(page, after=first)
    expect(page.get_by_role("status")).to_have_text("Recorded: left is better. 1 judged.", use_inner_text=True)
    assert page.locator("#status-message").evaluate("line => line.innerText") == "Recorded: left is better. 1 judged."  # one line
    page.get_by_role("button", name="Both good").click()
    third = open_card(page, after=second)
    page.get_by_role("button", name="Skip").click()
    fourth = open_card(page, after=third)
    page.get_by_role("button", name="Right is better").click()

    expect(page.locator("[data-reason]")).to_contain_text("You have seen every pair")
    assert (pressed(first), pressed(second), pressed(fourth)) == ("left", "both_good", "right")
    assert Assignment.objects.get(pk=third).state == AssignmentState.SKIPPED
    assert Member.objects.get(pk=member.pk).answered_count == 3
    times = list(Vote.objects.values_list("elapsed_ms", flat=True))
    assert all(0 <= time < 60_000 for time in times)

    page.get_by_text(member.user.username).click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_every_key_does_what_its_button_says(open_page, member):
    page = open_page(member, annotate_path(member))

    current = 0
    for key, meant in (SIDES | TIES).items():
        current = open_card(page, after=current)
        page.keyboard.press(key)
        open_card(page, after=current)
        all_sent(page)
        assert pressed(current) == meant, key
    skipped = open_card(page)
    page.keyboard.press("s")
    open_card(page, after=skipped)
    all_sent(page)
    assert Assignment.objects.get(pk=skipped).state == AssignmentState.SKIPPED


def test_a_pair_is_flagged_from_the_keyboard(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)

    page.keyboard.press("f")
    expect(page.get_by_role("radio", name="Unsafe content")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("radio", name="Unsafe content")).to_be_hidden()
    page.keyboard.press("f")
    expect(page.get_by_role("radio", name="Unsafe content")).to_be_focused()
    page.keyboard.press("1")  # no vote while the form has the keys
    page.keyboard.press("Enter")  # which reason is not said yet
    assert open_card(page) == first
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("4 fingers, sunset")
    page.keyboard.press("Enter")
    second = open_card(page, after=first)

    expect(page.get_by_role("status")).to_contain_text("Flagged")
    all_sent(page)
    assert Flag.objects.values_list("assignment", "reason", "note").get() == (first, "broken_image", "4 fingers, sunset")
    assert Assignment.objects.get(pk=first).state == AssignmentState.FLAGGED
    assert Assignment.objects.get(pk=second).state == AssignmentState.OPEN
    assert not Vote.objects.exists()


def test_the_last_vote_is_undone_from_the_keyboard_and_given_anew(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    page.keyboard.press("u")  # nothing to undo yet
    page.keyboard.press("1")
    second = open_card(page, after=first)
    page.keyboard.press("3")
    open_card(page, after=second)

    all_sent(page)

    page.keyboard.press("u")
    expect(page.locator(f"article.card.current[data-state=open][data-assignment='{ASSIGNMENTS.show(second)}']")).to_be_visible()
    expect(page.get_by_role("button", name="Both good")).to_have_attribute("data-earlier", "")
    expect(page.get_by_role("status")).to_contain_text("Undone")
    seen(page)
    page.keyboard.press("4")
    open_card(page, after=second)
    expect(page.get_by_role("button", name="Both good")).not_to_have_attribute("data-earlier", "")
    all_sent(page)

    history = Vote.objects.filter(assignment=second).order_by("pk")
    assert list(history.values_list("choice", "void_reason")) == [("both_good", "undone"), ("both_bad", None)]
    assert pressed(first) == "left"
    assert Member.objects.get(pk=member.pk).answered_count == Vote.objects.live().count() == 2


def test_flag_and_undo_work_without_javascript(open_page, member):
    page = open_page(member, annotate_path(member), java_script_enabled=False)
    first = shown(page)
    page.get_by_role("button", name="Both good").click()
    second = shown(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Undone")
    assert shown(page) == first
    expect(page.get_by_role("button", name="Both good")).to_have_attribute("data-earlier", "")
    page.locator("summary", has_text="Flag").click()
    page.get_by_label("Identical images").check()
    page.get_by_role("button", name="Flag and continue").click()
    expect(page.get_by_role("status")).to_contain_text("Flagged")

    assert shown(page) == second
    assert Flag.objects.get().reason == "identical_images"
    assert list(Vote.objects.values_list("void_reason", flat=True)) == ["undone"]


def test_a_key_that_is_held_votes_once(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)

    page.keyboard.down("1")
    second = open_card(page, after=first)
    for _ in range(5):
        page.keyboard.down("1")  # what a held key sends: it repeats
    page.keyboard.up("1")
    # Enter on a button is a click of the browser's own, and it repeats too.
    page.get_by_role("button", name="Both bad").focus()
    page.keyboard.down("Enter")
    third = open_card(page, after=second)
    expect(page.get_by_role("button", name="Both bad")).to_be_focused()
    for _ in range(5):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    page.keyboard.press("3")
    open_card(page, after=third)
    all_sent(page)

    assert [pressed(seat) for seat in (first, second, third)] == ["left", "both_bad", "both_good"]
    assert Vote.objects.count() == 3


def test_a_double_click_votes_once(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)

    page.get_by_role("button", name="Right is better").dblclick()
    second = open_card(page, after=first)
    page.mouse.dblclick(*centre(page.get_by_role("button", name="Both good")), delay=60)
    third = open_card(page, after=second)
    page.keyboard.press("4")
    open_card(page, after=third)
    all_sent(page)

    assert [pressed(seat) for seat in (first, second, third)] == ["right", "both_good", "both_bad"]
    assert Vote.objects.count() == 3


def centre(locator: Remote) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_keys_rest_where_they_would_surprise(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)

    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("1")
    page.get_by_label("Use shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    for chord in ("Control+1", "Alt+1", "Meta+1"):
        page.keyboard.press(chord)
    page.get_by_role("button", name="Shortcuts").click()
    page.get_by_label("Use shortcuts").check()
    page.get_by_role("button", name="Close").click()
    page.evaluate("document.getElementById('deck').append(document.createElement('input'))")
    page.locator("#deck > input").press("3")

    assert open_card(page) == first
    page.get_by_role("heading", level=1).focus()
    page.keyboard.press("4")
    open_card(page, after=first)
    all_sent(page)
    assert pressed(first) == "both_bad"
    assert Vote.objects.count() == 1


def test_the_guideline_opens_beside_the_pair_and_closes_again(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    panel = page.get_by_role("complementary", name="Guideline")

    page.keyboard.press("g")
    expect(panel).to_contain_text("Count the shapes.")
    expect(page.get_by_role("img", name="Left image")).to_be_in_viewport()
    page.keyboard.press("1")
    open_card(page, after=first)
    expect(panel).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    all_sent(page)

    assert pressed(first) == "left"


def test_it_works_without_javascript(open_page, member):
    page = open_page(member, annotate_path(member), java_script_enabled=False)

    page.get_by_role("button", name="Left is better").click()
    expect(page.get_by_role("status")).to_have_text("Recorded: left is better. 1 judged.", use_inner_text=True)
    page.get_by_role("button", name="Skip").click()
    expect(page.get_by_role("status")).to_contain_text("Skipped")
    page.get_by_role("link", name="Guideline").click()
    expect(page.get_by_role("heading", name="Look closely")).to_be_visible()
    page.get_by_role("link", name="Back to the pairs").click()
    expect(page.get_by_role("button", name="Shortcuts")).to_be_hidden()
    page.get_by_role("button", name="Both bad").click()
    expect(page.get_by_role("status")).to_have_text("Recorded: both bad. 2 judged.", use_inner_text=True)

    seats = Assignment.objects.exclude(state=AssignmentState.OPEN).order_by("pk")
    assert [seat.state for seat in seats] == ["answered", "skipped", "answered"]
    assert (pressed(seats[0].pk), pressed(seats[2].pk)) == ("left", "both_bad")
    assert Vote.objects.get(assignment=seats[0]).elapsed_ms is None


def test_without_javascript_a_pair_whose_lease_is_gone_says_so_and_leads_on(open_page, member):
    page = open_page(member, annotate_path(member), java_script_enabled=False)
    Assignment.objects.filter(pk=shown(page)).update(lease_expires_at=timezone.now() - timedelta(minutes=1))

    page.get_by_role("button", name="Left is better").click()
    expect(page.get_by_role("alert").filter(has_text="Time is up for this pair")).to_contain_text("ran out")
    page.get_by_role("link", name="Continue").click()

    expect(page.get_by_role("button", name="Left is better")).to_be_visible()
    assert not Vote.objects.exists()


def test_the_images_of_the_next_two_pairs_are_fetched_ahead(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    page.wait_for_load_state("networkidle")

    fetched = set(page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)"))
    queue = Assignment.objects.open().select_related("pair__image_a", "pair__image_b").order_by("pk")
    ids = [{str(seat.pair.image_a.public_id), str(seat.pair.image_b.public_id)} for seat in queue[:3]]
    assert queue[0].pk == first
    there = {found[1] for name in fetched if (found := re.search(r"/images/([0-9a-f-]{36})/", name))}
    assert ids[0] | ids[1] | ids[2] <= there


# What moved since then: how far, and from where to where.
MOVED = """(since) => new Promise((done) => {
    const told = (place) => [place.x, place.y, place.width, place.height].map(Math.round).join(" ");
    const what = (node) => (node?.nodeType === 1 ? node.outerHTML : node?.parentElement?.outerHTML ?? "gone").slice(0, 100);
    const one = (source) => `${what(source.node)} from ${told(source.previousRect)} to ${told(source.currentRect)}`;
    const entries = (list) => list.getEntries().filter((entry) => entry.startTime > since);
    const all = (list) => entries(list).map((entry) => `${entry.value}: ${entry.sources.map(one).join("; ")}`);
    new PerformanceObserver((list) => done(all(list))).observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() => done([])));
})"""


def test_nothing_moves_and_both_images_stand_in_equal_boxes(open_page, member):
    page = open_page(member, annotate_path(member))
    first = open_card(page)
    boxes = [box.bounding_box() for box in page.locator(".card.current .box").all()]
    begun = page.evaluate("performance.now()")
    page.keyboard.press("1")
    open_card(page, after=first)

    assert boxes == [box.bounding_box() for box in page.locator(".card.current .box").all()]
    assert (boxes[0]["width"], boxes[0]["height"]) == (boxes[1]["width"], boxes[1]["height"])
    all_sent(page)
    assert page.evaluate(MOVED, begun) == []


def test_a_phone_shows_both_images_and_all_choices_at_once(open_page, member):
    page = open_page(member, annotate_path(member), viewport=PHONE, has_touch=True, is_mobile=True)
    first = open_card(page)

    top, bottom = (page.get_by_role("img", name=f"{side} image").bounding_box() for side in ("Top", "Bottom"))
    buttons = [page.get_by_role("button", name=name) for name in ("Top is better", "Bottom is better", "Both good", "Both bad")]
    places = [button.bounding_box() for button in buttons]
    assert top["y"] >= 0
    assert top["y"] + top["height"] <= bottom["y"]
    assert min(place["y"] for place in places) >= bottom["y"] + bottom["height"]
    assert max(place["y"] + place["height"] for place in places) <= PHONE["height"]
    assert min(place["height"] for place in places) >= 44
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]

    buttons[1].tap()
    open_card(page, after=first)
    all_sent(page)
    assert pressed(first) == "right"
