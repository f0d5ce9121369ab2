"""Whether a member may judge now: the campaign open, the member active and trained. vote.sql asks the same once more."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from annotator.choices import CampaignState, GoldUse, MemberKind, MemberState, PairState, Role
from annotator.errors import NotAllowed
from annotator.models import Campaign, Member, Pair

ANSWERS_COUNT_IN = (CampaignState.OPEN, CampaignState.PAUSED)
SENTENCES = {
    "campaign_draft": gettext_lazy("This campaign has not started yet."),
    "campaign_paused": gettext_lazy("This campaign is paused. Your votes are safe; come back later."),
    "campaign_closed": gettext_lazy("This campaign is closed. Thank you for your votes."),
    "member_paused": gettext_lazy("Your membership in this campaign is paused. Ask its managers for details."),
    "member_suspended": gettext_lazy("Your membership in this campaign is suspended. Ask its managers for details."),
    "member_withdrawn": gettext_lazy("Your membership in this campaign is withdrawn. Ask its managers for details."),
}


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


def obstacle(member: Member) -> str | None:
    """What keeps the member from judging now: `member_<state>`, `campaign_<state>`, or None. The only place that decides it.

    In a paused campaign nothing new is assigned; what was assigned before may still be answered (ANSWERS_COUNT_IN).
    """
    if member.state != MemberState.ACTIVE:
        return f"member_{member.state}"
    if member.campaign.state != CampaignState.OPEN:
        return f"campaign_{member.campaign.state}"
    return None


def require_eligible(member: Member, *, to_answer: bool = False) -> None:
    """Raises NotAllowed with the obstacle as its code. `to_answer`: what the member has already, a paused campaign included."""
    code = obstacle(member)
    if code is None or (to_answer and code == f"campaign_{CampaignState.PAUSED}"):
        return
    raise NotAllowed(str(SENTENCES[code]), code=code)
