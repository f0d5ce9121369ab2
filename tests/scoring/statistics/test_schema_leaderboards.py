"""Names of the document that compare generators: each is described where its readers look."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from annotator.scoring.statistics import schema_leaderboards
from annotator.scoring.statistics.leaderboards import NOTHING
from annotator.scoring.statistics.schema_leaderboards import Leaderboard

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "rest.md").read_text()
PARTS = [each for each in vars(schema_leaderboards).values() if dataclasses.is_dataclass(each)]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_name_is_in_the_guide_to_the_rest_api(part):
    assert [field.name for field in dataclasses.fields(part) if f"`{field.name}`" not in GUIDE] == []


def test_a_leaderboard_without_votes_is_whole_and_empty():
    assert isinstance(NOTHING, Leaderboard)
    assert (NOTHING.votes, NOTHING.generators, NOTHING.refusal) == (0, [], None)
