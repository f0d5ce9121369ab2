"""The pages of the question by which annotators may describe themselves."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.campaigns import demographics
from annotator.choices import MemberState, Role
from annotator.models import GroupQuestion, Member, SelfDescription
from annotator.quality import moderation
from annotator.scoring.statistics import compute_statistics, stored_statistics
from tests.factories import GroupQuestionFactory, MemberFactory, PairFactory, SelfDescriptionFactory, UserFactory
from tests.released import vote

pytestmark = pytest.mark.django_db

ASKED = {"text": "How often do you make images?", "options": "never\n\n often \n", "people_min": 5}


@pytest.fixture
def asked() -> GroupQuestion:
    return GroupQuestionFactory(options=["never", "often"], people_min=7)


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


@pytest.fixture
def annotator(manager) -> Member:
    GroupQuestionFactory(campaign=manager.campaign, options=["never", "often"])
    return MemberFactory(campaign=manager.campaign)


def address(name: str, member: Member) -> str:
    return reverse(name, args=[member.campaign.slug])


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_the_managers_form_shows_what_is_asked_now(client, asked):
    client.force_login(MemberFactory(campaign=asked.campaign, role=Role.MANAGER).user)

    form = client.get(reverse("group_question", args=[asked.campaign.slug])).context["form"]

    assert form.initial == {"text": asked.text, "options": "never\noften", "people_min": 7}


def test_the_stop_button_counts_whatever_is_in_the_form(client, asked):
    client.force_login(MemberFactory(campaign=asked.campaign, role=Role.MANAGER).user)
    page = reverse("group_question", args=[asked.campaign.slug])

    assert client.post(page, {"stop": "", "text": "Another?", "options": "a\nb", "people_min": "5"}).url == page

    assert not GroupQuestion.objects.exists()


def test_an_annotator_sees_their_own_answer_alone(client, asked):
    SelfDescriptionFactory(member__campaign=asked.campaign, option="often")
    member = MemberFactory(campaign=asked.campaign)
    client.force_login(member.user)
    page = reverse("about_you", args=[asked.campaign.slug])
    assert client.get(page).context["answer"] is None

    client.post(page, {"option": "never"})

    assert client.get(page).context["answer"].option == "never"
    assert SelfDescription.objects.count() == 2


def test_a_form_without_an_answer_erases_the_one_before(client, asked):
    member = SelfDescriptionFactory(member__campaign=asked.campaign).member
    client.force_login(member.user)

    client.post(reverse("about_you", args=[asked.campaign.slug]), {})

    assert not SelfDescription.objects.exists()


@pytest.mark.parametrize("state", [MemberState.PAUSED, MemberState.SUSPENDED, MemberState.WITHDRAWN])
def test_who_may_not_judge_is_not_asked(client, asked, state):
    client.force_login(MemberFactory(campaign=asked.campaign, state=state).user)
    page = reverse("about_you", args=[asked.campaign.slug])

    assert client.get(page).status_code == 403
    assert client.post(page, {"option": "never"}).status_code == 403
    assert not SelfDescription.objects.exists()


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


@pytest.mark.django_db(transaction=True)  # statistics read through Arrow what is committed
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
