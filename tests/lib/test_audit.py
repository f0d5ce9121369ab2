"""Every change is in the audit log, once, with who made it and what it was before."""

from __future__ import annotations

import pytest
from django.utils import timezone

from annotator.accounts.api_tokens import create_token, revoke_token, revoke_tokens
from annotator.campaigns import demographics, guidelines, lifecycle, members, questions
from annotator.campaigns.consent import publish_consent_text
from annotator.campaigns.invites import create_invite, revoke_invite
from annotator.choices import CampaignState
from annotator.feeds import webhooks
from annotator.importing.lifecycle import cancel_import, create_import
from annotator.judging import pair_holds
from annotator.lib.audit import in_words, record
from annotator.models import AuditEntry, Campaign
from annotator.models.audit import AuditAction
from annotator.quality import gold, moderation
from annotator.releasing import hub_upload
from annotator.releasing.lifecycle import cancel_release, create_release
from annotator.releasing.take_down import take_down_image
from annotator.releasing.withdrawal import yank_release
from tests.factories import CampaignFactory, MemberFactory, PairFactory, ReleaseFactory, UserFactory
from tests.webhook_receiver import LOOPBACK

pytestmark = pytest.mark.django_db


def written() -> list[tuple[str, str]]:
    """Since the last look, the oldest first: what was done, and to what."""
    entries = [(entry.action, entry.target) for entry in AuditEntry.objects.order_by("pk")[SEEN[0] :]]
    SEEN[0] += len(entries)
    return entries


SEEN = [0]


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    SEEN[0] = 0


def test_a_change_of_settings_says_what_was_before():
    mira = UserFactory(username="mira")
    campaign = lifecycle.create_campaign(slug="dusk", name="Dusk", by=mira, rules={"votes_wanted": 3})

    lifecycle.change_campaign(campaign=campaign, by=mira, name="Dusk at sea", rules={"votes_wanted": 5})
    lifecycle.change_campaign(campaign=campaign, by=mira, name="Dusk at sea")  # changes nothing
    lifecycle.change_state(campaign=campaign, state=CampaignState.CLOSED, by=None)

    created, changed, state = AuditEntry.objects.order_by("pk")
    assert (created.action, created.actor_name, created.campaign_id) == ("campaign.created", "mira", campaign.pk)
    assert changed.changes == {"name": ["Dusk", "Dusk at sea"], "votes_wanted": [3, 5], "votes_max": [3, 5]}
    assert (state.action, state.actor_name, state.changes) == ("campaign.state", "", {"state": ["draft", "closed"]})


def test_a_draft_that_is_deleted_leaves_its_entries():
    mira = UserFactory()
    campaign = lifecycle.create_campaign(slug="dusk", name="Dusk", by=mira)

    lifecycle.delete_draft(campaign=Campaign.objects.get(), by=mira)

    assert [(entry.action, entry.campaign_name) for entry in AuditEntry.objects.order_by("pk")] == [
        ("campaign.created", "Dusk"),
        ("campaign.deleted", "Dusk"),
    ]
    assert campaign.pk


def test_texts_questions_and_people_are_noted():
    mira, campaign = UserFactory(username="mira"), CampaignFactory(state=CampaignState.DRAFT)
    guidelines.publish_guideline(campaign=campaign, text="Look.", by=mira)
    publish_consent_text(campaign=campaign, text="Yes.", by=mira)
    questions.set_questions(campaign=campaign, questions=[questions.NewQuestion("overall", "Better?")], by=mira)
    questions.set_questions(campaign=campaign, questions=[questions.NewQuestion("overall", "Better?")], by=mira)
    demographics.ask_groups(campaign=campaign, text="Where?", options=["a", "b"], people_min=10, by=mira)
    assert [action for action, _ in written()] == [
        *("guideline.published", "guideline.consent", "questions.changed", "questions.groups"),
    ]

    member, _ = members.add_member(campaign=campaign, user=UserFactory(username="nobuko"), by=mira)
    members.add_member(campaign=campaign, user=member.user, by=mira)  # who is one already
    members.add_member(campaign=campaign, user=member.user, role="reviewer", by=mira)
    moderation.suspend_member(member=member, by=mira)
    moderation.lift_suspension(member=member, by=mira)
    revoke_invite(invite=create_invite(campaign=campaign, by=mira, note="Class of May"), by=mira)
    assert written() == [
        *[(f"people.{what}", "nobuko") for what in ("added", "role", "suspend", "lift")],
        *[("people.invite_created", "Class of May"), ("people.invite_revoked", "Class of May")],
    ]


def test_gold_pairs_imports_and_releases_are_noted(settings):
    settings.WEBHOOK_NETWORKS = LOOPBACK
    mira, campaign = UserFactory(username="mira"), CampaignFactory()
    pair = PairFactory(campaign=campaign)
    gold.set_gold(pair=pair, choice="a", note="", by=mira)
    gold.set_gold(pair=pair, choice="a", note="Only the words.", by=mira)
    gold.put_up_for_review(pair_ids=[pair.pk], by=mira)
    pair_holds.hold_pairs(pair_ids=[pair.pk], by=mira)
    pair_holds.hold_pairs(pair_ids=[pair.pk], by=mira)  # held already
    pair_holds.return_pairs(pair_ids=[pair.pk], by=mira)
    pair_holds.set_priority(pair_ids=[pair.pk], priority=3, by=mira)
    kinds = ["gold.set", "gold.review", "pairs.held", "pairs.returned", "pairs.priority"]
    assert written() == [(kind, f"pair {pair.pk}") for kind in kinds]
    assert AuditEntry.objects.get(action="gold.set").changes["gold_choice"] == [None, "a"]

    cancel_import(import_=create_import(campaign=campaign, file_name="pairs.jsonl", by=mira), by=mira)
    cancel_release(release=create_release(campaign=campaign, by=mira), by=mira)
    hub_upload.save_account(campaign=campaign, repository="lab/dusk", is_private=True, token="hf_secret_1234", by=mira)
    ready = {"state": "ready", "revision": "a" * 40, "finished_at": timezone.now()}
    hub_upload.create_publication(release=ReleaseFactory(campaign=campaign, number=7, **ready), by=mira)
    hub_upload.forget_account(campaign=campaign, by=mira)
    webhook, secret = webhooks.create_webhook(campaign=campaign, url="http://127.0.0.1/a", events=["release.ready"], by=mira)
    webhooks.change_webhook(webhook=webhook, by=mira, is_active=False)
    webhooks.remove_webhook(webhook=webhook, by=mira)
    assert written() == [
        *[(f"imports.{what}", "pairs.jsonl") for what in ("created", "cancelled")],
        *[(f"releases.{what}", "release 1") for what in ("created", "cancelled")],
        *[("releases.hub_account", "lab/dusk"), ("releases.published", "release 7 to lab/dusk"), ("releases.hub_forgotten", "")],
        *[(f"webhooks.{what}", "http://127.0.0.1/a") for what in ("created", "changed", "deleted")],
    ]
    everything = str(list(AuditEntry.objects.values()))
    assert secret not in everything
    assert "hf_secret" not in everything


def test_what_is_taken_back_is_noted():
    mira, campaign = UserFactory(username="mira", is_superuser=True), CampaignFactory()
    pair = PairFactory(campaign=campaign)
    release = ReleaseFactory(campaign=campaign, state="ready", revision="a" * 40, finished_at=timezone.now())
    yank_release(release=release, reason="A wrong guideline.", by=mira)
    take_down_image(campaign=campaign, sha256=pair.image_a.sha256, reason="Not ours.", by=mira)

    assert written() == [
        ("releases.yanked", f"release {release.number}"),
        ("pairs.image_taken_down", pair.image_a.sha256),
        ("pairs.held", f"pair {pair.pk}"),
    ]
    assert AuditEntry.objects.get(action="releases.yanked").changes == {"reason": [None, "A wrong guideline."]}


def test_tokens_are_noted_without_their_keys():
    mira = UserFactory(username="mira")
    token, key = create_token(user=mira, scopes=["export"], name="nightly", by=mira)
    revoke_token(token=token, by=mira)
    revoke_token(token=token, by=mira)
    create_token(user=mira, scopes=["export"])
    revoke_tokens(user=mira, by=mira)

    assert [action for action, _ in written()] == ["tokens.created", "tokens.revoked", "tokens.created", "tokens.revoked"]
    assert key not in str(list(AuditEntry.objects.values()))
    assert AuditEntry.objects.filter(campaign__isnull=True).count() == 4


def test_what_is_long_is_cut():
    record(AuditAction.CAMPAIGN_CHANGED, by=None, target="x" * 999, changes={"description": ("", "y" * 9999)})

    made = AuditEntry.objects.get()
    assert (len(made.target), len(made.changes["description"][1])) == (200, 501)
    assert in_words([7]) == "pair 7"
    assert in_words(range(1, 31)).endswith("19, 20 and 10 more")


def test_of_pairs_of_two_campaigns_each_has_its_own_entry():
    pairs = [PairFactory(campaign=CampaignFactory()) for _ in range(2)]

    pair_holds.hold_pairs(pair_ids=[pair.pk for pair in pairs], by=None)

    assert set(AuditEntry.objects.values_list("campaign", flat=True)) == {pair.campaign_id for pair in pairs}


def test_automatic_changes_have_no_actor():
    moderation.suspend_member(member=MemberFactory(), by=None)

    assert AuditEntry.objects.get().actor_name == ""
