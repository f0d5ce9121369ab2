"""Every named constraint and trigger of the database is tried by a test of its module."""

from __future__ import annotations

from collections import Counter

import pgtrigger
from django.apps import apps
from django.db.models import BaseConstraint, UniqueConstraint

from tests.models import (
    test_adjudication,
    test_audit,
    test_campaign_rules,
    test_campaigns,
    test_daily,
    test_gold,
    test_idempotency,
    test_imports,
    test_judging,
    test_material,
    test_outcome,
    test_pair_lists,
    test_people,
    test_publishing,
    test_reviewing,
    test_vote_columns,
    test_webhooks,
)

MODULES = [
    test_adjudication,
    test_audit,
    test_campaign_rules,
    test_campaigns,
    test_daily,
    test_gold,
    test_idempotency,
    test_imports,
    test_judging,
    test_material,
    test_outcome,
    test_pair_lists,
    test_people,
    test_publishing,
    test_reviewing,
    test_vote_columns,
    test_webhooks,
]


def is_unique_already(constraint: BaseConstraint) -> bool:
    """With an id in it nothing can break it: it is there because a foreign key of two columns refers to it."""
    return isinstance(constraint, UniqueConstraint) and bool({"id", "seats"} & set(constraint.fields))


def names_in_the_models() -> set[str]:
    """Every named constraint of our own tables, and every trigger that refuses something: those that run before."""
    names = set()
    for model in apps.get_app_config("annotator").get_models():
        names |= {constraint.name for constraint in model._meta.constraints if not is_unique_already(constraint)}
        refusing = (pgtrigger.Protect, pgtrigger.ReadOnly)
        names |= {trigger.name for trigger in getattr(model._meta, "triggers", []) if isinstance(trigger, refusing)}
    return names


def test_every_constraint_and_trigger_is_tried_once():
    tried = Counter(name for module in MODULES for name in module.ATTEMPTS)
    assert tried == Counter(names_in_the_models())
