"""The manager's pages around a campaign's life: what it lacks before it opens, its archive, and its end as a draft."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotator.campaigns import lifecycle, opening
from annotator.campaigns.access import campaign_for_manager
from annotator.choices import CampaignState
from annotator.errors import DomainError
from annotator.views.requests import UserRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_campaign(request: UserRequest, slug: str) -> HttpResponse:
    """What is missing, what is doubtful, what opening means, and the button that does it."""
    campaign = campaign_for_manager(request.user, slug)
    if campaign.state != CampaignState.DRAFT:
        return redirect("campaign_page", slug)
    if request.method == "POST":
        try:
            opening.open_campaign(campaign=campaign, by=request.user)
        except DomainError as error:
            messages.error(request, error.detail)
            return redirect("open_campaign", slug)
        messages.success(request, gettext("%(name)s is now open.") % {"name": campaign.name})
        return redirect("campaign_page", slug)
    context = {"campaign": campaign, "readiness": opening.readiness_of(campaign), "seconds": opening.SECONDS_PER_VOTE}
    return render(request, "manage/overview/open.html", context)


@require_POST
def archive_campaign(request: UserRequest, slug: str) -> HttpResponse:
    """Into the archive, or out of it (`restore`)."""
    campaign = campaign_for_manager(request.user, slug)
    try:
        if "restore" in request.POST:
            lifecycle.restore_campaign(campaign=campaign, by=request.user)
            messages.success(request, gettext("%(name)s is back in the lists. It is still closed.") % {"name": campaign.name})
        else:
            lifecycle.archive_campaign(campaign=campaign, by=request.user)
            messages.success(
                request,
                gettext("%(name)s is archived. You find it at the end of your list of campaigns.") % {"name": campaign.name},
            )
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect("campaign_page", slug)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete_draft(request: UserRequest, slug: str) -> HttpResponse:
    """What goes with an empty draft, and the button that deletes it once its name was typed."""
    campaign = campaign_for_manager(request.user, slug)
    name_is_wrong = request.method == "POST" and request.POST.get("name", "").strip() != campaign.slug
    if request.method == "POST" and not name_is_wrong:
        try:
            lifecycle.delete_draft(campaign=campaign, by=request.user)
        except DomainError as error:
            messages.error(request, error.detail)
            return redirect("campaign_page", slug)
        messages.success(request, gettext("%(name)s is deleted.") % {"name": campaign.name})
        return redirect("campaigns")
    context = {"campaign": campaign, "is_empty": lifecycle.is_empty_draft(campaign), "name_is_wrong": name_is_wrong}
    return render(request, "manage/overview/delete.html", context, status=400 if name_is_wrong else 200)
