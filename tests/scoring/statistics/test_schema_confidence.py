"""Names of the document on how sure labels are: each is described where its readers look."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from annotator.scoring.statistics import schema_confidence

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "rest.md").read_text()
PARTS = [each for each in vars(schema_confidence).values() if dataclasses.is_dataclass(each)]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_name_is_in_the_guide_to_the_rest_api(part):
    assert [field.name for field in dataclasses.fields(part) if f"`{field.name}`" not in GUIDE] == []
