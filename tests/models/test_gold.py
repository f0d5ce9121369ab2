"""Decisions about known answers: what the database refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from annotator.models import (
    GoldDecision,
)
from tests import factories as make
from tests.models.constraint_cases import Attempts, assert_refused, change

pytestmark = pytest.mark.django_db


def decision(**values: Any) -> GoldDecision:
    return GoldDecision.objects.create(**{"pair": make.PairFactory(), "kind": "made", "decided_at": timezone.now()} | values)


ATTEMPTS = Attempts(
    {
        "gold_decision_kind_known": lambda: decision(kind="doubted"),
        "gold_decision_choice_known": lambda: decision(gold_choice="left"),
        "gold_decision_wrong_within_answers": lambda: decision(answers_wrong=3),
        "gold_decision_is_fixed": lambda: change(decision(), answers=9),
    }
)


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


def test_a_decision_says_of_which_pair_it_is_and_what_was_done() -> None:
    made = decision()
    assert str(made) == f"pair {made.pair_id}: {made.get_kind_display()}"
    assert list(made.pair.gold_decisions.all()) == [made]
