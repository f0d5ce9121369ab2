"""What waits for a decision, as the sidebar of the console counts it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from annotator.campaigns.waiting import Waiting, waiting_in
from annotator.choices import MemberState
from annotator.quality.gold import put_up_for_review, set_gold
from tests.factories import (
    AppealFactory,
    CampaignFactory,
    FlagFactory,
    ImportFactory,
    MemberFactory,
    PairFactory,
    ReviewRuleFactory,
)

pytestmark = pytest.mark.django_db


def test_it_counts_what_nobody_has_decided_in_this_campaign_with_one_query(django_assert_num_queries):
    campaign = CampaignFactory()
    flagged, disputed = PairFactory.create_batch(2, campaign=campaign)
    for _ in range(2):  # of one pair, which is decided once
        FlagFactory(assignment__member=MemberFactory(campaign=campaign), assignment__pair=flagged)
    FlagFactory(assignment__member=MemberFactory(campaign=campaign), assignment__pair=disputed, resolved_at=timezone.now())
    set_gold(pair=disputed, choice="a", note="", by=None)
    put_up_for_review(pair_ids=[disputed.pk], by=None)
    AppealFactory(member__campaign=campaign, member__state=MemberState.SUSPENDED)
    AppealFactory(member__campaign=campaign, member__state=MemberState.WITHDRAWN)
    ReviewRuleFactory(campaign=campaign, asks_since=timezone.now())
    for state in ("failed", "done", "failed", "cancelled"):
        ImportFactory(campaign=campaign, state=state, finished_at=timezone.now())

    with django_assert_num_queries(1):
        found = waiting_in(campaign)

    assert found == Waiting(flagged_pairs=1, appeals=1, disputed_gold=1, asking_rules=1, failed_imports=1)
    assert waiting_in(CampaignFactory()) == Waiting(0, 0, 0, 0, 0)


def test_a_failed_import_waits_until_a_later_one_went_well():
    campaign = CampaignFactory()
    ImportFactory(campaign=campaign, state="failed", finished_at=timezone.now())
    assert waiting_in(campaign).failed_imports == 1

    ImportFactory(campaign=campaign, state="done", finished_at=timezone.now())

    assert waiting_in(campaign).failed_imports == 0
