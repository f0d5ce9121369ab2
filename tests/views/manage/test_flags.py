"""The page of flagged pairs."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.choices import PairState, Role
from annotator.models import Campaign, Flag, Member, Pair
from annotator.views.manage import flags
from tests.factories import FlagFactory, MemberFactory, PairFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client: Client) -> Member:
    manager = MemberFactory(role=Role.MANAGER)
    client.force_login(manager.user)
    return manager


@pytest.fixture
def campaign(manager: Member) -> Campaign:
    return manager.campaign


def address(name: str, campaign: Campaign, *more: object) -> str:
    return reverse(name, args=[campaign.slug, *more])


def test_flagged_pairs_come_in_pages_of_pairs_and_not_of_flags(client, manager, monkeypatch):
    monkeypatch.setattr(flags, "FLAGGED_PER_PAGE", 2)
    first = FlagFactory(assignment__member__campaign=manager.campaign)
    for _ in range(3):
        FlagFactory(assignment__member__campaign=manager.campaign, assignment__pair=first.assignment.pair)
    FlagFactory.create_batch(2, assignment__member__campaign=manager.campaign)
    page = reverse("flags", args=[manager.campaign.slug])

    one, two = (client.get(page, {"page": number}).context["page"] for number in (1, 2))

    assert one.paginator.count == 3
    assert len(one.object_list) == 2
    assert len({pair.pk for shown in (one, two) for pair in shown.object_list}) == 3


def test_a_decision_is_made_once_and_settles_every_flag_of_the_pair(client, manager):
    pair = FlagFactory(assignment__member__campaign=manager.campaign).assignment.pair
    FlagFactory(assignment__member__campaign=manager.campaign, assignment__pair=pair)
    page = reverse("flags", args=[manager.campaign.slug])

    assert client.post(page, {"pair": pair.pk, "decision": "return"}).url == page
    assert client.post(page, {"pair": pair.pk, "decision": "hold"}).status_code == 404

    assert set(Flag.objects.values_list("resolved_by", flat=True)) == {manager.user_id}
    assert Pair.objects.get().state == PairState.OPEN


def test_twice_as_many_flags_cost_no_further_query(client, manager, django_assert_max_num_queries):
    page = reverse("flags", args=[manager.campaign.slug])
    FlagFactory.create_batch(2, assignment__member__campaign=manager.campaign)
    client.get(page)
    with django_assert_max_num_queries(20) as few:
        client.get(page)
    FlagFactory.create_batch(6, assignment__member__campaign=manager.campaign)

    with django_assert_max_num_queries(len(few)):
        client.get(page)


def test_flagged_pairs_are_shown_with_what_is_said_of_them(client: Client, campaign: Campaign) -> None:
    assert "flagged pair</a>" not in client.get(address("campaign_page", campaign)).content.decode()
    pair = PairFactory(campaign=campaign)
    for note in ("Half of it is <grey>.", "Broken."):
        FlagFactory(assignment__member__campaign=campaign, assignment__pair=pair, note=note)
    FlagFactory(assignment__member__campaign=campaign, resolved_at=timezone.now())
    FlagFactory()  # in another campaign

    assert "1 flagged pair</a>" in client.get(address("campaign_page", campaign)).content.decode()
    html = client.get(address("flags", campaign)).content.decode()

    assert re.findall(r"<h2 id=\"pair-(\d+)\"", html) == [str(pair.pk)]
    for shown in (pair.prompt.text, "Broken image", "Half of it is &lt;grey&gt;.", "Broken.", str(pair.image_b.public_id)):
        assert shown in html


def test_a_flagged_pair_is_taken_out_and_put_back(client: Client, campaign: Campaign, manager: Member) -> None:
    flag = FlagFactory(assignment__member__campaign=campaign)
    pair = flag.assignment.pair
    path = address("flags", campaign)

    html = client.post(path, {"pair": pair.pk, "decision": "hold"}, follow=True).content.decode()
    pair.refresh_from_db()
    assert pair.state == PairState.HELD
    assert "Return to circulation" in html

    html = client.post(path, {"pair": pair.pk, "decision": "return"}, follow=True).content.decode()
    pair.refresh_from_db()
    flag.refresh_from_db()
    assert (pair.state, flag.resolved_by) == (PairState.OPEN, manager.user)
    assert "No flagged pairs." in html


@pytest.mark.parametrize("change", [{"pair": 2**63 - 1}, {"pair": 10**30}, {"pair": "x"}, {"pair": ""}, {"decision": "burn"}])
def test_a_decision_that_is_none_changes_nothing(client: Client, campaign: Campaign, change: dict[str, object]) -> None:
    flag = FlagFactory(assignment__member__campaign=campaign)
    form = {"pair": flag.assignment.pair.pk, "decision": "hold"} | change
    assert client.post(address("flags", campaign), form).status_code == 404
    assert Pair.objects.get().state == PairState.OPEN


def test_a_pair_of_another_campaign_is_not_decided_on(client: Client, campaign: Campaign) -> None:
    theirs = FlagFactory()
    form = {"pair": theirs.assignment.pair.pk, "decision": "hold"}
    assert client.post(address("flags", campaign), form).status_code == 404
    assert Pair.objects.get().state == PairState.OPEN
