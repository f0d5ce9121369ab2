"""Outcomes of the review queue: what the database refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from annotator.models import Adjudication, Pair, ReviewerPresence
from tests import factories as make
from tests.models.constraint_cases import Attempts, assert_refused, change, check_at_once, delete

pytestmark = pytest.mark.django_db


def adjudication(pair: Pair | None = None, **values: Any) -> Adjudication:
    pair = pair or make.PairFactory()
    defaults = {"campaign": pair.campaign, "pair": pair, "outcome": "return", "by": make.UserFactory(), "at": timezone.now()}
    return Adjudication.objects.create(**defaults | values)


def decided(pair: Pair, **values: Any) -> Adjudication:
    return adjudication(pair, outcome="decide", question=pair.campaign.questions.get(), choice="a", **values)


def twice(make_one: Any) -> None:
    pair = make.PairFactory()
    make_one(pair)
    make_one(pair)


def present_twice() -> None:
    pair, user = make.PairFactory(), make.UserFactory()
    for _ in range(2):
        ReviewerPresence.objects.create(campaign=pair.campaign, item="pair-1", user=user, seen_at=timezone.now())


ATTEMPTS = Attempts(
    {
        "adjudication_pair_in_campaign": lambda: check_at_once(lambda: adjudication(campaign=make.CampaignFactory())),
        "adjudication_outcome_known": lambda: adjudication(outcome="burn"),
        "adjudication_choice_known": lambda: adjudication(choice="left"),
        "adjudication_reason_known": lambda: adjudication(outcome="retire", reason="ugly"),
        "adjudication_decides_a_question": lambda: adjudication(outcome="decide"),
        "adjudication_retires_for_a_reason": lambda: adjudication(outcome="retire"),
        "adjudication_unsafe_images_retire": lambda: adjudication(outcome="retire", reason="other", unsafe_a=True),
        "adjudication_undoing_has_time": lambda: adjudication(undone_by=make.UserFactory()),
        "adjudication_one_live_per_question": lambda: twice(decided),
        "adjudication_one_live_retirement": lambda: twice(lambda pair: adjudication(pair, outcome="retire", reason="other")),
        "adjudication_never_deleted": lambda: delete(adjudication()),
        "adjudication_is_fixed": lambda: change(adjudication(), note="Otherwise."),
        "reviewer_present_once_per_item": present_twice,
    }
)


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


def test_what_was_undone_may_be_decided_again() -> None:
    pair = make.PairFactory()
    change(decided(pair), undone_at=timezone.now())

    again = decided(pair)

    assert again.is_live
    assert str(again) == f"Decided: pair {pair.pk}"
