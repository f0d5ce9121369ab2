"""What a member sees of their campaigns: the list, and a campaign's guideline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotator.campaigns.access import campaign_for_annotator, campaign_for_member, may_create_campaigns
from annotator.campaigns.consent import must_agree
from annotator.campaigns.guidelines import accept_guideline, change_notes
from annotator.campaigns.text_diff import compare
from annotator.choices import CampaignState, MemberState, Role
from annotator.errors import Conflict, NotFound
from annotator.models import Campaign, CampaignProgress, Guideline, Member, User
from annotator.scoring.progress import coarse_share, progress_of, share_done
from annotator.views.requests import UserRequest

# Campaigns with work to do come first.
LIST_ORDER: list[str] = [CampaignState.OPEN, CampaignState.PAUSED, CampaignState.DRAFT, CampaignState.CLOSED]


@dataclass(frozen=True)
class Entry:
    """A campaign in its member's list."""

    member: Member

    @property
    def progress(self) -> CampaignProgress:
        return progress_of(self.member.campaign)

    @property
    def percent(self) -> int:
        """Exact for managers, in steps for others: exact counts show which votes do not count, and so which pairs are gold."""
        return round(100 * (share_done(self.progress) if self.can_manage else coarse_share(self.progress)))

    @property
    def is_complete(self) -> bool:
        return 0 < self.progress.votes_wanted <= self.progress.votes_live

    @property
    def left(self) -> int:
        """About how many pairs are left for the member, bounded by the votes still wanted and by the member's limits."""
        campaign, progress = self.member.campaign, self.progress
        pairs = progress.pairs_total - progress.pairs_held - self.member.answered_count
        rooms = [pairs, progress.votes_wanted - progress.votes_live]
        if campaign.limit_total is not None:
            rooms.append(campaign.limit_total - self.member.answered_count)
        if campaign.limit_share is not None:
            rooms.append(math.floor(campaign.limit_share * progress.votes_wanted) - self.member.answered_count)
        return roughly(max(0, min(rooms)))

    @property
    def can_judge(self) -> bool:
        is_open = self.member.campaign.state == CampaignState.OPEN
        return self.member.state == MemberState.ACTIVE and is_open and not self.is_complete

    @property
    def can_manage(self) -> bool:
        return self.member.state == MemberState.ACTIVE and self.member.role == Role.MANAGER


def roughly(count: int) -> int:
    """Two leading digits. From the exact count, an annotator working alone could see whether their last vote counted."""
    step = 10 ** max(0, len(str(count)) - 2)
    return count // step * step


@never_cache
@require_safe
def campaigns(request: UserRequest) -> HttpResponse:
    """The user's campaigns, and for a superuser all others as well. With `?archived`, those that were archived."""
    is_archive = "archived" in request.GET
    mine = (
        Member.objects.filter(user=request.user, campaign__archived_at__isnull=not is_archive)
        .exclude(state=MemberState.WITHDRAWN)
        .select_related("campaign__progress", "campaign__group_question")
        .order_by("-campaign__created_at", "-campaign_id")
    )
    entries = [Entry(member) for member in sorted(mine, key=lambda member: LIST_ORDER.index(member.campaign.state))]
    others = Campaign.objects.none()
    if request.user.is_superuser:
        others = Campaign.objects.filter(archived_at__isnull=not is_archive)
        others = others.exclude(members__user=request.user).select_related("progress")
    return render(
        request,
        "annotate/campaign_list.html",
        {
            "entries": entries,
            "others": others,
            "may_create": may_create_campaigns(request.user),
            "is_archive": is_archive,
            "has_archive": has_archive(request.user),
        },
    )


def has_archive(user: User) -> bool:
    archived = Campaign.objects.filter(archived_at__isnull=False)
    return (archived if user.is_superuser else archived.filter(members__user=user)).exists()


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def guideline(request: UserRequest, slug: str) -> HttpResponse:
    """The guideline in force, with a button to accept it if the member has not yet."""
    campaign, member = campaign_for_member(request.user, slug)
    if must_agree(member):
        return redirect("consent", slug)  # consent comes before the guideline
    current = campaign.guideline
    if current is None:
        raise NotFound("This campaign has no guideline.")
    if request.method == "POST":
        campaign_for_annotator(request.user, slug)
        # The version on the page, so that a version published meanwhile is not accepted unread.
        if request.POST.get("version") != str(current.version):
            messages.warning(request, "A newer version was published while you were reading. Please read this one.")
            return redirect("guideline", slug)
        try:
            accept_guideline(member=member, guideline=current)
        except Conflict as conflict:
            messages.warning(request, conflict.detail)
            return redirect("guideline", slug)
        return redirect("annotate", slug)
    context = {"campaign": campaign, "member": member, "guideline": current, **news_for(member, current)}
    return render(request, "annotate/guideline.html", context)


def news_for(member: Member, current: Guideline) -> dict[str, Any]:
    """The changes since the version the member accepted: the managers' notes and the changed lines."""
    accepted = member.guideline_accepted
    if accepted is None or accepted.pk == current.pk:
        return {}
    return {"notes": change_notes(since=accepted, until=current), "changes": compare(accepted.text, current.text)}
