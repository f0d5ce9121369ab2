"""The annotation page: what it shows, to whom, and what of it is sent."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from annotator.models import Assignment, CampaignProgress, Member, Vote
from tests.factories import AssignmentFactory, GeneratorFactory, GuidelineFactory, PairFactory, UserFactory
from tests.views.annotate.pages import HTMX, cards_in, open_page, page_of, queue_state_of, seat_shown, shown, vote

pytestmark = pytest.mark.django_db


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
    assert re.findall(r'action="/assignments/(\d+)/(?:vote|skip|flag)/"', html) == [shown(seat.pk)] * 3
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
    assert not re.search(r"\b2117\b", html)  # the address of an image may hold these digits
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


# --- what the page has already


def test_only_cards_that_the_page_does_not_have_are_sent(browser, member):
    first, second, third = cards_in(browser.get(page_of(member)).content.decode())

    html = vote(browser, Assignment.objects.get(pk=first), have=shown(second, third)).content.decode()

    (fourth,) = cards_in(html)
    assert fourth not in (first, second, third)
    assert queue_state_of(html) == ([second, third, fourth], str(first))


def test_answers_on_their_way_make_room_for_more(browser, member):
    first, second, third = cards_in(browser.get(page_of(member)).content.decode())

    html = vote(browser, Assignment.objects.get(pk=first), have=shown(second, third), unsent="1").content.decode()

    assert len(cards_in(html)) == 2


@pytest.mark.parametrize("have", ["", "x,y", "-1", "9" * 400, ",".join(map(str, range(1000)))])
def test_whatever_the_page_says_that_it_has_the_vote_counts(browser, member, have):
    response = vote(browser, open_page(browser, member), have=have, unsent="many")

    assert response.status_code == 200
    assert Vote.objects.count() == 1


def test_the_page_can_ask_for_what_it_lacks(browser, member):
    first, second, third = cards_in(browser.get(page_of(member)).content.decode())

    html = browser.get(page_of(member), {"have": shown(first, third)}, headers=HTMX).content.decode()

    assert cards_in(html) == [second]
    assert "<html" not in html


def test_an_answer_to_a_vote_is_small_and_names_no_more_than_it_must(browser, member):
    first, second, third = cards_in(browser.get(page_of(member)).content.decode())

    response = vote(browser, Assignment.objects.get(pk=first), have=shown(second, third))

    assert len(response.content) < 2000
