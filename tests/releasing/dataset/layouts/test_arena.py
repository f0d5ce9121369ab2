"""A battle for each vote, in the columns of arena-rank and evalica."""

from __future__ import annotations

from collections import Counter

import pytest

pytestmark = pytest.mark.django_db


def test_the_arena_has_a_battle_for_each_vote(released, load):
    rows = load("arena")
    battles = Counter()
    for row in rows:
        winner = row["winner"] if row["winner"] in ("tie", "both_bad") else row[row["winner"]]
        battles[row["question_id"], winner] += 1
        assert {row["model_a"], row["model_b"]} == {"good-model", "bad-model"}
    first, second, third = (pair.pk for pair in released.pairs[:3])
    good, bad = "good-model", "bad-model"
    tied = {(third, good): 1, (third, bad): 1, (third, "tie"): 1, (third, "both_bad"): 1}
    assert battles == {(first, good): 3, (second, bad): 1} | tied
