"""Rules of campaigns from before act on nobody until a manager has decided about them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.utils import timezone

from annotator import migrations
from annotator.models import ModerationAction
from annotator.quality.review import review_campaign
from annotator.quality.rules import is_undecided
from tests.factories import CampaignFactory, ProposalFactory, ReviewRuleFactory
from tests.quality.gold_votes import warned_by_gold

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed

[FILE] = Path(migrations.__path__[0]).glob("*_rules_off_until_decided.py")
MIGRATION = import_module(f"annotator.migrations.{FILE.stem}")


def test_rules_from_before_are_off_and_act_on_nobody():
    campaign = CampaignFactory()
    on = ReviewRuleFactory(campaign=campaign, outcome="suspend")
    asking = ReviewRuleFactory(campaign=campaign, asks_since=timezone.now())
    ProposalFactory(rule=asking)
    warned_by_gold(campaign)

    MIGRATION.turn_rules_off(apps, None)

    assert review_campaign(campaign=campaign) == []
    assert not ModerationAction.objects.exists()
    for rule in (on, asking):
        rule.refresh_from_db()
        assert (rule.enabled, rule.asks_since, rule.version, is_undecided(rule)) == (False, None, 2, True)
    assert not asking.proposals.exists()
