"""Events are written down as deliveries, in the transaction in which they happen."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.db import transaction

from annotator import releasing
from annotator.campaigns import lifecycle
from annotator.choices import CAMPAIGN_EVENTS, Event
from annotator.feeds.outbox import enqueue_event
from annotator.importing.lifecycle import create_import, fail_import
from annotator.importing.stage_upload import stage_file
from annotator.judging import assigning
from annotator.models import Campaign, Delivery
from annotator.quality import moderation
from annotator.scoring import settling
from tests.factories import CampaignFactory, ImportFactory, MemberFactory, PairFactory, ReleaseFactory, WebhookFactory
from tests.judges import judge

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)


@pytest.fixture
def campaign() -> Campaign:
    """With a webhook for every event."""
    campaign = CampaignFactory(votes_wanted=1)
    WebhookFactory(campaign=campaign, events=[event.value for event in CAMPAIGN_EVENTS])
    return campaign


def told(event: Event) -> list[dict]:
    return [json.loads(delivery.body)["data"] for delivery in Delivery.objects.filter(event=event).order_by("pk")]


def test_each_active_webhook_of_the_campaign_that_subscribes_gets_a_delivery(django_assert_num_queries):
    campaign = CampaignFactory()
    subscribed = [WebhookFactory(campaign=campaign, events=["release.ready", "import.finished"]) for _ in range(3)]
    WebhookFactory(campaign=campaign, events=["import.finished"])
    WebhookFactory(campaign=campaign, is_active=False)
    WebhookFactory()

    with django_assert_num_queries(2):
        enqueue_event(campaign=campaign, event=Event.RELEASE_READY, data={"release": 1}, now=NOW)

    assert [delivery.webhook for delivery in Delivery.objects.order_by("pk")] == subscribed
    assert Delivery.objects.due(NOW).count() == 3


def test_the_body_says_which_delivery_it_is_and_what_happened_when():
    campaign = CampaignFactory(slug="birds")
    WebhookFactory(campaign=campaign)

    enqueue_event(campaign=campaign, event=Event.RELEASE_READY, data={"name": "Vögel", "release": 2}, now=NOW)

    delivery = Delivery.objects.get()
    assert json.loads(delivery.body) == {
        "id": str(delivery.public_id),
        "event": "release.ready",
        "campaign": "birds",
        "created_at": "2026-03-01T12:30:15.250000Z",
        "data": {"name": "Vögel", "release": 2},
    }
    assert (delivery.event, delivery.created_at, delivery.next_attempt_at) == (Event.RELEASE_READY, NOW, NOW)


def test_two_deliveries_of_one_event_have_different_ids():
    campaign = CampaignFactory()
    WebhookFactory.create_batch(2, campaign=campaign)

    enqueue_event(campaign=campaign, event=Event.RELEASE_READY, data={}, now=NOW)

    ids = [json.loads(delivery.body)["id"] for delivery in Delivery.objects.all()]
    assert len(set(ids)) == 2
    assert set(ids) == {str(delivery.public_id) for delivery in Delivery.objects.all()}


def test_what_is_rolled_back_is_told_to_nobody(campaign):
    with transaction.atomic():
        enqueue_event(campaign=campaign, event=Event.RELEASE_READY, data={})
        transaction.set_rollback(True)

    assert not Delivery.objects.exists()


def test_a_suspension_is_told_once_with_the_pseudonym_alone(campaign):
    member = MemberFactory(campaign=campaign)

    for _ in range(2):
        moderation.suspend_member(member=member, by=None)
    moderation.withdraw_member(member=MemberFactory(campaign=campaign), by=None)

    suspended = {"annotator_id": member.public_id, "kind": "human", "is_automatic": True, "rule": None}
    assert told(Event.ANNOTATOR_SUSPENDED) == [suspended]
    assert member.user.username not in Delivery.objects.get().body


def test_the_last_settled_pair_completes_the_campaign(campaign):
    pairs = PairFactory.create_batch(2, campaign=campaign)
    PairFactory(campaign=campaign, gold_choice="a")
    PairFactory(campaign=campaign, state="held")
    first, second = (MemberFactory(campaign=campaign) for _ in range(2))
    lifecycle.change_campaign(campaign=campaign, rules={"limit_total": 1}, by=None)

    first.campaign.refresh_from_db()
    second.campaign.refresh_from_db()
    judge(assigning.next_assignments(member=first)[0])
    settling.settle_pairs(campaign=campaign)
    assert told(Event.CAMPAIGN_COMPLETE) == []

    judge(assigning.next_assignments(member=second)[0])
    settling.settle_pairs(campaign=campaign)
    settling.settle_pairs(campaign=campaign)
    assert told(Event.CAMPAIGN_COMPLETE) == [{"pairs_settled": len(pairs)}]


def test_an_import_that_fails_is_told(campaign):
    import_ = ImportFactory(campaign=campaign)

    for _ in range(2):
        fail_import(import_id=import_.pk, reason="The uploaded file is gone.")

    (data,) = told(Event.IMPORT_FINISHED)
    assert (data["import"], data["state"], data["error"]) == (import_.pk, "failed", "The uploaded file is gone.")


def test_an_import_that_is_done_is_told(campaign, tmp_path):
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"prompt": ""}\n')
    import_ = create_import(campaign=campaign, file_name="pairs.jsonl", by=None)

    stage_file(import_=import_, path=file, root=None)

    (data,) = told(Event.IMPORT_FINISHED)
    assert (data["state"], data["lines_total"], data["lines_failed"], data["pairs_added"]) == ("done", 1, 1, 0)


@pytest.mark.django_db(transaction=True)
def test_a_release_that_is_ready_is_told(campaign):
    release = ReleaseFactory(campaign=campaign, number=1)

    releasing.build_release(release_id=release.pk)

    release.refresh_from_db()
    assert release.state == "ready", release.error
    assert told(Event.RELEASE_READY) == [{"release": 1, "revision": release.revision}]
