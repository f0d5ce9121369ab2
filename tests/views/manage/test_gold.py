"""The pages of a campaign's pairs and of their known answers."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.choices import Role
from annotator.models import Campaign, Member, Pair
from annotator.quality.gold import proposed_gold
from annotator.scoring.consensus_writer import score_campaign
from annotator.scoring.settling import settle_pairs
from annotator.views.manage import gold
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


def shown(client: Client, campaign: Campaign, **query: object) -> list[Pair]:
    return client.get(address("pairs", campaign), query).context["pairs"]


def test_pairs_are_listed_by_what_they_are_for(client, campaign):
    plain = PairFactory(campaign=campaign)
    check = PairFactory(campaign=campaign, gold_choice="a")
    training = PairFactory(campaign=campaign, gold_choice="a", gold_use="training")
    doubted = PairFactory(campaign=campaign, gold_choice="a", gold_in_review_since=timezone.now())
    PairFactory(gold_choice="a")

    assert shown(client, campaign) == [plain, check, training, doubted]
    assert shown(client, campaign, show="gold") == [check, doubted]
    assert shown(client, campaign, show="training") == [training]
    assert shown(client, campaign, show="review") == [doubted]
    assert client.get(address("pairs", campaign), {"show": "nothing"}).status_code == 404


def test_pairs_are_found_by_words_of_the_prompt_or_by_their_own_id(client, campaign):
    cube = PairFactory(campaign=campaign, prompt__text="A Red cube at 100%", external_id="p-1")
    PairFactory(campaign=campaign, prompt__text="A blue sphere", external_id="p-12")

    for words in ("red", "100%", "p-1"):
        assert shown(client, campaign, words=words) == [cube]
    assert shown(client, campaign, words="_ed") == []  # no pattern
    assert shown(client, campaign, words="\0red\0") == [cube]


def test_a_search_goes_on_where_it_stopped(client, campaign, monkeypatch):
    monkeypatch.setattr(gold, "SEARCHED", 2)
    first, _, _, _, last = (
        PairFactory(campaign=campaign, prompt__text=f"A {what}") for what in ("cube", "ball", "cone", "ring", "cube by a ball")
    )

    assert shown(client, campaign, words="cube") == [first]
    page = client.get(address("pairs", campaign), {"words": "cube by"})
    assert f"No matching pairs up to pair {page.context['cursor']}" in page.content.decode()
    for _ in range(2):
        page = client.get(address("pairs", campaign), {"words": "cube by", "after": page.context["cursor"]})
    assert (page.context["pairs"], page.context["cursor"]) == ([last], None)


def test_an_external_id_is_found_wherever_it_is(client, campaign, monkeypatch):
    monkeypatch.setattr(gold, "SEARCHED", 1)
    first = PairFactory(campaign=campaign, prompt__text="See p-9")
    last = PairFactory(campaign=campaign, external_id="p-9")

    assert shown(client, campaign, words="p-9") == [last, first]


def test_pages_follow_each_other_without_counting(client, campaign, monkeypatch):
    monkeypatch.setattr(gold, "PER_PAGE", 2)
    pairs = PairFactory.create_batch(5, campaign=campaign)
    found, after = [], ""
    for _ in range(3):
        context = client.get(address("pairs", campaign), {"after": after}).context
        found += context["pairs"]
        after = context["cursor"]

    assert found == pairs
    assert after is None
    assert shown(client, campaign, after="x") == pairs[:2]


def test_a_known_answer_is_set_and_taken_away(client, manager, campaign):
    pair = PairFactory(campaign=campaign)
    page = address("pair_page", campaign, pair.pk)
    form = {"gold_choice": "b", "gold_use": "check", "gold_note": "Five fingers."}

    assert client.post(page, form).url == page
    pair.refresh_from_db()
    assert (pair.gold_choice, pair.gold_note, pair.gold_decisions.get().decided_by) == ("b", "Five fingers.", manager.user)

    assert client.post(page, form | {"gold_choice": "maybe"}).status_code == 400
    assert client.post(page, form | {"gold_choice": "", "gold_note": ""}).url == page
    pair.refresh_from_db()
    assert pair.gold_choice is None


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
    assert address in client.get(reverse("pairs", args=[campaign.slug]), {"show": "training"}).content.decode()
    client.post(reverse("review_pair", args=[campaign.slug, pair.pk]))
    assert address in client.get(reverse("pairs", args=[campaign.slug]), {"show": "review"}).content.decode()


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
