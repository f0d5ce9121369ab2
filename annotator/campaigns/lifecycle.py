"""A campaign from draft to closed, and its rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotator.campaigns.guidelines import publish_guideline
from annotator.campaigns.questions import DEFAULT_QUESTION, NewQuestion, _write_questions
from annotator.campaigns.validation import save_valid
from annotator.choices import CampaignState, Role
from annotator.errors import Conflict, Invalid
from annotator.judging.seats import set_votes_wanted
from annotator.models import Campaign, CampaignProgress, Member, User
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
        raise Invalid("Some values are not valid.", errors={"slug": [f"{slug!r} is reserved by the site."]})
    if slug.endswith(RESERVED_ENDINGS):
        words = f"It cannot end in {' or '.join(RESERVED_ENDINGS)}: these names are reserved for training jobs."
        raise Invalid("Some values are not valid.", errors={"slug": [words]})
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
    if guideline:
        publish_guideline(campaign=campaign, text=guideline, by=by)
    if by is not None:
        Member.objects.create(campaign=campaign, user=by, role=Role.MANAGER)
    return campaign


STATE_CHANGES = {
    CampaignState.DRAFT: {CampaignState.OPEN, CampaignState.CLOSED},
    CampaignState.OPEN: {CampaignState.PAUSED, CampaignState.CLOSED},
    CampaignState.PAUSED: {CampaignState.OPEN, CampaignState.CLOSED},
    CampaignState.CLOSED: {CampaignState.OPEN},
}


@transaction.atomic
def change_state(*, campaign: Campaign, state: str, by: User | None) -> Campaign:
    """Open, pause or close the campaign. The same state again is no change. Raises Conflict on a step that is not one."""
    if state not in CampaignState.values:
        raise Invalid(
            f"The state {state!r} does not exist.", errors={"state": [f"Use one of {', '.join(CampaignState.values)}."]}
        )
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if locked.state != state:
        allowed = STATE_CHANGES[CampaignState(locked.state)]
        if state not in allowed:
            raise Conflict(
                f"A campaign that is {locked.state} cannot become {state}. It can become {' or '.join(sorted(allowed))}.",
                code="state_change_refused",
            )
        locked.state = state
        locked.save(update_fields=["state"])
    return locked


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
    wanted_before = locked.votes_wanted
    locked.name = locked.name if name is None else name
    locked.description = locked.description if description is None else description
    _apply(rules or {}, locked)
    save_valid(locked)
    if locked.votes_wanted != wanted_before:
        set_votes_wanted(campaign=locked, votes_wanted=locked.votes_wanted, now=timezone.now())
    if state is None:
        return locked
    return change_state(campaign=locked, state=state, by=by)
