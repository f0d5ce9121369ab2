"""docs/rest.md names only what there is."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from django.urls import resolve

from annotator.choices import Scope
from annotator.scoring.statistics.schema import (
    Annotator,
    Concentration,
    Gold,
    Group,
    Groups,
    LeaveOneOut,
    Position,
    Progress,
    Statistics,
    Throughput,
)
from annotator.scoring.statistics.schema_leaderboards import Davidson, Leaderboard, OrderChange, Ranked, SideEffect
from api.errors import not_there

GUIDE = (Path(__file__).resolve().parent.parent.parent / "docs" / "rest.md").read_text()
SESSION = "\n".join(re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL))
VALUES = {"$API": "/api/v1", "$IMPORT": "1", "$ID": "1", "$RELEASE": "1", "$path": "pairs/train-00000-of-00001.parquet"}


def addresses() -> list[str]:
    found = sorted(set(re.findall(r"\$API[\w$/.-]*", GUIDE)))
    for name, value in VALUES.items():
        found = [address.replace(name, value) for address in found]
    return found


def test_its_session_has_many_addresses():
    assert len(addresses()) >= 9


@pytest.mark.parametrize("address", addresses())
def test_its_addresses_are_there(address):
    assert resolve(address).func is not not_there


def test_it_explains_every_scope():
    assert re.findall(r"^\| `(\w+)` \| ", GUIDE, re.MULTILINE)[:4] == list(Scope.values)


def test_its_bodies_are_json():
    bodies = re.findall(r"-d '(.*?)'", SESSION)

    assert len(bodies) == SESSION.count("-d '")
    for body in bodies:
        json.loads(body)


def test_it_names_every_part_of_the_statistics():
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", GUIDE, re.MULTILINE)
    named = {name for first, _ in rows for name in re.findall(r"`(\w+)`", first)}
    explained = {name for row in rows for cell in row for name in re.findall(r"`(\w+)`", cell)}
    parts = dataclasses.fields(Statistics)

    assert {field.name for field in parts} - {"annotators_listed_max"} <= named
    assert "annotators_listed_max" in explained
    documents = (Progress, Throughput, Gold, Position, Concentration, LeaveOneOut, Annotator, Groups, Group)
    for document in (*documents, Leaderboard, Ranked, OrderChange, SideEffect, Davidson):
        assert {field.name for field in dataclasses.fields(document)} <= explained, document
