"""Rules of older versions are carried over: none goes by disagreement, and defaults fit what trust means now."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.utils import timezone

from annotator import migrations
from annotator.models import Proposal
from tests.factories import ProposalFactory, ReviewRuleFactory

pytestmark = pytest.mark.django_db

[FILE] = Path(migrations.__path__[0]).glob("*_fair_rules.py")
MIGRATION = import_module(f"annotator.migrations.{FILE.stem}")


def test_a_rule_on_disagreement_is_off_and_asks_nobody():
    rule = ReviewRuleFactory(measure="agreement", outcome="suspend", threshold=0.5, asks_since=timezone.now())
    ProposalFactory(rule=rule)
    other = ProposalFactory()

    MIGRATION.carry_rules_over(apps, None)

    rule.refresh_from_db()
    assert (rule.enabled, rule.asks_since) == (False, None)
    assert list(Proposal.objects.all()) == [other]


@pytest.mark.parametrize(
    ("measure", "outcome", "before", "after"),
    [
        ("trust", "warn", -3.0, -4.0),
        ("trust", "warn", -2.5, -2.5),  # a manager's own
        ("trust", "suspend", -5.0, -5.0),
        ("recent_trust", "pause", -7.0, -8.0),
        ("gold_accuracy", "suspend", 0.5, 0.5),
    ],
)
def test_a_default_threshold_becomes_the_new_one_and_a_managers_own_stays(measure, outcome, before, after):
    rule = ReviewRuleFactory(measure=measure, outcome=outcome, threshold=before)

    MIGRATION.carry_rules_over(apps, None)

    rule.refresh_from_db()
    assert (rule.threshold, rule.enabled) == (after, True)
