"""What a member sees of their campaigns: the list, and a campaign's guideline."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotator.access import campaign_for_annotator, campaign_for_member, may_create_campaigns
from annotator.campaigns import accept_guideline, current_guideline
from annotator.choices import CampaignState, MemberState, Role
from annotator.errors import Conflict, NotFound
from annotator.models import Campaign, CampaignProgress, Member
from annotator.views.requests import UserRequest
from annotator.views.turns import progress_of

# Where there is something to do comes first.
LIST_ORDER: list[str] = [CampaignState.OPEN, CampaignState.PAUSED, CampaignState.DRAFT, CampaignState.CLOSED]


@dataclass(frozen=True)
class Entry:
    """A campaign in its member's list."""

    member: Member

    @property
    def progress(self) -> CampaignProgress:
        return progress_of(self.member.campaign)

    @property
    def is_complete(self) -> bool:
        return 0 < self.progress.votes_wanted <= self.progress.votes_live

    @property
    def can_judge(self) -> bool:
        is_open = self.member.campaign.state == CampaignState.OPEN
        return self.member.state == MemberState.ACTIVE and is_open and not self.is_complete

    @property
    def can_manage(self) -> bool:
        return self.member.state == MemberState.ACTIVE and self.member.role == Role.MANAGER


@never_cache
@require_safe
def campaigns(request: UserRequest) -> HttpResponse:
    """The campaigns the user is in; for a superuser also the others."""
    mine = (
        Member.objects.filter(user=request.user)
        .exclude(state=MemberState.WITHDRAWN)
        .select_related("campaign__progress")
        .order_by("-campaign__created_at", "-campaign_id")
    )
    entries = [Entry(member) for member in sorted(mine, key=lambda member: LIST_ORDER.index(member.campaign.state))]
    others = Campaign.objects.none()
    if request.user.is_superuser:
        others = Campaign.objects.exclude(members__user=request.user).select_related("progress")
    return render(
        request, "campaigns/list.html", {"entries": entries, "others": others, "may_create": may_create_campaigns(request.user)}
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def guideline(request: UserRequest, slug: str) -> HttpResponse:
    """The guideline in force, and where the member has not accepted it yet, the button that does."""
    campaign, member = campaign_for_member(request.user, slug)
    current = current_guideline(campaign)
    if current is None:
        raise NotFound("This campaign has no guideline.")
    if request.method == "POST":
        campaign_for_annotator(request.user, slug)
        # The version that was read, so that one published in the meantime is not accepted unread.
        if request.POST.get("version") != str(current.version):
            messages.warning(request, "A newer version was published while you read. Please read this one.")
            return redirect("guideline", slug)
        try:
            accept_guideline(member=member, guideline=current)
        except Conflict as conflict:
            messages.warning(request, conflict.detail)
            return redirect("guideline", slug)
        return redirect("annotate", slug)
    context = {"campaign": campaign, "member": member, "guideline": current}
    return render(request, "campaigns/guideline.html", context)
