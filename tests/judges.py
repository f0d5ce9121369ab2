"""Annotators for tests: they take what is next, and judge, skip or leave it as they are told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from django.utils import timezone

from annotator.consensus.posterior import to_document
from annotator.judging import assigning, voting
from annotator.models import Assignment, Campaign, Member, Pair, SplitPrior
from annotator.scoring.confidence import fit_question


def judge_all(member: Member, choice: str | Callable[[Assignment], str] = "a") -> list[Assignment]:
    """Answer everything there is for the member. Returns the assignments, in order."""
    answered = []
    while queue := assigning.next_assignments(member=member):
        answered += [judge(seat, choice if isinstance(choice, str) else choice(seat)) for seat in queue]
    return answered


def judge(assignment: Assignment, choice: str = "a") -> Assignment:
    cast = voting.cast_vote(assignment_id=assignment.pk, by=assignment.member.user, choices={"overall": choice})
    return cast.assignment


def assert_seats_are_true(campaign) -> None:
    """Every counter of a pair equals what it counts."""
    for pair in Pair.objects.filter(campaign=campaign):
        live = pair.assignments.filter(kind="regular", state__in=["open", "answered"])
        assert (pair.seats_taken, pair.seats_a_on_left) == (live.count(), live.filter(a_on_left=True).count())
        assert pair.seats_taken <= pair.votes_wanted


def believe(campaign: Campaign, agreement: float, *, pairs: int = 1000, choices: int = 4) -> None:
    """Let the campaign know a population of which this share is with the most common answer of each pair."""
    split = np.full(choices, (1 - agreement) / (choices - 1))
    split[0] = agreement
    rng = np.random.default_rng(0)
    counts = np.zeros((pairs, 4), dtype=np.int64)
    counts[:, :choices] = rng.permuted(rng.multinomial(7, split, pairs), axis=1)
    question = campaign.questions.get(position=0)
    prior = fit_question(counts, question.choices)
    SplitPrior.objects.update_or_create(
        question=question, defaults={"document": to_document(prior), "votes_now": prior.votes, "fitted_at": timezone.now()}
    )
