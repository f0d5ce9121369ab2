"""The pages about statistics, pairs that look alike and groups: who may open them, what they show, do and refuse."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.campaigns import demographics
from annotator.models import GroupQuestion, Member, Pair, SelfDescription, Vote
from annotator.quality import moderation
from annotator.scoring.statistics import compute_statistics, stored_statistics
from annotator.views.manage.statistics import ALPHA_WORDS
from tests.factories import (
    GroupQuestionFactory,
    MemberFactory,
    PairFactory,
    SelfDescriptionFactory,
    UserFactory,
)
from tests.released import vote
from tests.scoring.statistics.judged import judge_for_statistics

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed

MANAGERS_PAGES = ["statistics", "near_identical", "group_question"]


@pytest.fixture
def manager() -> Member:
    return MemberFactory(role="manager")


@pytest.fixture
def browser(manager) -> Client:
    return browser_of(manager)


def browser_of(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def address(name: str, member: Member) -> str:
    return reverse(name, args=[member.campaign.slug])


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize("name", MANAGERS_PAGES)
def test_only_managers_open_the_pages(manager, name):
    annotator = MemberFactory(campaign=manager.campaign)
    assert browser_of(manager).get(address(name, manager)).status_code == 200
    assert browser_of(annotator).get(address(name, manager)).status_code == 403
    assert browser_of(MemberFactory()).get(address(name, manager)).status_code == 404
    assert Client().get(address(name, manager)).status_code == 302


@pytest.mark.parametrize("name", ["near_identical", "group_question"])
def test_only_managers_change_anything(manager, name):
    pair = PairFactory(campaign=manager.campaign, image_distance=0)
    body = {"pair": pair.pk, "decision": "hold", "text": "Which?", "options": "x\ny", "people_min": 5}
    assert browser_of(MemberFactory(campaign=manager.campaign)).post(address(name, manager), body).status_code == 403
    assert browser_of(MemberFactory()).post(address(name, manager), body).status_code == 404
    pair.refresh_from_db()
    assert (pair.state, GroupQuestion.objects.count()) == ("open", 0)


def test_statistics_can_only_be_looked_at(manager, browser):
    assert browser.post(address("statistics", manager)).status_code == 405


# --- statistics


def test_without_votes_the_page_says_so_in_each_section(manager, browser):
    page = text_of(browser.get(address("statistics", manager)))
    assert "Not computed yet" in page
    for words in ("No two generators have been compared yet.", "Nobody has voted yet.", "No prompts yet.", "No question yet."):
        assert words in page
    compute_statistics(campaign=manager.campaign)
    assert "Based on 0 votes" in text_of(browser.get(address("statistics", manager)))


def test_the_page_says_it_in_words_and_numbers(manager, browser):
    judge_for_statistics(manager.campaign)
    page = text_of(browser.get(address("statistics", manager)))
    its = stored_statistics(manager.campaign).document
    assert f"{its['agreement'][0]['agreement']['alpha']:.2f}".replace("-", "−") in page
    assert any(f"): {words}." in page for _, words in ALPHA_WORDS)
    for generator in ("Aurora", "Brook 2", "Cedar-XL", "Dune"):
        assert generator in page
    assert its["annotators"][0]["annotator"] in page
    assert "Machines compared with people" in page
    assert "near-identical pairs</a>" in page
    assert "never" in page


def test_a_refused_ranking_is_explained_on_the_page(manager, browser):
    judge_for_statistics(manager.campaign, pairs=2)
    Vote.objects.update(void_reason="undone", voided_at=timezone.now())
    for pair in Pair.objects.all():
        vote(pair, "a")
    compute_statistics(campaign=manager.campaign)
    assert "The generators cannot be ranked: " in text_of(browser.get(address("statistics", manager)))


def test_the_page_shows_no_names(manager, browser):
    judge_for_statistics(manager.campaign)
    page = text_of(browser.get(address("statistics", manager)))
    names = Member.objects.filter(campaign=manager.campaign).exclude(pk=manager.pk).values_list("user__username", flat=True)
    assert not [name for name in names if f">{name}<" in page]


@pytest.mark.parametrize("pairs", [3, 30])
def test_the_page_is_read_from_one_row_at_any_size(manager, browser, pairs, django_assert_num_queries):
    judge_for_statistics(manager.campaign, pairs=pairs)
    browser.get(address("statistics", manager))
    with django_assert_num_queries(3):  # session with user, membership with campaign, document
        browser.get(address("statistics", manager))


def test_the_campaigns_page_leads_there(manager, browser):
    PairFactory(campaign=manager.campaign, image_distance=6)
    PairFactory(campaign=manager.campaign, image_distance=7)
    PairFactory(campaign=manager.campaign, image_distance=1, state="held")
    page = text_of(browser.get(address("campaign_page", manager)))
    assert address("statistics", manager) in page
    assert "1 near-identical pair" in page


# --- pairs that look alike


def test_pairs_that_look_alike_are_listed_the_most_alike_first(manager, browser):
    far, near = PairFactory(campaign=manager.campaign, image_distance=5), PairFactory(campaign=manager.campaign, image_distance=0)
    other = PairFactory(campaign=manager.campaign, image_distance=7)
    unknown, foreign = PairFactory(campaign=manager.campaign), PairFactory(image_distance=0)
    page = text_of(browser.get(address("near_identical", manager)))
    assert page.index(f"pair-{near.pk}") < page.index(f"pair-{far.pk}")
    for pair in (other, unknown, foreign):
        assert f'id="pair-{pair.pk}"' not in page


def test_a_pair_is_taken_out_and_put_back(manager, browser):
    pair = PairFactory(campaign=manager.campaign, image_distance=2)
    browser.post(address("near_identical", manager), {"pair": pair.pk, "decision": "hold"})
    assert Pair.objects.get().state == "held"
    assert "Return to circulation" in text_of(browser.get(address("near_identical", manager)))
    browser.post(address("near_identical", manager), {"pair": pair.pk, "decision": "return"})
    assert Pair.objects.get().state == "open"


@pytest.mark.parametrize("body", [{}, {"pair": "x", "decision": "hold"}, {"pair": "1", "decision": "burn"}, {"pair": 10**30}])
def test_a_decision_that_is_none_is_refused(manager, browser, body):
    assert browser.post(address("near_identical", manager), body).status_code == 404


def test_pairs_of_another_campaign_and_pairs_that_differ_are_not_there(manager, browser):
    for pair in (PairFactory(image_distance=0), PairFactory(campaign=manager.campaign, image_distance=30)):
        assert browser.post(address("near_identical", manager), {"pair": pair.pk, "decision": "hold"}).status_code == 404
    assert not Pair.objects.filter(state="held").exists()


# --- groups, by the manager

ASKED = {"text": "How often do you make images?", "options": "never\n\n often \n", "people_min": 5}


def test_a_campaign_asks_nobody_until_a_manager_does(manager, browser):
    annotator = MemberFactory(campaign=manager.campaign)
    assert browser_of(annotator).get(address("about_you", annotator)).status_code == 404
    assert "About you" not in text_of(browser_of(annotator).get(reverse("campaigns")))

    assert browser.post(address("group_question", manager), ASKED).status_code == 302

    asked = GroupQuestion.objects.get()
    assert (asked.text, asked.options, asked.people_min) == ("How often do you make images?", ["never", "often"], 5)
    assert "About you" in text_of(browser_of(annotator).get(reverse("campaigns")))
    assert "How often do you make images?" in text_of(browser_of(annotator).get(address("about_you", annotator)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", ""),
        ("text", "x" * 301),
        ("options", ""),
        ("options", "only one"),
        ("options", "same\nsame"),
        ("options", "\n".join(map(str, range(13)))),
        ("options", "x\n" + "y" * 61),
        ("people_min", "2"),
        ("people_min", "few"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_at_its_field(manager, browser, field, value):
    response = browser.post(address("group_question", manager), ASKED | {field: value})
    assert response.status_code == 400
    assert list(response.context["form"].errors) == [field]
    assert not GroupQuestion.objects.exists()


def test_another_question_erases_the_answers_and_another_option_those_by_it(manager, browser):
    asked = GroupQuestionFactory(campaign=manager.campaign, text="How often?", options=["never", "often"])
    for option in asked.options:
        SelfDescriptionFactory(member=MemberFactory(campaign=manager.campaign), option=option)
    elsewhere = SelfDescriptionFactory()
    change = {"text": "How often?", "options": "never\ndaily", "people_min": 3}
    browser.post(address("group_question", manager), change)
    assert set(SelfDescription.objects.values_list("option", flat=True)) == {"never"}
    browser.post(address("group_question", manager), change | {"text": "How long?"})
    assert list(SelfDescription.objects.all()) == [elsewhere]


def test_stopping_erases_all(manager, browser):
    GroupQuestionFactory(campaign=manager.campaign)
    SelfDescriptionFactory(member=MemberFactory(campaign=manager.campaign))
    browser.post(address("group_question", manager), {"stop": "1"})
    assert (GroupQuestion.objects.count(), SelfDescription.objects.count()) == (0, 0)


# --- groups, by the annotator


@pytest.fixture
def annotator(manager) -> Member:
    GroupQuestionFactory(campaign=manager.campaign, options=["never", "often"])
    return MemberFactory(campaign=manager.campaign)


def test_an_annotator_answers_changes_it_and_takes_it_back(annotator):
    client = browser_of(annotator)
    for option in ("never", "often"):
        client.post(address("about_you", annotator), {"option": option})
        assert SelfDescription.objects.get(member=annotator).option == option
    page = text_of(client.get(address("about_you", annotator)))
    assert 'value="often" checked' in page
    client.post(address("about_you", annotator), {"option": ""})
    assert not SelfDescription.objects.exists()


@pytest.mark.parametrize("option", ["always", "x\0y", "never " * 99])
def test_an_answer_that_is_none_is_refused_and_changes_nothing(annotator, option):
    SelfDescriptionFactory(member=annotator, option="never")
    response = browser_of(annotator).post(address("about_you", annotator), {"option": option}, follow=True)
    assert "This answer does not exist." in text_of(response)
    assert SelfDescription.objects.get().option == "never"


def test_nobody_answers_for_another(annotator):
    assert browser_of(MemberFactory()).post(address("about_you", annotator), {"option": "never"}).status_code == 404
    stranger = Client()
    stranger.force_login(UserFactory())
    assert stranger.get(address("about_you", annotator)).status_code == 404


def test_nothing_is_told_of_one_person(annotator):
    demographics.describe(member=annotator, option="often")
    vote(PairFactory(campaign=annotator.campaign), "a", member=annotator)
    compute_statistics(campaign=annotator.campaign)
    groups = stored_statistics(annotator.campaign).document["groups"]
    assert (groups["groups"], groups["suppressed"]) == ([], 2)


def test_withdrawing_erases_what_somebody_said_of_themselves(annotator):
    demographics.describe(member=annotator, option="often")
    moderation.suspend_member(member=annotator, by=None)
    assert SelfDescription.objects.filter(member=annotator).exists()
    moderation.withdraw_member(member=annotator, by=None)
    assert not SelfDescription.objects.filter(member=annotator).exists()
