"""Review rules, moderation and appeals: what the database refuses."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tests import factories as make
from tests.models.constraint_cases import Attempts, assert_refused, change, delete

pytestmark = pytest.mark.django_db

ATTEMPTS = Attempts(
    {
        "review_rule_measure_known": lambda: make.ReviewRuleFactory(measure="mood"),
        "review_rule_outcome_known": lambda: make.ReviewRuleFactory(outcome="scold"),
        "review_rule_minimum_from_one": lambda: make.ReviewRuleFactory(minimum=0),
        "review_rule_version_from_one": lambda: make.ReviewRuleFactory(version=0),
        "act_versions_are_of_its_rule": lambda: make.ModerationActionFactory(rule_version=1),
        "review_rule_threshold_is_number": lambda: make.ReviewRuleFactory(threshold=float("nan")),
        "standing_parts_within_wholes": lambda: make.AnnotatorStatsFactory(gold_count=1, gold_right=2),
        "act_kind_known": lambda: make.ModerationActionFactory(kind="scold"),
        "act_is_fixed": lambda: change(make.ModerationActionFactory(), kind="lift"),
        "appeal_state_known": lambda: change(make.AppealFactory(), state="lost", answered_at=timezone.now()),
        "appeal_answered_at_says_when": lambda: change(make.AppealFactory(), state="declined"),
        "appeal_never_deleted": lambda: delete(make.AppealFactory()),
        "appeal_message_is_fixed": lambda: change(make.AppealFactory(), message="Something else."),
    }
)


@ATTEMPTS.refused_by("review_rule_once_per_measure_and_outcome")
def _() -> None:
    make.ReviewRuleFactory(campaign=make.ReviewRuleFactory().campaign)


@ATTEMPTS.refused_by("proposal_once_per_rule_and_member")
def _() -> None:
    proposal = make.ProposalFactory()
    make.ProposalFactory(rule=proposal.rule, member=proposal.member)


@ATTEMPTS.refused_by("appeal_one_open_per_member")
def _() -> None:
    make.AppealFactory(member=make.AppealFactory().member)


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


def test_a_member_can_appeal_again_once_the_first_appeal_is_answered() -> None:
    first = make.AppealFactory()
    change(first, state="declined", answer="We looked again.", answered_at=timezone.now())
    second = make.AppealFactory(member=first.member)
    assert list(first.member.appeals.all()) == [second, first]
