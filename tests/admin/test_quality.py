"""The review in the admin: its rules, what it measured and what was done, to look at."""

from __future__ import annotations

import pytest
from django.test import Client

from annotator.choices import ActionKind, AppealState
from annotator.models import AnnotatorStats, Appeal, ModerationAction, ReviewRule
from tests.admin.pages import address, one_of_each

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("model", "lookup"),
    [
        (ReviewRule, "campaign__id__exact"),
        *((model, "member__campaign__id__exact") for model in (AnnotatorStats, Appeal, ModerationAction)),
    ],
)
def test_the_rows_of_one_campaign_can_be_picked(client: Client, model: type, lookup: str) -> None:
    row, _ = one_of_each()[model], one_of_each()
    campaign = row.campaign if model is ReviewRule else row.member.campaign
    assert list(client.get(address(model, "changelist"), {lookup: campaign.pk}).context["cl"].result_list) == [row]


def test_acts_and_appeals_are_picked_by_kind_and_state(client: Client) -> None:
    rows = one_of_each()
    for model, lookup, value, other in (
        (ModerationAction, "kind__exact", ActionKind.WARN, ActionKind.SUSPEND),
        (Appeal, "state__exact", AppealState.OPEN, AppealState.DECLINED),
    ):
        assert list(client.get(address(model, "changelist"), {lookup: value}).context["cl"].result_list) == [rows[model]]
        assert list(client.get(address(model, "changelist"), {lookup: other}).context["cl"].result_list) == []


def test_a_rule_is_named_by_what_it_does_and_what_it_looks_at(client: Client) -> None:
    rule = one_of_each()[ReviewRule]
    page = client.get(address(ReviewRule, "changelist")).content.decode()
    assert f"{rule.get_outcome_display()}: {rule.get_measure_display().lower()}" in page
