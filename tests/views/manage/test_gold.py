"""Known answers: what is sent to review, and what is suggested."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.choices import Role
from annotator.models import Campaign, Member, Pair
from annotator.quality.gold import proposed_gold
from annotator.scoring.consensus_writer import score_campaign
from annotator.scoring.settling import settle_pairs
from tests.factories import ConsensusFactory, MemberFactory, PairFactory, VoteFactory

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


def test_gold_is_put_up_for_review_by_a_post(client, campaign):
    pair = PairFactory(campaign=campaign, gold_choice="a")
    page = address("review_pair", campaign, pair.pk)

    assert client.get(page).status_code == 405
    assert client.post(page).url == address("pair_page", campaign, pair.pk)

    pair.refresh_from_db()
    assert pair.gold_in_review_since is not None


def test_only_what_is_proposed_becomes_gold(client, campaign):
    pair = PairFactory(campaign=campaign, state="settled", seats_taken=3)
    consensus = ConsensusFactory(pair=pair, label="b", confidence=0.99, agreement=1.0, n_a=0, n_b=10, p_a=0.0, p_b=1.0)
    page = address("proposed_gold", campaign)
    proposed = [row.pair for row in client.get(page).context["page"]]
    other = PairFactory(campaign=campaign)

    for wrong in (other.pk, "", "x", 10**18):
        assert client.post(page, {"pair": wrong}).status_code == 404
    assert not Pair.objects.filter(gold_choice__isnull=False).exists()

    assert proposed == [pair]
    assert client.post(page, {"pair": pair.pk}).url == page
    pair.refresh_from_db()
    assert pair.gold_choice == consensus.label
    assert client.post(page, {"pair": pair.pk}).status_code == 404  # decided already


@pytest.mark.parametrize("name", ["pair_page", "review_pair"])
def test_a_pair_of_another_campaign_is_not_there(client, campaign, name):
    pair = PairFactory(gold_choice="a")

    assert client.post(address(name, campaign, pair.pk), {"gold_choice": "b", "gold_use": "check"}).status_code == 404

    pair.refresh_from_db()
    assert (pair.gold_choice, pair.gold_in_review_since) == ("a", None)


def test_a_manager_makes_a_training_pair_on_its_page(client: Client, campaign):
    client.force_login(MemberFactory(campaign=campaign, role=Role.MANAGER).user)
    pair = PairFactory(campaign=campaign, prompt__text="Seven blue cranes")
    address = reverse("pair_page", args=[campaign.slug, pair.pk])

    found = client.get(reverse("pairs", args=[campaign.slug]), {"words": "blue CRANES"}).content.decode()
    assert address in found
    bad = client.post(address, {"gold_choice": "", "gold_use": "check", "gold_note": "Why?"})
    assert bad.status_code == 400
    client.post(address, {"gold_choice": "b", "gold_use": "training", "gold_note": "There are seven."})

    pair.refresh_from_db()
    assert (pair.gold_choice, pair.gold_use, pair.gold_note) == ("b", "training", "There are seven.")
    assert address in client.get(reverse("pairs", args=[campaign.slug]), {"gold": "training"}).content.decode()
    client.post(reverse("review_pair", args=[campaign.slug, pair.pk]))
    assert address in client.get(reverse("pairs", args=[campaign.slug]), {"gold": "review"}).content.decode()


def test_pairs_of_another_campaign_are_not_there(client: Client, campaign):
    client.force_login(MemberFactory(campaign=campaign, role=Role.MANAGER).user)
    other = PairFactory()

    assert client.get(reverse("pair_page", args=[campaign.slug, other.pk])).status_code == 404


def test_a_manager_accepts_a_proposal(client: Client, campaign):
    client.force_login(MemberFactory(campaign=campaign, role=Role.MANAGER).user)
    pair = PairFactory(campaign=campaign, votes_wanted=3, seats_taken=3)
    for _ in range(3):
        VoteFactory(assignment__member__campaign=campaign, assignment__pair=pair, assignment__state="answered", choice="b")
    gold_pages = reverse("proposed_gold", args=[campaign.slug])
    score_campaign(campaign=campaign)
    settle_pairs(campaign=campaign)
    assert f"Pair {pair.pk}" in client.get(gold_pages).content.decode()

    client.post(gold_pages, {"pair": pair.pk})

    pair.refresh_from_db()
    assert pair.gold_choice == "b"
    assert not proposed_gold(campaign).exists()
    assert client.post(gold_pages, {"pair": "nonsense"}).status_code == 404
