"""The card's pictures: there where there is something to draw, told in words as well, and the same each time."""

from __future__ import annotations

from pathlib import Path

import PIL.Image
import pytest

from annotator.releasing.card.charts import (
    DPI,
    GENERATORS_MAX,
    NAME_LENGTH,
    SIZE,
    beats_chart,
    charts_of,
    concentration_chart,
    leaderboard_chart,
    overlap_chart,
    save,
    shortened,
    write_charts,
)
from annotator.releasing.card.facts import Facts
from tests.releasing.card.made_up_boards import board, ranked
from tests.releasing.card.made_up_facts import nothing_counted


@pytest.fixture
def ranking(facts) -> Facts:
    facts.statistics["leaderboard"] = board(ranked("flux|dev", 1.25), ranked("sd*xl", -1.25))
    return facts


def test_there_is_a_chart_for_what_can_be_drawn(ranking):
    assert [chart.name for chart in charts_of(ranking)] == ["labels", "overlap", "annotators", "leaderboard", "beats"]
    ranking.statistics["leaderboard"]["refusal"] = "The generators cannot be ranked: nobody won."
    ranking.votes_by_annotator = []
    assert [chart.name for chart in charts_of(ranking)] == ["labels", "overlap"]
    empty = Facts(slug="empty", name="", description="", questions=[], guidelines=[], statistics=nothing_counted())
    assert list(charts_of(empty)) == []


def test_each_says_in_words_what_it_shows(ranking):
    assert {chart.name: chart.alt for chart in charts_of(ranking)} == {
        "labels": "Pairs by label: a 3, b 2, both good 1, both bad 0, tie 2, no votes 2.",
        "overlap": "Pairs by number of votes: 2 with 0, 8 with 3.",
        "annotators": "The most active 10 % of annotators gave 83 % of the votes.",
        "leaderboard": r"Generators by score: flux\|dev 1.25, sd\*xl -1.25.",
        "beats": r"Who beats whom, as a heat map: flux\|dev beats sd\*xl in 75 % of votes.",
    }
    assert overlap_chart(ranking).markdown.endswith("](charts/overlap.png)")


def test_the_same_figures_give_the_same_bytes_on_a_clear_ground(ranking, tmp_path: Path):
    drawn = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        paths = write_charts(list(charts_of(ranking)), tmp_path / name)
        drawn.append([(tmp_path / name / path).read_bytes() for path in paths])
    assert drawn[0] == drawn[1]
    with PIL.Image.open(tmp_path / "first" / "charts" / "labels.png") as picture:
        assert picture.size == pytest.approx((SIZE[0] * DPI, SIZE[1] * DPI), abs=1)
        assert picture.getpixel((0, 0))[3] == 0
        assert picture.info.keys() <= {"dpi"}  # nothing of when or by what it was drawn


def test_more_votes_of_the_most_active_give_another_picture(tmp_path):
    for name, votes in (("even.png", [5, 5]), ("uneven.png", [9, 1])):
        save(concentration_chart(votes), tmp_path / name)
    assert (tmp_path / "even.png").read_bytes() != (tmp_path / "uneven.png").read_bytes()


def test_many_generators_with_any_names_can_be_drawn(ranking, tmp_path):
    names = ["$x_1$", "模型", "a" * 200, *(f"model {number}" for number in range(GENERATORS_MAX))]
    ranking.statistics["leaderboard"] = board(*(ranked(name, -place) for place, name in enumerate(names)))
    for chart in (leaderboard_chart(ranking), beats_chart(ranking)):
        save(chart, tmp_path / "chart.png")
        with PIL.Image.open(tmp_path / "chart.png") as picture:
            assert picture.height == pytest.approx(chart.height * DPI, abs=1)
        assert names[GENERATORS_MAX] not in chart.alt


def test_long_names_are_shortened():
    assert shortened("a" * NAME_LENGTH) == "a" * NAME_LENGTH
    assert shortened("a" * (NAME_LENGTH + 1)) == "a" * (NAME_LENGTH - 1) + "…"
