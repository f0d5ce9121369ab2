"""Whether a member may judge pairs yet, or has to be trained first."""

from __future__ import annotations

from django.db.models import QuerySet

from annotator.choices import CampaignState, GoldUse, MemberKind, MemberState, PairState, Role
from annotator.errors import NotAllowed
from annotator.models import Campaign, Member, Pair


def training_pairs(campaign: Campaign) -> QuerySet[Pair]:
    """The gold pairs that a campaign trains people by."""
    return Pair.objects.filter(
        campaign=campaign, gold_use=GoldUse.TRAINING, gold_choice__isnull=False, gold_in_review_since__isnull=True
    ).exclude(state=PairState.HELD)


def training_is_due(member: Member) -> bool:
    """Whether the member has to be trained before they judge. Machines, reviewers and managers have not.

    Where a campaign asks for training and has no pairs for it, nobody is kept out: the managers' pages say so.
    """
    campaign = member.campaign
    if not campaign.training_pairs or member.training_passed_at is not None:
        return False
    if member.kind == MemberKind.MACHINE or member.role != Role.ANNOTATOR:
        return False
    return training_pairs(campaign).exists()


def require_active(member: Member) -> None:
    """Raises NotAllowed, in words for the annotator, unless the member may vote."""
    if member.state != MemberState.ACTIVE:
        raise NotAllowed(
            f"Your membership in this campaign is {member.state}. Ask its managers for details.",
            code=f"member_{member.state}",
        )


def require_open(campaign: Campaign) -> None:
    """Raises NotAllowed, in words for an annotator, unless the campaign takes votes."""
    words = {
        CampaignState.DRAFT: "This campaign has not started yet.",
        CampaignState.PAUSED: "This campaign is paused. Your votes are safe; come back later.",
        CampaignState.CLOSED: "This campaign is closed. Thank you for your votes.",
    }
    if campaign.state != CampaignState.OPEN:
        raise NotAllowed(words[CampaignState(campaign.state)], code=f"campaign_{campaign.state}")
