"""Pairs and imports in the admin: shown, found, held and put back."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator import models
from annotator.choices import AssignmentState, PairState
from annotator.models import Pair
from tests.admin.pages import address, one_of_each, run
from tests.factories import AssignmentFactory, PairFactory

pytestmark = pytest.mark.django_db


def test_an_import_says_why_lines_were_refused(client: Client) -> None:
    page = client.get(address(models.Import, "change", one_of_each()[models.Import].pk)).content.decode()
    assert "The prompt is &lt;empty&gt;." in page


def test_pairs_show_both_images_and_their_generators(client: Client) -> None:
    pair = one_of_each()[Pair]
    page = client.get(address(Pair, "changelist")).content.decode()
    for image in (pair.image_a, pair.image_b):
        assert reverse("image", args=[image.public_id, 640]) in page
    assert pair.image_a.generator.name in page


def test_pairs_are_filtered_and_searched(client: Client) -> None:
    rows, others = one_of_each(), one_of_each()
    pair, other = rows[Pair], others[Pair]
    Pair.objects.filter(pk=pair.pk).update(state=PairState.HELD, gold_choice="a", external_id="ext-7")
    models.Prompt.objects.filter(pk=pair.prompt_id).update(text="A heron at dusk")
    for query in (
        {"campaign__id__exact": pair.campaign_id},
        {"state__exact": "held"},
        {"gold": "yes"},
        {"generator": pair.image_a.generator.name},
        {"generator": pair.image_a.generator.name, "campaign__id__exact": pair.campaign_id},
        {"q": "heron"},
        {"q": "ext-7"},
    ):
        found = client.get(address(Pair, "changelist"), query).context["cl"].result_list
        assert [row.pk for row in found] == [pair.pk], query
    found = client.get(address(Pair, "changelist"), {"gold": "no"}).context["cl"].result_list
    assert other.pk in [row.pk for row in found]
    assert pair.pk not in [row.pk for row in found]


def test_pairs_are_held_and_put_back(client: Client) -> None:
    pair = PairFactory(seats_taken=2, seats_a_on_left=2)
    shown = AssignmentFactory(pair=pair, member__campaign=pair.campaign, shown_at=timezone.now())
    unseen = AssignmentFactory(pair=pair, member__campaign=pair.campaign)
    assert "Held: 1." in run(client, Pair, "hold", pair)
    for row in (pair, shown, unseen):
        row.refresh_from_db()
    assert (pair.state, pair.seats_taken) == (PairState.HELD, 1)
    assert (shown.state, unseen.state) == (AssignmentState.OPEN, AssignmentState.EXPIRED)
    assert "Held: 0." in run(client, Pair, "hold", pair)
    assert "Released: 1." in run(client, Pair, "put_back", pair)
    pair.refresh_from_db()
    assert pair.state == PairState.OPEN


@pytest.mark.parametrize(("action", "priority"), [("first_in_line", 1), ("end_of_line", -1), ("middle_of_line", 0)])
def test_pairs_are_moved_in_the_line(client: Client, action: str, priority: int) -> None:
    pair = PairFactory(priority=5)
    run(client, Pair, action, pair)
    pair.refresh_from_db()
    assert pair.priority == priority


def test_a_pair_is_made_gold_and_ordinary_again(client: Client) -> None:
    pair = PairFactory()
    form = {"priority": 2, "gold_choice": "b", "gold_note": "The cube is red."}
    assert client.post(address(Pair, "change", pair.pk), form).status_code == 302
    pair.refresh_from_db()
    assert (pair.priority, pair.gold_choice, pair.gold_note) == (2, "b", "The cube is red.")
    form = {"priority": 2, "gold_choice": "", "gold_note": ""}
    assert client.post(address(Pair, "change", pair.pk), form).status_code == 302
    pair.refresh_from_db()
    assert pair.gold_choice is None


def test_the_known_answer_is_fixed_once_somebody_works_on_the_pair_but_the_note_is_not(client: Client) -> None:
    pair = PairFactory(gold_choice="a")
    AssignmentFactory(pair=pair, member__campaign=pair.campaign, kind="gold")
    form = {"priority": 0, "gold_choice": "b", "gold_note": ""}
    response = client.post(address(Pair, "change", pair.pk), form)
    assert response.status_code == 200
    assert "already measured by this known answer" in response.context["adminform"].errors["gold_choice"][0]
    form = {"priority": 0, "gold_choice": "a", "gold_note": "Better said."}
    assert client.post(address(Pair, "change", pair.pk), form).status_code == 302
    pair.refresh_from_db()
    assert (pair.gold_choice, pair.gold_note) == ("a", "Better said.")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"priority": 0, "gold_choice": "both_good", "gold_note": ""}, "gold_choice"),
        ({"priority": 0, "gold_choice": "left", "gold_note": ""}, "gold_choice"),
        ({"priority": 0, "gold_choice": "", "gold_note": "Why?"}, "gold_note"),
        ({"priority": 40000, "gold_choice": "a", "gold_note": ""}, "priority"),
        ({"priority": "", "gold_choice": "a", "gold_note": ""}, "priority"),
    ],
)
def test_a_pair_with_a_bad_value_is_refused_in_the_form(client: Client, form: dict[str, object], field: str) -> None:
    pair = PairFactory()
    pair.campaign.questions.update(choices=["a", "b"])
    response = client.post(address(Pair, "change", pair.pk), form)
    assert response.status_code == 200
    assert response.context["adminform"].errors[field]
