"""The statistics as a document: plain JSON with the names of the contract, the same with and without votes."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from annotator.models import Campaign
from annotator.scoring.statistics import statistics_of
from annotator.scoring.statistics.compute import statistics_from
from annotator.scoring.statistics.load import empty
from annotator.scoring.statistics.schema import Statistics
from tests.scoring.statistics.judged import judge_for_statistics

NAMES = [field.name for field in dataclasses.fields(Statistics)]


def keys_of(value: Any, path: str = "") -> set[str]:
    """Every key of the document with the way to it."""
    if isinstance(value, dict):
        return {f"{path}.{key}" for key in value} | {
            inner for key, its in value.items() for inner in keys_of(its, f"{path}.{key}")
        }
    if isinstance(value, list):
        return {inner for its in value for inner in keys_of(its, f"{path}[]")}
    return set()


def test_a_campaign_of_which_nothing_was_read_has_the_whole_document():
    document = statistics_from(empty(), campaign="scenes", consensus_method="majority", now=None).as_json()
    assert list(document) == NAMES
    assert (document["campaign"], document["computed_at"], document["votes_counted"]) == ("scenes", None, 0)
    assert json.loads(json.dumps(document, allow_nan=False)) == document


@pytest.mark.django_db(transaction=True)
def test_what_is_there_without_votes_is_there_with_them(campaign: Campaign):
    without_votes = keys_of(statistics_of(campaign))
    judge_for_statistics(campaign)
    document = statistics_of(campaign)
    assert document.keys() == set(NAMES)
    assert without_votes < keys_of(document)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
