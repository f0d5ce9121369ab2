"""A campaign from draft to closed, and its rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pgtrigger
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotator.campaigns.guidelines import publish_guideline
from annotator.campaigns.questions import DEFAULT_QUESTION, NewQuestion, _write_questions, has_votes
from annotator.campaigns.validation import save_valid
from annotator.choices import CampaignState, Role
from annotator.errors import Conflict, Invalid
from annotator.judging.seats import set_votes_wanted
from annotator.lib import audit
from annotator.models import (
    Campaign,
    CampaignProgress,
    Consent,
    CrowdIdentity,
    Member,
    ModerationAction,
    PairSeats,
    User,
)
from annotator.models.audit import AuditAction
from annotator.models.campaign_rules import RULES, SETTINGS
from annotator.quality import rules as quality_rules

RESERVED_SLUGS = {"new"}  # /manage/new/ is the page that makes campaigns
RESERVED_ENDINGS = (".dpo", ".git")  # the other repository of a campaign on the Hub's protocol; no name for its clients


# Rules of a campaign by name (models/campaign_rules.py). What is left out stays; in a new campaign it is the default.
Rules = Mapping[str, Any]


def rules_in(values: Mapping[str, Any]) -> Rules:
    """The rules among checked values of a form or a body."""
    return {name: values[name] for name in SETTINGS if name in values}


def _apply(rules: Rules, campaign: Campaign) -> None:
    """With fixed overlap, one of its two numbers follows the other."""
    if unknown := rules.keys() - RULES.keys():
        raise TypeError(f"There are no rules {', '.join(sorted(unknown))}.")
    is_fixed = campaign.votes_max == campaign.votes_wanted
    for name, value in rules.items():
        setattr(campaign, name, value)
    if is_fixed and "votes_max" not in rules:
        campaign.votes_max = campaign.votes_wanted


def _settings_of(campaign: Campaign) -> dict[str, Any]:
    return {name: getattr(campaign, name) for name in ("name", "description", *RULES)}


@transaction.atomic
def create_campaign(
    *,
    slug: str,
    name: str,
    by: User | None,
    description: str = "",
    state: str = CampaignState.DRAFT,
    rules: Rules | None = None,
    questions: Sequence[NewQuestion] = (),
    guideline: str = "",
) -> Campaign:
    """A new campaign with its questions (the first is primary), its first guideline, and `by` as its manager.

    Raises Invalid, naming the fields, when a value is out of range or the slug is taken.
    """
    if slug in RESERVED_SLUGS:
        raise Invalid(
            gettext("Some values are not valid."),
            errors={"slug": [gettext("%(slug)s is reserved by the site.") % {"slug": repr(slug)}]},
        )
    if slug.endswith(RESERVED_ENDINGS):
        words = f"It cannot end in {' or '.join(RESERVED_ENDINGS)}: these names are reserved for training jobs."
        raise Invalid(gettext("Some values are not valid."), errors={"slug": [words]})
    campaign = Campaign(
        slug=slug,
        name=name,
        description=description,
        state=state,
        created_by=by,
    )
    _apply(rules or {}, campaign)
    save_valid(campaign)
    _write_questions(campaign, questions or [DEFAULT_QUESTION])
    CampaignProgress.objects.create(campaign=campaign, updated_at=timezone.now())
    quality_rules.create_rules(campaign)
    audit.record(AuditAction.CAMPAIGN_CREATED, by=by, campaign=campaign)
    if guideline:
        publish_guideline(campaign=campaign, text=guideline, by=by)
    if by is not None:
        Member.objects.create(campaign=campaign, user=by, role=Role.MANAGER)
    return campaign


# Back to a draft only without votes.
STATE_CHANGES = {
    CampaignState.DRAFT: {CampaignState.OPEN, CampaignState.CLOSED},
    CampaignState.OPEN: {CampaignState.PAUSED, CampaignState.CLOSED, CampaignState.DRAFT},
    CampaignState.PAUSED: {CampaignState.OPEN, CampaignState.CLOSED, CampaignState.DRAFT},
    CampaignState.CLOSED: {CampaignState.OPEN, CampaignState.DRAFT},
}


def states_after(campaign: Campaign) -> list[CampaignState]:
    """The states that the campaign can change to now."""
    if campaign.archived_at is not None:
        return []
    allowed = STATE_CHANGES[CampaignState(campaign.state)]
    may_be_draft = CampaignState.DRAFT in allowed and not campaign.progress.votes_live and not has_votes(campaign)
    return [state for state in CampaignState if state in allowed and (may_be_draft or state != CampaignState.DRAFT)]


@transaction.atomic
def change_state(*, campaign: Campaign, state: str, by: User | None) -> Campaign:
    """Open, pause or close the campaign, or make it a draft again while it has no votes. The same state again is no change.

    Raises Conflict (state_change_refused) on a step that is not one.
    """
    if state not in CampaignState.values:
        raise Invalid(
            gettext("The state %(state)s does not exist.") % {"state": repr(state)},
            errors={"state": [gettext("Use one of %(values)s.") % {"values": ", ".join(CampaignState.values)}]},
        )
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if locked.state != state:
        allowed = STATE_CHANGES[CampaignState(locked.state)]
        if state not in allowed:
            raise Conflict(
                gettext("A campaign that is %(state)s cannot become %(state2)s. It can become %(value)s.")
                % {"state": locked.state, "state2": state, "value": " or ".join(sorted(allowed))},
                code="state_change_refused",
            )
        if locked.archived_at is not None:
            raise Conflict(gettext("The campaign is archived. Restore it from the archive first."), code="state_change_refused")
        if state == CampaignState.DRAFT and has_votes(locked):
            raise Conflict(
                gettext("A campaign that has votes cannot become a draft again. Pause or close it instead."),
                code="state_change_refused",
            )
        audit.record(AuditAction.CAMPAIGN_STATE, by=by, campaign=locked, changes={"state": (locked.state, state)})
        locked.state = state
        locked.save(update_fields=["state"])
    return locked


@transaction.atomic
def archive_campaign(*, campaign: Campaign, by: User | None) -> Campaign:
    """Take a closed campaign out of the lists. All of it stays readable. Raises Conflict (not_closed) unless it is closed."""
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if locked.state != CampaignState.CLOSED:
        raise Conflict(gettext("Close the campaign before you archive it."), code="not_closed")
    if locked.archived_at is None:
        locked.archived_at = timezone.now()
        locked.save(update_fields=["archived_at"])
        audit.record(AuditAction.CAMPAIGN_ARCHIVED, by=by, campaign=locked)
    return locked


@transaction.atomic
def restore_campaign(*, campaign: Campaign, by: User | None) -> None:
    """Put an archived campaign back in the lists. It stays closed."""
    if Campaign.objects.filter(pk=campaign.pk, archived_at__isnull=False).update(archived_at=None):
        audit.record(AuditAction.CAMPAIGN_RESTORED, by=by, campaign=campaign)


def is_empty_draft(campaign: Campaign) -> bool:
    """Whether nothing would be lost with the campaign but its settings, texts and links."""
    return campaign.state == CampaignState.DRAFT and not any(
        rows.exists()
        for rows in (
            PairSeats.objects.filter(of_campaign=campaign),
            campaign.prompts.all(),
            campaign.imports.all(),
            campaign.releases.all(),
            Consent.objects.filter(member__campaign=campaign),
            CrowdIdentity.objects.filter(member__campaign=campaign),
            ModerationAction.objects.filter(member__campaign=campaign),
        )
    )


@transaction.atomic
def delete_draft(*, campaign: Campaign, by: User | None) -> None:
    """Delete an empty draft (`is_empty_draft`), with its texts, links and members. Raises Conflict (not_empty) for another."""
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if not is_empty_draft(locked):
        raise Conflict(
            gettext("Only a draft that nothing was imported into can be deleted. Close and archive the campaign instead."),
            code="not_empty",
        )
    audit.record(AuditAction.CAMPAIGN_DELETED, by=by, campaign=locked, target=locked.slug)
    Campaign.objects.filter(pk=locked.pk).update(guideline=None, consent_text=None)
    with pgtrigger.ignore("annotator.Guideline:guideline_published_is_fixed", "annotator.ConsentText:consent_text_is_fixed"):
        for rows in (locked.webhooks, locked.invites, locked.questions, locked.guidelines, locked.consent_texts, locked.members):
            rows.all().delete()
    locked.delete()


@transaction.atomic
def change_campaign(
    *,
    campaign: Campaign,
    by: User | None,
    state: str | None = None,
    name: str | None = None,
    description: str | None = None,
    rules: Rules | None = None,
) -> Campaign:
    """Change what is not None and the rules that are given. All or nothing: a state that is refused leaves the rest as it was.

    `votes_wanted` holds at once: pairs that have fewer go back into circulation, and of pairs that have more, the seats
    nobody has looked at yet are taken back. `lease_seconds` holds from the next lease on, `pairing_rule` from the next
    import on. Raises Invalid, naming the fields, and Conflict as `change_state` does.
    """
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    wanted_before, before = locked.votes_wanted, _settings_of(locked)
    locked.name = locked.name if name is None else name
    locked.description = locked.description if description is None else description
    _apply(rules or {}, locked)
    save_valid(locked)
    if changes := audit.differences(before, _settings_of(locked)):
        audit.record(AuditAction.CAMPAIGN_CHANGED, by=by, campaign=locked, changes=changes)
    if locked.votes_wanted != wanted_before:
        set_votes_wanted(campaign=locked, votes_wanted=locked.votes_wanted, now=timezone.now())
    if state is None:
        return locked
    return change_state(campaign=locked, state=state, by=by)
