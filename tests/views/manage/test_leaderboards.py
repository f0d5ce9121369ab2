"""What the statistics page shows of a leaderboard: the one that is asked for, who beats whom, and what makes it weak."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.views.manage.leaderboards import choices, chosen, heat_map, rows_of, weaknesses
from tests.factories import MemberFactory, QuestionFactory
from tests.releasing.card.made_up_boards import board, ranked
from tests.scoring.statistics.judged import judge_for_statistics

TWO = board(ranked("Aurora", 1.0), ranked("Brook", -1.0))
BIRDS = board(ranked("Brook", 0.5), ranked("Aurora", -0.5), category="birds")
BEAUTY = board(ranked("Aurora", 0.2), ranked("Brook", -0.2), question="beauty")


def test_the_one_that_is_asked_for_is_shown_and_else_the_first():
    assert chosen([TWO, BIRDS], "overall/birds", TWO) is BIRDS
    for asked in (None, "", "overall/", "overall/cats", "beauty/birds", "x"):
        assert chosen([TWO, BIRDS], asked, TWO) is TWO


def test_questions_are_named_where_there_are_several():
    assert [choice["words"] for choice in choices([TWO, BIRDS], BIRDS)] == ["all prompts", "birds"]
    assert [choice["is_shown"] for choice in choices([TWO, BIRDS], BIRDS)] == [False, True]
    assert [choice["words"] for choice in choices([TWO, BEAUTY], TWO)] == ["overall · all prompts", "beauty · all prompts"]


def test_scores_and_intervals_are_inside_the_chart():
    first, second = rows_of(TWO)
    assert (first["place"], second["place"]) == (1, 2)
    assert 0 < float(second["chart"]["lower"]) < float(second["chart"]["score"]) < float(first["chart"]["upper"]) < 200
    none = {"score": None, "lower": None, "upper": None}
    assert rows_of(board(ranked("Aurora", 1.0) | none))[0]["chart"] is None


def test_cells_have_a_step_and_say_whether_they_are_clear():
    first, second = heat_map(TWO)
    assert first["cells"][0] is None
    assert (first["cells"][1]["step"], first["cells"][1]["is_clear"]) == (8, True)
    assert (second["cells"][0]["step"], second["cells"][0]["p"]) == (2, 0.25)
    unclear = board(ranked("a", 0.1), ranked("b", -0.1), p_beats_lower=[[None, 0.4], [0.3, None]])
    assert not heat_map(unclear)[0]["cells"][1]["is_clear"]
    assert heat_map(board(ranked("a", 0.1), ranked("b", -0.1), p_beats=[])) == []


def test_few_people_or_prompts_are_pointed_out():
    assert weaknesses(TWO) == []
    assert weaknesses(board(annotators=1, prompts=3)) == [
        "Only 1 person: the intervals say little of other people.",
        "Only 3 prompts: the intervals say little of other prompts.",
    ]


@pytest.fixture
def page(transactional_db):
    manager = MemberFactory(role="manager")
    QuestionFactory(campaign=manager.campaign, slug="beauty", position=1)
    judge_for_statistics(manager.campaign)
    client = Client()
    client.force_login(manager.user)

    def page(**query) -> str:
        response = client.get(reverse("statistics", args=[manager.campaign.slug]), query)
        assert response.status_code == 200
        return " ".join(response.content.decode().split())

    return page


def test_the_page_explains_the_score_and_shows_who_beats_whom(page):
    text = page()
    assert "wins about 7.3 of ten votes between them" in text
    assert "Who beats whom" in text
    assert 'class="heat-' in text
    assert "How many votes hold the order" in text
    assert "Only 12 people" in text
    assert "do not claim an order" not in text


def test_another_leaderboard_can_be_chosen(page):
    whole, animals = page(), page(board="overall/animals")
    assert '<option value="overall/" selected>' in whole
    assert '<option value="overall/animals" selected>' in animals
    assert whole != animals
    assert '<option value="overall/" selected>' in page(board="nothing/at all")
    assert "No two generators have been compared yet." in page(board="beauty/")
