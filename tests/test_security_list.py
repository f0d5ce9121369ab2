"""docs/security.md: the list of controls is complete, and each test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROWS = re.findall(r"^\| (\d+\.\d+\.\d+) \| (.+?) \| (.+?) \| (.+?) \|$", (ROOT / "docs" / "security.md").read_text(), re.M)
# How many controls of levels 1 and 2 each chapter of ASVS 5.0.0 has.
CONTROLS = dict(enumerate([27, 11, 19, 10, 9, 35, 18, 7, 7, 29, 14, 9, 13, 9, 13, 16, 7], start=1))


def test_every_control_of_levels_1_and_2_is_there_once():
    ids = [id_ for id_, *_ in ROWS]

    assert len(set(ids)) == len(ids)
    assert {chapter: sum(id_.startswith(f"{chapter}.") for id_ in ids) for chapter in CONTROLS} == CONTROLS


def test_each_named_test_exists():
    missing = []
    for id_, _, _, shown in ROWS:
        for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", shown):
            file = ROOT / path
            if not file.exists() or not re.search(rf"^def {name}\(", file.read_text(), re.M):
                missing.append(f"{id_}: {path}::{name}")

    assert missing == []


def test_what_no_test_shows_says_why():
    words = ("Not applicable: ", "**Not met**: ", "For the operator: ", "Documented: ")

    assert [id_ for id_, _, how, shown in ROWS if shown == "–" and not how.startswith(words)] == []
