"""What a manager may assume."""

from __future__ import annotations

from annotator.consensus.planning import components
from annotator.scoring.planning import Assumptions, SoFar
from annotator.views.manage.planning_forms import PlanForm, initial_of

SO_FAR = SoFar(900, components(), 0.64, [], {"Aurora": 0.3, "Brook": 0.1})


def test_what_is_shown_at_first_is_what_is_assumed() -> None:
    assumed = Assumptions(generators=4, prompts=1234567, pairs_per_prompt=2.5, votes_per_pair=3, people=40.5)
    form = PlanForm(initial_of(assumed), so_far=None)
    assert form.is_valid(), form.errors
    found = form.assumptions()
    assert (found.generators, found.prompts, found.pairs_per_prompt, found.people) == (4, 1234567, 2.5, 40.5)
    assert (found.agreement, found.pair_share) == (0.64, 0.19)


def test_once_there_are_votes_nothing_that_they_tell_is_asked_for() -> None:
    before, after = PlanForm(so_far=None), PlanForm(so_far=SO_FAR)
    assert {"agreement", "pair_share", "ties"} <= before.fields.keys()
    assert not {"agreement", "pair_share", "ties"} & after.fields.keys()
    assert {"first", "second"} <= after.fields.keys()
    assert not {"first", "second"} & before.fields.keys()


def test_one_generator_alone_cannot_be_told_from_another() -> None:
    alone = SoFar(9, components(), 0.6, [], {"Aurora": 0.0})
    assert "first" not in PlanForm(so_far=alone).fields
