"""The annotation page: GET of the pair, POST of a vote, a skip, a flag or an undo, as a page and as a piece."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator import tasks
from annotator.choices import AssignmentState, CampaignState, Choice, FlagReason, MemberState
from annotator.judging.assigning import QUEUE_LOW, QUEUE_TARGET
from annotator.models import Assignment, Campaign, CampaignProgress, Flag, Member, Pair, Vote
from annotator.scoring.progress import roll_up
from annotator.views.annotate.next_turn import why_nothing_left
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    GeneratorFactory,
    GuidelineFactory,
    MemberFactory,
    PairFactory,
    QuestionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
TRANSACTION = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


@pytest.fixture
def member() -> Member:
    """An active member of an open campaign with five pairs."""
    member = MemberFactory()
    PairFactory.create_batch(5, campaign=member.campaign)
    return member


@pytest.fixture
def browser(client: Client, member: Member) -> Client:
    client.force_login(member.user)
    return client


def page_of(member: Member) -> str:
    return reverse("annotate", args=[member.campaign.slug])


def seat_shown(html: str) -> Assignment:
    return Assignment.objects.get(pk=re.search(r'data-assignment="(\d+)"', html)[1])


def cards_in(html: str) -> list[int]:
    return [int(found) for found in re.findall(r'data-assignment="(\d+)"', html)]


def queue_state_of(html: str) -> tuple[list[int], str]:
    """Which cards the page should have, and what undo takes back."""
    found = re.search(r'<data class="queue-state"\s+value="([\d,]*)"\s+data-lease="\d+"\s+data-undo="(\d*)"', html)
    return [int(number) for number in found[1].split(",") if number], found[2]


def open_page(browser: Client, member: Member) -> Assignment:
    """The assignment that the page puts before the member."""
    return seat_shown(browser.get(page_of(member)).content.decode())


def vote(browser: Client, seat: Assignment, choice: str = "a", *, htmx: bool = True, **fields):
    data = {"question": "overall", "choice": choice} | fields
    return browser.post(reverse("vote", args=[seat.pk]), data, headers=HTMX if htmx else {})


def reason_of(response) -> str | None:
    found = re.search(r'data-reason="(\w+)"', response.content.decode())
    return found and found[1]


# --- the page


def test_it_shows_a_pair_under_its_prompt_with_both_images_and_all_choices(browser, member):
    html = browser.get(page_of(member)).content.decode()

    seat = seat_shown(html)
    assert seat.pair.prompt.text in html
    assert 'alt="Left image"' in html
    assert 'alt="Right image"' in html
    assert "Which image is better overall?" in html
    left, right = ("a", "b") if seat.a_on_left else ("b", "a")
    assert re.findall(r'name="choice"\s+value="(\w+)"', html) == [left, right, "both_good", "both_bad"]
    assert re.findall(r'action="/assignments/(\d+)/(?:vote|skip|flag)/"', html) == [str(seat.pk)] * 3
    for key in ("1 ArrowLeft", "2 ArrowRight", "3 ArrowUp", "4 ArrowDown", "s", "f", "z"):
        assert f'aria-keyshortcuts="{key}"' in html


@pytest.mark.parametrize("a_on_left", [True, False])
def test_the_image_of_the_slot_stands_on_the_side_that_the_seat_says(browser, member, a_on_left):
    AssignmentFactory(member=member, pair__campaign=member.campaign, a_on_left=a_on_left)

    html = browser.get(page_of(member)).content.decode()

    pair = seat_shown(html).pair
    left = pair.image_a if a_on_left else pair.image_b
    before_alt = html[: html.index('alt="Left image"')]
    assert str(left.public_id) in before_alt[before_alt.rindex("<img") :]


def test_it_shows_the_same_pair_until_it_is_answered(browser, member):
    assert open_page(browser, member) == open_page(browser, member)


def test_it_offers_only_the_choices_that_the_question_allows(browser, member):
    member.campaign.questions.update(choices=["a", "b"])

    html = browser.get(page_of(member)).content.decode()

    assert "both_good" not in html
    assert "both_bad" not in html


def test_the_next_two_pairs_wait_in_the_page(browser, member):
    html = browser.get(page_of(member)).content.decode()

    waiting = Assignment.objects.open().order_by("pk")
    assert cards_in(html) == [seat.pk for seat in waiting[:3]]
    assert [str(seat.pair.image_a.public_id) in html for seat in waiting[:4]] == [True, True, True, False]


def test_it_shows_own_progress_and_the_campaigns_only_roughly(browser, member):
    """Exact counts would tell whoever is alone whether their last vote counted, and so which pair was gold."""
    Member.objects.update(answered_count=7)
    CampaignProgress.objects.update(votes_live=2117, votes_wanted=3600)

    html = browser.get(page_of(member)).content.decode()

    assert "<b>7</b> judged" in html
    assert "<b>55%</b>" in html
    assert "2117" not in html
    assert "3600" not in html


def test_it_tells_nothing_of_generators_gold_or_hashes(browser, member):
    generator = GeneratorFactory(campaign=member.campaign, name="Painter XL")
    pair = PairFactory(campaign=member.campaign, priority=9, image_a__generator=generator)

    html = browser.get(page_of(member)).content.decode()

    assert seat_shown(html).pair == pair
    for secret in ("Painter", "gold", pair.image_a.sha256, pair.image_b.sha256, pair.ring):
        assert str(secret) not in html


def test_it_needs_few_queries_however_many_pairs_there_are(browser, member, django_assert_max_num_queries):
    browser.get(page_of(member))  # fills the queue
    PairFactory.create_batch(30, campaign=member.campaign)

    with django_assert_max_num_queries(9):
        browser.get(page_of(member))


def test_it_asks_who_you_are_first(client, member):
    response = client.get(page_of(member))

    assert response.status_code == 302
    assert response.url == f"{reverse('login')}?next={page_of(member)}"


def test_it_is_not_there_for_somebody_who_is_no_member(client, member):
    client.force_login(UserFactory())

    response = client.get(page_of(member))

    assert response.status_code == 404
    assert member.campaign.name not in response.content.decode()


@pytest.mark.parametrize("slug", ["nothing", "No Slug At All", "a.b"])
def test_a_campaign_that_is_not_there_is_404(browser, slug):
    assert browser.get(reverse("annotate", args=[slug])).status_code == 404


def test_it_takes_no_post(browser, member):
    response = browser.post(page_of(member))

    assert response.status_code == 405
    assert b"Go to your campaigns" in response.content


# --- the guideline first


def test_it_asks_to_accept_the_guideline_before_the_first_pair(browser, member):
    GuidelineFactory(campaign=member.campaign)

    response = browser.get(page_of(member))

    assert response.url == reverse("guideline", args=[member.campaign.slug])
    assert not Assignment.objects.exists()


def test_a_vote_after_a_new_version_counts_and_leads_to_the_guideline(browser, member):
    seat = open_page(browser, member)
    GuidelineFactory(campaign=member.campaign)

    response = vote(browser, seat)

    assert response.headers["HX-Redirect"] == reverse("guideline", args=[member.campaign.slug])
    assert Vote.objects.get().assignment == seat


def test_the_guideline_is_on_the_page_to_look_things_up(browser, member):
    guideline = GuidelineFactory(campaign=member.campaign, text="# Look closely\n\n<script>x</script>")
    Member.objects.update(guideline_accepted=guideline, guideline_accepted_at=timezone.now())

    html = browser.get(page_of(member)).content.decode()

    assert "<h3>Look closely</h3>" in html
    assert "<script>x" not in html


# --- voting


@pytest.mark.parametrize("choice", Choice.values)
def test_it_records_the_choice_and_shows_the_next_pair(browser, member, choice):
    seat = open_page(browser, member)

    response = vote(browser, seat, choice, elapsed_ms="1834")

    stored = Vote.objects.get()
    assert (stored.assignment, stored.choice, stored.elapsed_ms) == (seat, choice, 1834)
    html = response.content.decode()
    assert response.status_code == 200
    assert seat_shown(html) != seat
    assert "<html" not in html
    assert "<b>1</b> judged" in html


@pytest.mark.parametrize(("a_on_left", "choice", "side"), [(True, "a", "left"), (True, "b", "right"), (False, "a", "right")])
def test_it_says_which_side_was_recorded(browser, member, a_on_left, choice, side):
    seat = AssignmentFactory(member=member, pair__campaign=member.campaign, a_on_left=a_on_left)

    said = vote(browser, seat, choice).content.decode()

    assert f'Recorded: <span class="when-wide">{side}</span>' in said


def test_without_javascript_it_goes_back_to_the_page_and_says_so_there(browser, member):
    seat = open_page(browser, member)

    response = vote(browser, seat, "both_good", htmx=False, elapsed_ms="")

    assert response.url == page_of(member)
    stored = Vote.objects.get()
    assert (stored.choice, stored.elapsed_ms) == ("both_good", None)
    assert "Recorded: both good. 1 judged." in browser.get(response.url).content.decode()


def test_a_vote_and_the_next_card_take_eight_queries_at_most(browser, member, django_assert_max_num_queries):
    seat = open_page(browser, member)

    with django_assert_max_num_queries(12) as captured:
        vote(browser, seat, elapsed_ms="900")

    queries = [query["sql"] for query in captured if not query["sql"].startswith(TRANSACTION)]
    assert len(queries) <= 8, "\n\n".join(queries)


def test_a_lone_choice_answers_the_primary_question(browser, member):
    seat = open_page(browser, member)

    browser.post(reverse("vote", args=[seat.pk]), {"choice": "b"})

    assert Vote.objects.get().question.slug == "overall"


def test_the_same_vote_twice_counts_once(browser, member):
    seat = open_page(browser, member)

    first, again = vote(browser, seat), vote(browser, seat)

    assert (first.status_code, again.status_code) == (200, 200)
    assert Vote.objects.count() == 1
    assert Member.objects.get().answered_count == 1


def test_it_asks_for_more_work_only_when_the_queue_runs_low(browser, member, django_capture_on_commit_callbacks, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks.refill_queue, "apply_async", lambda args, retry: asked.append(args))
    PairFactory.create_batch(QUEUE_TARGET, campaign=member.campaign)
    seat = open_page(browser, member)
    sent = []
    for _ in range(QUEUE_TARGET - QUEUE_LOW):
        with django_capture_on_commit_callbacks(execute=True):
            seat = seat_shown(vote(browser, seat).content.decode())
        sent.append(len(asked))

    assert sent == [0] * (QUEUE_TARGET - QUEUE_LOW - 1) + [1]
    assert asked == [(member.pk,)]


@pytest.mark.parametrize("htmx", [True, False])
def test_another_choice_for_an_answered_pair_is_refused_with_a_way_on(browser, member, htmx):
    seat = open_page(browser, member)
    vote(browser, seat, "a")

    response = vote(browser, seat, "b", htmx=htmx)

    html = response.content.decode()
    assert response.status_code == 409
    assert 'data-refused="already_answered"' in html
    assert cards_in(html) if htmx else f'href="{page_of(member)}"' in html
    assert ("<html" in html) is not htmx
    assert response.headers.get("HX-Retarget") == ("#cards" if htmx else None)
    assert Vote.objects.get().choice == "a"


def test_a_lease_that_ran_out_is_refused_with_a_way_on(browser, member):
    seat = open_page(browser, member)
    Assignment.objects.filter(pk=seat.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))

    response = vote(browser, seat)

    assert response.status_code == 409
    assert b'data-refused="lease_expired"' in response.content
    assert not Vote.objects.exists()


@pytest.mark.parametrize("htmx", [True, False])
def test_somebody_elses_assignment_is_not_there(client, member, htmx):
    seat = AssignmentFactory(member=member, pair__campaign=member.campaign)
    client.force_login(MemberFactory(campaign=member.campaign).user)

    response = vote(client, seat, htmx=htmx)

    assert response.status_code == 404
    assert response.headers.get("HX-Retarget") == ("#notice" if htmx else None)
    assert not Vote.objects.exists()


def test_an_assignment_that_was_never_made_is_404(browser):
    assert browser.post(reverse("vote", args=[987654321]), {"choice": "a"}).status_code == 404
    assert browser.post("/assignments/99999999999999999999/vote/", {"choice": "a"}).status_code == 404


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"choice": "left", "question": "overall"},
        {"choice": "a", "question": "beauty"},
        {"choice": "a", "question": "not a slug\x00"},
        {"choice": "a", "comment": "x" * 2001},
        {"choice": "a", "comment": "x\0y"},
        {"choice_overall": "left"},
        {"choice_": "a"},
    ],
)
def test_an_answer_that_is_none_is_refused_and_the_pair_stays(browser, member, data):
    seat = open_page(browser, member)

    response = browser.post(reverse("vote", args=[seat.pk]), data, headers=HTMX)

    assert response.status_code == 400
    assert b'data-refused="invalid"' in response.content
    assert not Vote.objects.exists()
    assert open_page(browser, member) == seat


@pytest.mark.parametrize("elapsed_ms", ["soon", "-1", str(10**30), "٣", "1\0"])
def test_no_vote_is_lost_because_of_its_time(browser, member, elapsed_ms):
    response = vote(browser, open_page(browser, member), elapsed_ms=elapsed_ms)

    assert response.status_code == 200
    assert Vote.objects.get().elapsed_ms is None


def test_a_time_from_before_the_pair_was_sent_out_is_not_kept(browser, member):
    first = open_page(browser, member)
    second = seat_shown(vote(browser, first, elapsed_ms=str(60_000)).content.decode())
    Assignment.objects.filter(pk=second.pk).update(shown_at=timezone.now() - timedelta(minutes=2))
    vote(browser, second, elapsed_ms=str(60_000))

    assert list(Vote.objects.order_by("pk").values_list("elapsed_ms", flat=True)) == [None, 60_000]


@pytest.mark.parametrize("name", ["vote", "skip", "flag", "undo"])
def test_the_addresses_of_the_forms_take_only_what_the_forms_send(browser, member, name):
    response = browser.get(reverse(name, args=[open_page(browser, member).pk]))

    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert b"Go to your campaigns" in response.content


def test_a_suspended_member_cannot_vote(browser, member):
    seat = open_page(browser, member)
    Member.objects.update(state=MemberState.SUSPENDED)

    response = vote(browser, seat)

    assert response.status_code == 403
    assert not Vote.objects.exists()


def test_when_the_session_has_ended_a_script_is_told_so_and_where_to_log_in(browser, member):
    seat = open_page(browser, member)
    browser.logout()
    page = f"http://testserver{page_of(member)}"

    response = browser.post(reverse("vote", args=[seat.pk]), {"choice": "a"}, headers=HTMX | {"HX-Current-URL": page})

    assert (response.status_code, response.headers["HX-Retarget"]) == (401, "#notice")
    assert "HX-Redirect" not in response.headers  # the page stays, with what was pressed
    assert f"{reverse('login')}?next={page_of(member)}" in response.content.decode()
    assert len(response.content) < 500


def test_without_javascript_an_ended_session_leads_back_to_the_page_too(browser, member):
    seat = open_page(browser, member)
    browser.logout()

    response = browser.post(
        reverse("vote", args=[seat.pk]), {"choice": "a"}, headers={"Referer": f"http://testserver{page_of(member)}"}
    )

    assert response.url == f"{reverse('login')}?next={page_of(member)}"


def test_a_vote_needs_the_csrf_token(member):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(member.user)
    seat = open_page(browser, member)

    response = vote(browser, seat, htmx=False)

    assert response.status_code == 403
    assert b"This page has expired" in response.content
    assert not Vote.objects.exists()


# --- what the page has already


def test_only_cards_that_the_page_does_not_have_are_sent(browser, member):
    first, second, third = cards_in(browser.get(page_of(member)).content.decode())

    html = vote(browser, Assignment.objects.get(pk=first), have=f"{second},{third}").content.decode()

    (fourth,) = cards_in(html)
    assert fourth not in (first, second, third)
    assert queue_state_of(html) == ([second, third, fourth], str(first))


def test_answers_on_their_way_make_room_for_more(browser, member):
    first, second, third = cards_in(browser.get(page_of(member)).content.decode())

    html = vote(browser, Assignment.objects.get(pk=first), have=f"{second},{third}", unsent="1").content.decode()

    assert len(cards_in(html)) == 2


@pytest.mark.parametrize("have", ["", "x,y", "-1", "9" * 400, ",".join(map(str, range(1000)))])
def test_whatever_the_page_says_that_it_has_the_vote_counts(browser, member, have):
    response = vote(browser, open_page(browser, member), have=have, unsent="many")

    assert response.status_code == 200
    assert Vote.objects.count() == 1


def test_the_page_can_ask_for_what_it_lacks(browser, member):
    first, second, third = cards_in(browser.get(page_of(member)).content.decode())

    html = browser.get(page_of(member), {"have": f"{first},{third}"}, headers=HTMX).content.decode()

    assert cards_in(html) == [second]
    assert "<html" not in html


def test_an_answer_to_a_vote_is_small_and_names_no_more_than_it_must(browser, member):
    first, second, third = cards_in(browser.get(page_of(member)).content.decode())

    response = vote(browser, Assignment.objects.get(pk=first), have=f"{second},{third}")

    assert len(response.content) < 2000


# --- several questions


@pytest.fixture
def two_questions(member: Member) -> Member:
    QuestionFactory(campaign=member.campaign, slug="beauty", text="Which looks better?", position=1, choices=["a", "b"])
    return member


def test_several_questions_are_asked_in_order_and_without_javascript_together(browser, two_questions):
    html = browser.get(page_of(two_questions)).content.decode()

    assert re.findall(r'data-question="(\w+)"\s+data-choices="([\w ]+)"', html) == [
        ("overall", "a b both_good both_bad"),
        ("beauty", "a b"),
    ]
    assert html.count('name="choice_overall"') == 4
    assert html.count('name="choice_beauty"') == 2
    assert "Save answers" in html


def test_several_questions_are_answered_at_once(browser, two_questions):
    seat = open_page(browser, two_questions)

    response = browser.post(reverse("vote", args=[seat.pk]), {"choice_overall": "both_bad", "choice_beauty": "a"}, headers=HTMX)

    assert dict(Vote.objects.values_list("question__slug", "choice")) == {"overall": "both_bad", "beauty": "a"}
    assert "Recorded: 2 answers. 1 judged." in response.content.decode()
    assert seat_shown(response.content.decode()) != seat


def test_one_of_several_questions_left_open_is_refused(browser, two_questions):
    seat = open_page(browser, two_questions)

    response = browser.post(reverse("vote", args=[seat.pk]), {"choice_overall": "a"}, headers=HTMX)

    assert response.status_code == 400
    assert not Vote.objects.exists()


# --- skipping


@pytest.mark.parametrize("htmx", [True, False])
def test_a_skipped_pair_gives_way_to_the_next(browser, member, htmx):
    seat = open_page(browser, member)

    response = browser.post(reverse("skip", args=[seat.pk]), headers=HTMX if htmx else {})

    seat.refresh_from_db()
    assert seat.state == AssignmentState.SKIPPED
    html = browser.get(response.url).content.decode() if not htmx else response.content.decode()
    assert seat_shown(html) != seat
    assert "Skipped" in html


def test_an_answered_pair_cannot_be_skipped(browser, member):
    seat = open_page(browser, member)
    vote(browser, seat)

    response = browser.post(reverse("skip", args=[seat.pk]), headers=HTMX)

    assert response.status_code == 409
    assert b"data-refused" in response.content


def test_somebody_elses_pair_cannot_be_skipped(client, member):
    seat = AssignmentFactory(member=member, pair__campaign=member.campaign)
    client.force_login(MemberFactory(campaign=member.campaign).user)

    assert client.post(reverse("skip", args=[seat.pk])).status_code == 404
    seat.refresh_from_db()
    assert seat.state == AssignmentState.OPEN


# --- flagging


def flag(browser: Client, seat: Assignment, *, htmx: bool = True, **fields):
    return browser.post(reverse("flag", args=[seat.pk]), fields, headers=HTMX if htmx else {})


def test_the_card_asks_what_is_wrong_without_a_script(browser, member):
    html = browser.get(page_of(member)).content.decode()

    assert re.findall(r'name="reason" value="(\w+)" required', html) == FlagReason.values
    assert "<details" in html
    assert "Identical images" in html


@pytest.mark.parametrize("htmx", [True, False])
def test_a_flagged_pair_gives_way_to_the_next(browser, member, htmx):
    seat = open_page(browser, member)

    response = flag(browser, seat, htmx=htmx, reason="bad_prompt", note="It is empty.")

    assert Flag.objects.values_list("assignment", "reason", "note").get() == (seat.pk, "bad_prompt", "It is empty.")
    html = browser.get(response.url).content.decode() if not htmx else response.content.decode()
    assert seat_shown(html) != seat
    assert "Flagged" in html


@pytest.mark.parametrize(
    "fields", [{}, {"reason": "ugly"}, {"reason": "unsafe", "note": "x" * 2001}, {"reason": "unsafe", "note": "x\0y"}]
)
def test_a_flag_that_is_none_is_refused_and_the_pair_stays(browser, member, fields):
    seat = open_page(browser, member)

    response = flag(browser, seat, **fields)

    assert (response.status_code, response.headers["HX-Retarget"]) == (400, "#cards")
    assert "Choose what is wrong with the pair." in response.content.decode()
    assert not Flag.objects.exists()
    assert open_page(browser, member) == seat


def test_an_answered_pair_cannot_be_flagged(browser, member):
    seat = open_page(browser, member)
    vote(browser, seat)

    assert flag(browser, seat, reason="unsafe").status_code == 409
    assert not Flag.objects.exists()


def test_somebody_elses_pair_cannot_be_flagged(client, member):
    seat = AssignmentFactory(member=member, pair__campaign=member.campaign)
    client.force_login(MemberFactory(campaign=member.campaign).user)

    assert flag(client, seat, reason="unsafe").status_code == 404
    assert not Flag.objects.exists()


# --- undoing


def undo(browser: Client, seat: Assignment, *, htmx: bool = True, **fields):
    return browser.post(reverse("undo", args=[seat.pk]), fields, headers=HTMX if htmx else {})


@pytest.mark.parametrize("htmx", [True, False])
def test_the_pair_of_the_last_vote_comes_back_with_the_earlier_answer_marked(browser, member, htmx):
    first = open_page(browser, member)
    second = seat_shown(vote(browser, first).content.decode())
    vote(browser, second, "both_good")

    response = undo(browser, second, htmx=htmx)

    html = browser.get(response.url).content.decode() if not htmx else response.content.decode()
    assert seat_shown(html) == second
    assert f'data-assignment="{second.pk}" data-earlier="overall:both_good"' in html
    assert "Undone" in html
    assert "<b>1</b> judged" in html
    assert list(Vote.objects.order_by("pk").values_list("assignment", "void_reason")) == [(first.pk, None), (second.pk, "undone")]
    if not htmx:
        marked = html[: html.index(" data-earlier>")]
        assert 'value="both_good"' in marked[marked.rindex("<button") :]


def test_a_repeated_undo_takes_nothing_more_back(browser, member):
    first = open_page(browser, member)
    second = seat_shown(vote(browser, first).content.decode())
    vote(browser, second)

    for _ in range(2):
        assert undo(browser, second).status_code == 200

    assert list(Vote.objects.live().values_list("assignment", flat=True)) == [first.pk]


def test_the_page_says_what_undo_would_take_back(browser, member):
    pages = [browser.get(page_of(member)).content.decode()]
    first = seat_shown(pages[0])
    pages.append(vote(browser, first).content.decode())
    pages.append(vote(browser, seat_shown(pages[1])).content.decode())
    pages.append(undo(browser, seat_shown(pages[1])).content.decode())
    pages.append(undo(browser, first).content.decode())

    assert [queue_state_of(html)[1] for html in pages] == ["", str(first.pk), str(seat_shown(pages[1]).pk), str(first.pk), ""]


def test_undo_works_when_nothing_is_left_too(browser, member):
    Pair.objects.exclude(pk=Pair.objects.earliest("pk").pk).update(state="held")
    seat = open_page(browser, member)
    html = vote(browser, seat).content.decode()

    assert "data-reason" in html
    assert reverse("undo", args=[seat.pk]) in html
    assert reverse("undo", args=[seat.pk]) in browser.get(page_of(member)).content.decode()
    assert seat_shown(undo(browser, seat).content.decode()) == seat


def test_a_campaign_that_allows_no_undo_offers_none(browser, member):
    Campaign.objects.update(undo_votes=0)
    html = vote(browser, open_page(browser, member)).content.decode()

    assert queue_state_of(html)[1] == ""
    assert "Undo" not in browser.get(page_of(member)).content.decode()


@pytest.mark.parametrize("htmx", [True, False])
def test_without_a_vote_to_undo_it_says_so_with_a_way_on(browser, member, htmx):
    seat = open_page(browser, member)

    response = undo(browser, seat, htmx=htmx)

    html = response.content.decode()
    assert response.status_code == 409
    assert "There is no vote on this pair to undo." in html
    assert seat_shown(html) == seat if htmx else f'href="{page_of(member)}"' in html


def test_a_vote_of_long_ago_stays(browser, member):
    seat = open_page(browser, member)
    vote(browser, seat)
    Assignment.objects.filter(state="answered").update(closed_at=timezone.now() - timedelta(hours=1))

    response = undo(browser, seat)

    assert response.status_code == 403
    assert b'data-refused="undo_refused"' in response.content
    assert Vote.objects.live().count() == 1


def test_nobody_undoes_the_votes_of_others(client, member):
    vote_of = Client()
    vote_of.force_login(member.user)
    seat = open_page(vote_of, member)
    vote(vote_of, seat)

    for user in (UserFactory(), MemberFactory(campaign=member.campaign).user):
        client.force_login(user)
        assert undo(client, seat).status_code == 404
    assert Vote.objects.live().count() == 1


def test_an_undo_of_what_was_never_made_is_404(browser):
    assert browser.post(reverse("undo", args=[987654321])).status_code == 404


# --- a comment


def test_a_comment_stays_with_the_vote_where_the_campaign_asks_for_one(browser, member):
    Campaign.objects.update(asks_comment=True)
    html = browser.get(page_of(member)).content.decode()
    vote(browser, seat_shown(html), comment="Both have six fingers.")

    assert 'name="comment"' in html
    assert Vote.objects.get().comment == "Both have six fingers."


def test_a_comment_that_nobody_asked_for_is_not_kept(browser, member):
    html = browser.get(page_of(member)).content.decode()
    vote(browser, seat_shown(html), comment="Both have six fingers.")

    assert 'name="comment"' not in html
    assert Vote.objects.get().comment == ""


def test_with_several_questions_the_comment_is_written_once(browser, two_questions):
    Campaign.objects.update(asks_comment=True)
    seat = open_page(browser, two_questions)
    answer = {"choice_overall": "a", "choice_beauty": "b", "comment": "Close."}
    browser.post(reverse("vote", args=[seat.pk]), answer, headers=HTMX)

    assert dict(Vote.objects.values_list("question__slug", "comment")) == {"overall": "Close.", "beauty": ""}


# --- nothing left


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"limit_per_day": 1}, "daily limit of one vote"),
        ({"limit_total": 1}, "limit of one vote per person"),
        ({"limit_share": 0.001}, "of this campaign&#x27;s votes per person"),
    ],
)
def test_who_has_reached_a_limit_is_told_which(browser, member, rules, words):
    Campaign.objects.update(**rules)

    seat = open_page(browser, member)
    response = vote(browser, seat)

    for shown in (response, browser.get(page_of(member))):
        assert reason_of(shown) == next(iter(rules))
        assert words in shown.content.decode()
    assert Vote.objects.count() == 1
    assert reason_of(undo(browser, seat)) is None  # a vote that was undone leaves room for another


@pytest.mark.parametrize(
    ("state", "reason"),
    [(CampaignState.DRAFT, "draft"), (CampaignState.PAUSED, "paused"), (CampaignState.CLOSED, "closed")],
)
def test_a_campaign_that_takes_no_votes_says_so(browser, member, state, reason):
    member.campaign.state = state
    member.campaign.save()

    response = browser.get(page_of(member))

    assert (response.status_code, reason_of(response)) == (200, reason)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (MemberState.PAUSED, "member_paused"),
        (MemberState.SUSPENDED, "member_suspended"),
        (MemberState.WITHDRAWN, "member_out"),
    ],
)
def test_a_member_who_may_not_judge_is_told_so(browser, member, state, reason):
    Member.objects.update(state=state)

    assert reason_of(browser.get(page_of(member))) == reason


def test_a_vote_in_a_campaign_paused_meanwhile_counts_and_the_next_card_says_paused(browser, member):
    seat = open_page(browser, member)
    member.campaign.state = CampaignState.PAUSED
    member.campaign.save()

    response = vote(browser, seat)

    assert Vote.objects.count() == 1
    assert reason_of(response) == "paused"


def test_after_the_last_pair_it_says_that_everything_is_judged(client):
    member = MemberFactory()
    PairFactory(campaign=member.campaign)
    roll_up(campaign=member.campaign)
    client.force_login(member.user)

    response = vote(client, open_page(client, member))

    assert reason_of(response) == "judged_all"
    assert "<b>1</b> judged" in response.content.decode()


def test_an_empty_campaign_says_that_there_are_no_pairs_yet(client):
    member = MemberFactory(campaign=CampaignFactory())
    client.force_login(member.user)

    assert reason_of(client.get(page_of(member))) == "no_pairs"


@pytest.mark.parametrize(
    ("counters", "answered", "code"),
    [
        ({"pairs_total": 0}, 0, "no_pairs"),
        ({"pairs_total": 10, "votes_wanted": 30, "votes_live": 30}, 10, "finished"),
        ({"pairs_total": 10, "votes_wanted": 30, "votes_live": 30}, 0, "finished"),
        ({"pairs_total": 10, "pairs_held": 2, "votes_wanted": 24, "votes_live": 24}, 8, "under_review"),
        ({"pairs_total": 2, "pairs_held": 2, "votes_wanted": 0, "votes_live": 0}, 0, "under_review"),
        ({"pairs_total": 10, "votes_wanted": 30, "votes_live": 12}, 10, "judged_all"),
        ({"pairs_total": 10, "pairs_held": 2, "votes_wanted": 24, "votes_live": 12}, 8, "judged_all"),
        ({"pairs_total": 10, "votes_wanted": 30, "votes_live": 25, "seats_open": 5}, 7, "seats_taken"),
        ({"pairs_total": 10, "votes_wanted": 30, "votes_live": 25, "seats_open": 2}, 7, "seen_all"),
    ],
)
def test_the_reason_follows_from_the_counters(counters, answered, code):
    assert why_nothing_left(CampaignProgress(**counters), answered=answered, lease_seconds=1800).code == code


@pytest.mark.parametrize(("seconds", "words"), [(5, "a minute"), (60, "a minute"), (1800, "30 minutes")])
def test_it_says_how_long_others_may_hold_a_seat(seconds, words):
    counters = CampaignProgress(pairs_total=1, votes_wanted=1, votes_live=0, seats_open=1)

    assert words in why_nothing_left(counters, answered=0, lease_seconds=seconds).text
