"""The campaign's page says what waits, why it cannot get on, and why numbers fell."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.choices import Role
from annotator.models import Campaign, Member
from annotator.quality.moderation import Reason, pause_member, suspend_member
from annotator.scoring.consensus_writer import score_campaign
from annotator.scoring.progress import roll_up
from annotator.scoring.settling import settle_pairs
from annotator.scoring.statistics import compute_statistics
from tests.factories import (
    AppealFactory,
    FlagFactory,
    ImportFactory,
    MemberFactory,
    PairFactory,
    ReviewRuleFactory,
)
from tests.judges import judge_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client: Client) -> Member:
    manager = MemberFactory(role=Role.MANAGER, campaign__votes_wanted=1, campaign__votes_max=1)
    client.force_login(manager.user)
    return manager


def page_of(client: Client, campaign: Campaign) -> str:
    return " ".join(client.get(reverse("campaign_page", args=[campaign.slug])).content.decode().split())


def count_anew(campaign: Campaign) -> None:
    """As the background tasks do it."""
    settle_pairs(campaign=campaign)
    score_campaign(campaign=campaign)
    roll_up(campaign=campaign)
    compute_statistics(campaign=campaign)


def number(html: str, name: str) -> str:
    found = re.search(rf'id="number-{name}" class="[^"]*" aria-describedby="[^"]*">([^<]*)<', html)
    assert found is not None, name
    return found[1]


def test_that_nobody_can_annotate_is_the_headline(client: Client, manager: Member) -> None:
    campaign = manager.campaign
    PairFactory.create_batch(3, campaign=campaign)
    roll_up(campaign=campaign)
    rule = ReviewRuleFactory(campaign=campaign)
    pause_member(member=MemberFactory(campaign=campaign), by=None, reason=Reason(rule=rule))

    html = page_of(client, campaign)

    assert "Nobody can annotate: 1 paused by a rule <a" in html
    assert number(html, "left") == "–"
    MemberFactory(campaign=campaign)
    assert "Nobody can annotate" not in page_of(client, campaign)


def test_what_waits_has_links_to_where_it_is_decided(client: Client, manager: Member) -> None:
    campaign = manager.campaign
    assert "Waits for a decision" not in page_of(client, campaign)
    FlagFactory(assignment__member__campaign=campaign)
    AppealFactory(member__campaign=campaign, member__state="suspended")
    PairFactory(campaign=campaign, gold_choice="a", gold_in_review_since=timezone.now())
    ReviewRuleFactory(campaign=campaign, asks_since=timezone.now())
    ImportFactory(campaign=campaign, state="failed")
    Campaign.objects.update(training_pairs=1)
    MemberFactory(campaign=campaign, training_failed_at=timezone.now())

    html = page_of(client, campaign)

    for words, route, query in (
        ("1 flagged pair", "queue", "?kind=flag"),
        ("1 appeal to answer", "queue", "?kind=appeal"),
        ("1 gold pair in dispute", "queue", "?kind=gold"),
        ("1 rule asks before it acts", "review", ""),
        ("1 failed import", "imports", ""),
        ("1 person failed the training", "trainees", ""),
    ):
        assert f'<a href="{reverse(route, args=[campaign.slug])}{query}">{words}</a>' in html


@pytest.mark.django_db(transaction=True)
def test_numbers_agree_after_a_suspension_and_the_drop_is_explained(client: Client, manager: Member) -> None:
    campaign = manager.campaign
    ann, bob = MemberFactory(campaign=campaign, user__username="ann"), MemberFactory(campaign=campaign)
    PairFactory.create_batch(4, campaign=campaign)
    judge_all(ann)
    count_anew(campaign)
    assert (number(page_of(client, campaign), "settled"), number(page_of(client, campaign), "share")) == ("4", "100 %")
    suspend_member(member=ann, by=manager.user)

    html = page_of(client, campaign)

    said = f"4 votes of ann are void: {manager.user} suspended them. 4 settled pairs want votes again"
    assert said in html
    assert "are from before, and are computed anew" in html

    count_anew(campaign)
    html = page_of(client, campaign)

    assert said in html
    assert "are from before" not in html
    found = {name: number(html, name) for name in ("share", "settled", "hour", "able", "waiting")}
    assert found == {"share": "0 %", "settled": "0", "hour": "0", "able": "1", "waiting": "4"}
    assert "Of 0 votes that count" in html
    assert "Void: the annotator is suspended" in html
    assert bob.campaign == campaign


def test_every_number_explains_itself(client: Client, manager: Member) -> None:
    PairFactory(campaign=manager.campaign)
    roll_up(campaign=manager.campaign)
    html = page_of(client, manager.campaign)

    named = re.findall(r'<button type="button" id="number-[^"]*" class="[^"]*" aria-describedby="([^"]*)"', html)

    assert len(named) > 8
    for name in named:
        assert len(re.findall(rf'<span id="{name}" role="tooltip" class="tip-words">[^<]{{40,}}</span>', html)) == 1, name
