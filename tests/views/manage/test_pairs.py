"""The list of pairs, and the page of one pair."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.choices import Role
from annotator.models import Campaign, Image, Member, Pair
from annotator.views.manage import pairs as pages
from tests.factories import (
    AssignmentFactory,
    ConsensusFactory,
    FlagFactory,
    GeneratorFactory,
    GuidelineFactory,
    ImportFactory,
    MemberFactory,
    PairFactory,
    VoteFactory,
)

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
    return [row.pair for row in client.get(address("pairs", campaign), query).context["pairs"]]


def voted(pair: Pair, choice: str, **values: Any) -> None:
    VoteFactory(
        assignment__member__campaign=pair.campaign, assignment__pair=pair, assignment__state="answered", choice=choice, **values
    )


def test_each_filter_finds_its_pairs_and_no_others(client: Client, campaign: Campaign) -> None:
    plain = PairFactory(campaign=campaign)
    check = PairFactory(campaign=campaign, gold_choice="a")
    Image.objects.filter(pk=check.image_b_id).update(generator=GeneratorFactory(campaign=campaign, name="Model X"))
    training = PairFactory(campaign=campaign, gold_choice="a", gold_use="training")
    doubted = PairFactory(campaign=campaign, gold_choice="a", gold_in_review_since=timezone.now())
    held = PairFactory(campaign=campaign, state="held", prompt__category="animals", prompt__language="de")
    alike = PairFactory(campaign=campaign, image_distance=2)
    import_ = ImportFactory(campaign=campaign, file_name="batch.jsonl")
    imported = PairFactory(campaign=campaign, imported_in=import_)
    sure = ConsensusFactory(pair=PairFactory(campaign=campaign, state="settled"), label="b", confidence=0.99, agreement=1.0).pair
    torn = ConsensusFactory(pair=PairFactory(campaign=campaign), label="tie", confidence=0.5, agreement=0.2).pair
    flagged = FlagFactory(assignment__member__campaign=campaign).assignment.pair
    judged = PairFactory(campaign=campaign)
    voted(judged, "a", elapsed_ms=9_000)
    judge = judged.assignments.get().member
    PairFactory(gold_choice="a", state="held", image_distance=1)
    everything = [plain, check, training, doubted, held, alike, imported, sure, torn, flagged, judged]

    assert shown(client, campaign) == everything
    assert shown(client, campaign, sort="-number") == everything[::-1]
    for query, found in (
        ({"gold": "check"}, [check, doubted]),
        ({"gold": "training"}, [training]),
        ({"gold": "review"}, [doubted]),
        ({"state": "held"}, [held]),
        ({"state": "settled"}, [sure]),
        ({"state": "held", "gold": "no", "category": "animals"}, [held]),
        ({"language": "de"}, [held]),
        ({"category": "plants"}, []),
        ({"alike": "on"}, [alike]),
        ({"import_id": import_.pk}, [imported]),
        ({"label": "b"}, [sure]),
        ({"label": "none", "gold": "no", "state": "held"}, [held]),
        ({"confidence_min": "0.6"}, [sure]),
        ({"confidence_max": "0.6"}, [torn]),
        ({"agreement_max": "0.5"}, [torn]),
        ({"sort": "confidence"}, [torn, sure]),
        ({"sort": "-confidence"}, [sure, torn]),
        ({"flagged": "on"}, [flagged]),
        ({"annotator": judge.user.username}, [judged]),
        ({"seconds_min": "8", "seconds_max": "10"}, [judged]),
        ({"seconds_max": "8"}, []),
        ({"generator": campaign.generators.get().pk}, [check]),
    ):
        assert shown(client, campaign, **query) == found, query


def test_a_filter_that_is_none_is_named(client: Client, campaign: Campaign) -> None:
    other = ImportFactory()
    for query, words in (
        ({"annotator": "nobody"}, "Nobody in this campaign has this user name."),
        ({"confidence_min": "2"}, "less than or equal to 1"),
        ({"state": "burnt"}, "Select a valid choice"),
        ({"import_id": other.pk}, "Select a valid choice"),
        ({"words": "\0red"}, "Null characters are not allowed."),
        ({"after": "x"}, "The place in this list is not valid."),
        ({"after": "9" * 30}, "The place in this list is not valid."),
    ):
        page = client.get(address("pairs", campaign), query)
        assert page.status_code == 400, query
        assert words in page.content.decode(), query


def test_pairs_are_found_by_words_of_the_prompt_or_by_their_own_id(client: Client, campaign: Campaign) -> None:
    cube = PairFactory(campaign=campaign, prompt__text="A Red cube at 100%", external_id="p-1")
    ball = PairFactory(campaign=campaign, prompt__text="A blue sphere: 赤い球", external_id="p-12")

    for words in ("red", "cub", "cube red", '"red cube"', "100%", "p-1"):
        assert shown(client, campaign, words=words) == [cube], words
    assert shown(client, campaign, words="い球") == [ball]
    for words in ("_ed", "ube", '"cube red"', "'); DROP", "\\"):
        assert shown(client, campaign, words=words) == [], words


def test_a_search_goes_on_where_it_stopped(client: Client, campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annotator.scoring.pair_list.LOOKED_AT", 2)
    monkeypatch.setattr("annotator.scoring.pair_list.WORDS_MOST", 0)  # as if many prompts had the words
    PairFactory.create_batch(4, campaign=campaign)
    last = PairFactory(campaign=campaign, prompt__text="A zeppelin")

    page = client.get(address("pairs", campaign), {"words": "zeppelin"})
    assert "Continue with “Next”" in page.content.decode()
    for _ in range(2):
        assert page.context["pairs"] == []
        page = client.get(address("pairs", campaign), {"words": "zeppelin", "after": page.context["next"]})

    assert [row.pair for row in page.context["pairs"]] == [last]
    assert page.context["next"] == ""


@pytest.mark.parametrize("query", [{}, {"sort": "confidence"}, {"flagged": "on"}, {"as": "table"}])
def test_pages_follow_each_other_there_and_back(
    client: Client, campaign: Campaign, monkeypatch: pytest.MonkeyPatch, query
) -> None:
    monkeypatch.setattr(pages, "PER_PAGE", 2)
    for number in range(5):
        pair = PairFactory(campaign=campaign)
        ConsensusFactory(pair=pair, label="ab"[number % 2], confidence=0.5 + number / 10)
        FlagFactory(assignment__member__campaign=campaign, assignment__pair=pair)
    found: list[list[Pair]] = []
    contexts = []
    after = ""
    for _ in range(3):
        context = client.get(address("pairs", campaign), query | ({"after": after} if after else {})).context
        found.append([row.pair for row in context["pairs"]])
        contexts.append(context)
        after = context["next"]

    assert [pair for rows in found for pair in rows] == list(campaign.pairs.order_by("pk"))
    assert after == ""
    back = client.get(address("pairs", campaign), query | {"before": contexts[2]["previous"]}).context
    assert [row.pair for row in back["pairs"]] == found[1]
    first = client.get(address("pairs", campaign), query | {"before": back["previous"]}).context
    assert [row.pair for row in first["pairs"]] == found[0]
    assert first["previous"] == ""


def test_views_are_saved_for_all_managers_and_removed(client: Client, campaign: Campaign) -> None:
    save = {"name": "Hard ones", "query": "agreement_max=0.5&after=3"}

    page = client.post(address("save_view", campaign), save)

    assert page.url == address("pairs", campaign) + "?agreement_max=0.5"
    client.force_login(MemberFactory(campaign=campaign, role=Role.MANAGER).user)
    assert "Hard ones" in client.get(page.url).content.decode()
    client.post(address("save_view", campaign), save | {"query": "label=tie"})
    view = campaign.saved_views.get()
    assert view.query == "label=tie"
    assert client.post(address("save_view", campaign), {"name": " "}).url == address("pairs", campaign)
    client.post(address("remove_view", campaign, view.pk))
    assert not campaign.saved_views.exists()
    assert client.post(address("remove_view", campaign, view.pk)).status_code == 404


def test_a_pair_is_shown_with_all_that_is_known_of_it(client: Client, campaign: Campaign) -> None:
    import_ = ImportFactory(campaign=campaign, file_name="batch.jsonl")
    pair = PairFactory(campaign=campaign, external_id="p-7", metadata={"batch": "june"}, imported_in=import_)
    Image.objects.filter(pk=pair.image_b_id).update(generator=GeneratorFactory(campaign=campaign, name="Model X"))
    guideline = GuidelineFactory(campaign=campaign, version=3)
    left = AssignmentFactory(
        member__campaign=campaign, member__user__username="ana", pair=pair, state="answered", a_on_left=True, guideline=guideline
    )
    VoteFactory(assignment=left, choice="a", elapsed_ms=2_500)
    void = AssignmentFactory(member__campaign=campaign, member__user__username="bo", pair=pair, state="answered", a_on_left=True)
    VoteFactory(assignment=void, choice="b", void_reason="suspended", voided_at=timezone.now())
    voted(pair, "b")
    ConsensusFactory(pair=pair, label="tie", confidence=0.61, n_a=1, n_b=1)
    FlagFactory(assignment__member__campaign=campaign, assignment__pair=pair, note="Six fingers.")

    context = (page := client.get(address("pair_page", campaign, pair.pk))).context
    html = " ".join(page.content.decode().split())

    for words in (
        "p-7",
        "june",
        "batch.jsonl",
        "ana",
        "version 3",
        "2.5",
        "Annotator suspended",
        "61 %",
        "Six fingers.",
        "Model X",
    ):
        assert words in html, words
    assert [(given.side, given.counts) for given in context["votes"][:2]] == [("left", True), ("right", False)]
    assert [step.label for step in context["steps"]] == ["a", "tie"]


def test_the_pairs_beside_it_are_those_of_the_list_it_was_opened_from(client: Client, campaign: Campaign) -> None:
    one, two, three = PairFactory.create_batch(3, campaign=campaign)
    for pair, label in ((one, "a"), (three, "a")):
        ConsensusFactory(pair=pair, label=label, confidence=0.9 if pair == one else 0.95)

    by_number = client.get(address("pair_page", campaign, two.pk)).context
    listed = client.get(address("pairs", campaign), {"label": "a"}).context["pairs"]
    of_list = client.get(address("pair_page", campaign, one.pk), {"label": "a", "at": listed[0].place}).context

    assert by_number["previous"] == address("pair_page", campaign, one.pk)
    assert by_number["next"] == address("pair_page", campaign, three.pk)
    assert of_list["next"].startswith(address("pair_page", campaign, three.pk) + "?label=a")
    assert of_list["previous"] == ""
    assert client.get(address("pair_page", campaign, one.pk), {"label": "a", "at": "x_y"}).status_code == 200


def test_a_page_of_the_list_asks_as_much_for_any_number_of_rows(client, campaign, django_assert_max_num_queries) -> None:
    def fill(count: int) -> None:
        for pair in PairFactory.create_batch(count, campaign=campaign):
            ConsensusFactory(pair=pair)
            FlagFactory(assignment__member__campaign=campaign, assignment__pair=pair)

    fill(2)
    client.get(address("pairs", campaign))
    with django_assert_max_num_queries(25) as few:
        client.get(address("pairs", campaign))
    fill(10)
    with django_assert_max_num_queries(len(few)):
        client.get(address("pairs", campaign))


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
