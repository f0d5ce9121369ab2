"""The review over REST: its rules, what they would do, and what was done."""

from __future__ import annotations

import pytest

from annotator.models import ModerationAction
from annotator.quality.review import review_campaign
from tests.api.clients import ApiClient, assert_error, client_of
from tests.factories import MemberFactory, ModerationActionFactory, ReviewRuleFactory
from tests.quality.gold_votes import warned_by_gold

pytestmark = pytest.mark.django_db(transaction=True)  # a preview reads what is committed

ADDRESS = "/api/v1/campaigns/birds/"
PREVIEW = ADDRESS + "review-rules/preview/"


@pytest.fixture
def manager():
    return MemberFactory(campaign__slug="birds", role="manager")


@pytest.fixture
def client(manager) -> ApiClient:
    return client_of(manager.user, "manage")


def test_the_rules_are_listed_with_their_versions(client, manager):
    rule = ReviewRuleFactory(campaign=manager.campaign, version=3)

    rows = {row["id"]: row for row in client.get(ADDRESS + "review-rules/").json()["results"]}

    own = rows.pop(rule.pk)
    assert (own["measure"], own["threshold"], own["enabled"], own["decided"]) == ("gold_accuracy", 0.7, True, True)
    assert (own["version"], own["test_version"]) == (3, 1)
    assert {(row["enabled"], row["decided"]) for row in rows.values()} == {(False, False)}


def test_what_rules_would_do_is_previewed_and_nothing_is_done(client, manager):
    rule = ReviewRuleFactory(campaign=manager.campaign, outcome="suspend", enabled=False)
    member = warned_by_gold(manager.campaign)

    assert client.post(PREVIEW, {}).json()["suspended"] == 0
    found = client.post(PREVIEW, {"rules": [{"id": rule.pk, "enabled": True}]}).json()

    assert (found["warned"], found["paused"], found["suspended"]) == (0, 0, 1)
    [row] = found["rules"]
    assert (row["id"], row["version"], row["asks"]) == (rule.pk, 2, False)
    assert row["annotators"] == [{"annotator_id": member.public_id, "name": member.user.username}]
    rule.refresh_from_db()
    assert (rule.enabled, ModerationAction.objects.count()) == (False, 0)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rules": [{"id": 0}]}, "rules"),
        ({"rules": [{"id": "1"}]}, "rules"),
        ({"rules": {}}, "rules"),
        ({"review_share_max": 2}, "review_share_max"),
        ({"too_fast_ms": -1}, "too_fast_ms"),
        ({"rule": []}, "rule"),
    ],
)
def test_what_is_wrong_is_named(client, body, field):
    response = client.post(PREVIEW, body)

    assert response.status_code == 400
    assert any(name.startswith(field) for name in response.json()["errors"])


def test_a_threshold_that_cannot_be_is_refused(client, manager):
    rule = ReviewRuleFactory(campaign=manager.campaign)

    assert_error(client.post(PREVIEW, {"rules": [{"id": rule.pk, "threshold": 1.5}]}), 400, "invalid", "rules")


def test_each_action_names_its_rule_and_version(client, manager):
    rule = ReviewRuleFactory(campaign=manager.campaign, version=7)
    member = warned_by_gold(manager.campaign)
    review_campaign(campaign=manager.campaign)
    ModerationActionFactory(member=member, kind="pause", actor=manager.user)

    by_manager, by_rule = client.get(ADDRESS + "moderation-actions/").json()["results"]

    assert (by_manager["automatic"], by_manager["rule"], by_manager["actor"]) == (False, None, manager.user.username)
    assert (by_rule["automatic"], by_rule["actor"], by_rule["annotator_id"]) == (True, None, member.public_id)
    its = {"id": rule.pk, "outcome": "warn", "measure": "gold_accuracy", "version": 7, "test_version": 1}
    assert by_rule["rule"] == its
    assert (by_rule["figures"]["threshold"], by_rule["figures"]["minimum"]) == (0.7, 5)
