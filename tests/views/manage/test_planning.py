"""The page that plans votes: before there are any, and with those so far."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from annotator.models import Campaign, Member
from tests.factories import MemberFactory
from tests.scoring.statistics.judged import judge_for_statistics

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed

ASSUMED = {
    "generators": 2,
    "prompts": 500,
    "votes_per_pair": 3,
    "seconds": 10,
    "price": 0.05,
    "checks": 0,
    "win_rate": 0.52,
    "target_width": 0.05,
    "agreement": 0.64,
    "pair_share": 0.19,
    "ties": 0,
}


@pytest.fixture
def manager() -> Member:
    return MemberFactory(role="manager")


@pytest.fixture
def campaign(manager: Member) -> Campaign:
    return manager.campaign


@pytest.fixture
def browser(manager: Member) -> Client:
    client = Client()
    client.force_login(manager.user)
    return client


def text_of(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def address(campaign: Campaign) -> str:
    return reverse("plan", args=[campaign.slug])


def test_only_managers_open_it(campaign: Campaign) -> None:
    for member, status in ((MemberFactory(campaign=campaign), 403), (MemberFactory(), 404)):
        client = Client()
        client.force_login(member.user)
        assert client.get(address(campaign)).status_code == status
    assert Client().get(address(campaign)).status_code == 302


def test_an_empty_campaign_gets_a_form_and_no_plan(browser: Client, campaign: Campaign) -> None:
    response = browser.get(address(campaign))
    text = text_of(response)
    assert response.status_code == 200
    assert "everything is assumed" in text
    assert "This plan" not in text
    assert "Agreement" in text


def test_assumptions_give_a_plan(browser: Client, campaign: Campaign) -> None:
    text = text_of(browser.get(address(campaign), ASSUMED))
    assert "1,500 on 500 pairs" in text
    assert "±0.063" in text
    assert "4.2 hours" in text
    assert "75.00 for 1,500 answers" in text
    assert "score intervals of ±0.05 2,388" in text
    assert "no number is enough" in text


def test_every_assumption_counts(browser: Client, campaign: Campaign) -> None:
    before = text_of(browser.get(address(campaign), ASSUMED)).partition("Assumptions")[0]
    for name, value in ASSUMED.items():
        changed = {"generators": 3, "agreement": 0.7, "pair_share": 0.1, "win_rate": 0.6}.get(name, float(value) * 2 or 0.2)
        after = text_of(browser.get(address(campaign), {**ASSUMED, name: changed})).partition("Assumptions")[0]
        assert after != before, name


def test_votes_so_far_say_how_many_more(browser: Client, campaign: Campaign) -> None:
    judge_for_statistics(campaign)
    response = browser.get(address(campaign))
    text = text_of(response)
    assert response.status_code == 200
    assert "From 120 votes so far" in text
    assert "More votes" in text
    assert "to tell Aurora from Brook 2, with a chance of 80 %" in text
    assert re.search(r"score intervals of ±0\.1 [\d,]+ more", text)
    assert "Agreement" not in response.context["form"].fields
    asked = {**ASSUMED, "generators": 4, "prompts": 40, "first": "Aurora", "second": "Dune"}
    assert "to tell Aurora from Dune" in text_of(browser.get(address(campaign), asked))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"generators": "many"}, "Enter a whole number."),
        ({"generators": 1}, "greater than or equal to 2"),
        ({"prompts": ""}, "This field is required."),
        ({"pairs_per_prompt": 7}, "2 generators have from 1 to 1 pairs per prompt."),
        ({"agreement": 0.55, "pair_share": 0.5}, "at most 0.10 of the variation"),
        ({"win_rate": 0.5}, "greater than or equal to 0.501"),
        ({"prompts": "nan"}, "Enter a number."),
    ],
)
def test_what_cannot_be_comes_back_with_a_reason(browser: Client, campaign: Campaign, changes, complaint) -> None:
    response = browser.get(address(campaign), {**ASSUMED, **changes})
    assert response.status_code == 400
    assert complaint in text_of(response)
    assert "This plan" not in text_of(response)


def test_generators_that_have_no_scores_are_no_choice(browser: Client, campaign: Campaign) -> None:
    judge_for_statistics(campaign)
    asked = {**ASSUMED, "generators": 4, "first": "Aurora", "second": "Nobody"}
    assert browser.get(address(campaign), asked).status_code == 400


def test_the_campaigns_page_leads_to_it(browser: Client, campaign: Campaign) -> None:
    page = browser.get(reverse("campaign_page", args=[campaign.slug])).content.decode()
    assert address(campaign) in page
