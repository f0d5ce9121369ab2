"""What a member sees of their campaigns: the list, and a campaign's guideline."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotator.access import campaign_for_annotator, campaign_for_member
from annotator.campaigns import accept_guideline, current_guideline
from annotator.choices import MemberState, Role
from annotator.errors import Conflict, NotFound
from annotator.models import Campaign, Member


@never_cache
@require_safe
def campaigns(request: HttpRequest) -> HttpResponse:
    """The campaigns the user is in; for a superuser also the others."""
    mine = (
        Member.objects.filter(user=request.user)
        .exclude(state=MemberState.WITHDRAWN)
        .select_related("campaign__progress")
        .order_by("-campaign__created_at", "-campaign_id")
    )
    others = Campaign.objects.none()
    if request.user.is_superuser:
        others = Campaign.objects.exclude(members__user=request.user).select_related("progress")
    return render(request, "campaigns/list.html", {"members": mine, "others": others, "Role": Role})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def guideline(request: HttpRequest, slug: str) -> HttpResponse:
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
