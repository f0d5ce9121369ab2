"""What a member sees of their campaigns: the list, and a campaign's guideline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotator.campaigns.access import campaign_for_annotator, campaign_for_member, may_create_campaigns
from annotator.campaigns.consent import must_agree
from annotator.campaigns.guidelines import accept_guideline, change_notes
from annotator.campaigns.text_diff import compare
from annotator.choices import CampaignState, MemberState, Role
from annotator.errors import Conflict, NotAllowed, NotFound
from annotator.judging.eligibility import obstacle
from annotator.judging.limits import Room, room_for
from annotator.judging.pairs_left import PairsLeft, pairs_left
from annotator.models import Campaign, CampaignProgress, Guideline, Member, User
from annotator.scoring.progress import coarse_share, progress_of, share_done
from annotator.views.annotate.page_state import Reason, why_enough, why_nothing_left
from annotator.views.requests import UserRequest

# Campaigns with work to do come first.
LIST_ORDER: list[str] = [CampaignState.OPEN, CampaignState.PAUSED, CampaignState.DRAFT, CampaignState.CLOSED]


@dataclass(frozen=True)
class Entry:
    """A campaign in its member's list. `pairs` and `room` are known where the member may judge: the page goes by the same."""

    member: Member
    pairs: PairsLeft | None = None
    room: Room | None = None

    @property
    def progress(self) -> CampaignProgress:
        return progress_of(self.member.campaign)

    @property
    def percent(self) -> int:
        """Exact for managers, in steps for others: exact counts show which votes do not count, and so which pairs are gold."""
        return round(100 * (share_done(self.progress) if self.can_manage else coarse_share(self.progress)))

    @property
    def left(self) -> int:
        """About how many pairs are left for the member: all there are where they were counted, else what the counters allow."""
        if self.pairs is None:
            return 0
        left, progress = self.pairs.at_least, self.progress
        if not self.pairs.is_all:
            pairs = progress.pairs_total - progress.pairs_held - self.member.answered_count
            left = max(left, min(pairs, progress.votes_wanted - progress.votes_live))
        return roughly(left if self.room is None else min(left, self.room.votes))

    @property
    def reason(self) -> Reason | None:
        """What the page would say instead of a pair, in a campaign where the member may judge."""
        if self.pairs is None or self.left:
            return None
        if self.room is not None and not self.room.votes:
            return why_enough(NotAllowed(self.room.detail, code=self.room.code))
        campaign = self.member.campaign
        return why_nothing_left(self.progress, answered=self.member.answered_count, lease_seconds=campaign.lease_seconds)

    @property
    def may_check(self) -> bool:
        """Whether the page may have a pair all the same: one that was prepared for somebody else who does not come for it."""
        return self.reason is not None and self.reason.code in ("seats_taken", "seen_all", "more_to_come", "under_review")

    @property
    def can_judge(self) -> bool:
        return self.left > 0

    @property
    def may_describe(self) -> bool:
        """Whether the campaign asks them about themselves, which they can answer before there are pairs."""
        campaign = self.member.campaign
        is_open = campaign.state == CampaignState.OPEN and self.member.state == MemberState.ACTIVE
        return is_open and hasattr(campaign, "group_question")

    @property
    def can_manage(self) -> bool:
        return self.member.state == MemberState.ACTIVE and self.member.role == Role.MANAGER


def entries_for(members: Sequence[Member]) -> list[Entry]:
    """In the order of the members. Those who have limits cost a query each."""
    judging = {member.pk for member in members if obstacle(member) is None}
    pairs, now = pairs_left(sorted(judging)), timezone.now()
    return [Entry(member, pairs.get(member.pk), room_for(member, now) if member.pk in judging else None) for member in members]


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
    entries = entries_for(sorted(mine, key=lambda member: LIST_ORDER.index(member.campaign.state)))
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
        raise NotFound(gettext("This campaign has no guideline."))
    if request.method == "POST":
        campaign_for_annotator(request.user, slug)
        # The version on the page, so that a version published meanwhile is not accepted unread.
        if request.POST.get("version") != str(current.version):
            messages.warning(request, gettext("A newer version was published while you were reading. Please read this one."))
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
    return {"notes": change_notes(since=accepted, until=current), "changes": compare(accepted.text_here, current.text_here)}
