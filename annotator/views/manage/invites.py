"""The managers' pages about how people come in: invite links, the consent text, who a crowd platform sent."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.campaigns import consent
from annotator.campaigns import invites as campaign_invites
from annotator.campaigns.access import campaign_for_manager
from annotator.errors import DomainError, NotFound
from annotator.models import Campaign, Invite
from annotator.scoring import progress
from annotator.views.form_input import add_domain_error
from annotator.views.manage.common import PER_PAGE, posted, status_of
from annotator.views.manage.forms import ConsentTextForm, InviteForm
from annotator.views.requests import UserRequest

WHY_UNUSABLE = {"invite_revoked": "Revoked", "invite_expired": "Expired", "invite_used_up": "Used up"}


@dataclass(frozen=True)
class Link:
    """An invite as the page lists it; `address` is empty where the link opens nothing any more."""

    invite: Invite
    address: str
    state: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invites(request: UserRequest, slug: str) -> HttpResponse:
    """All invite links, to copy and to revoke, and the form that makes one."""
    campaign = campaign_for_manager(request.user, slug)
    form = InviteForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            invite = campaign_invites.create_invite(
                campaign=campaign,
                by=request.user,
                note=form.cleaned_data["note"],
                role=form.cleaned_data["role"],
                for_crowd=form.cleaned_data["for_crowd"],
                expires_at=form.expires_at(),
                uses_max=form.cleaned_data["uses_max"],
                platform_key=form.cleaned_data["platform_key"],
                platform_customer=form.cleaned_data["platform_customer"],
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(
                request,
                gettext("%(value)s is created. Copy it and send it to the people you want.")
                % {"value": invite.note or "The link"},
            )
            return redirect("invites", slug)
    page = Paginator(campaign.invites.select_related("created_by"), PER_PAGE).get_page(request.GET.get("page"))
    links = [link_of(request, invite) for invite in page.object_list]
    context = {"campaign": campaign, "form": form, "page": page, "links": links}
    return render(request, "manage/people/invites.html", context, status=status_of(form))


def link_of(request: UserRequest, invite: Invite) -> Link:
    why = campaign_invites.why_unusable(invite)
    address = request.build_absolute_uri(reverse("join", args=[campaign_invites.key_of(invite)]))
    parameters = campaign_invites.PLATFORM_PARAMETERS if invite.for_crowd else ""
    return Link(invite, "" if why else address + parameters, WHY_UNUSABLE.get(why, ""))


@never_cache
@require_safe
def invite_page(request: UserRequest, slug: str, invite_id: int) -> HttpResponse:
    """One invite link, and everyone who joined with it."""
    campaign = campaign_for_manager(request.user, slug)
    invite = invite_of(campaign, invite_id)
    page = Paginator(progress.member_progress(campaign).filter(invite=invite), PER_PAGE).get_page(request.GET.get("page"))
    context = {"campaign": campaign, "link": link_of(request, invite), "page": page, "members": page.object_list}
    return render(request, "manage/people/invite.html", context)


@require_POST
def revoke_invite(request: UserRequest, slug: str, invite_id: int) -> HttpResponse:
    """Afterwards the page of the link lists who joined with it, so that the manager can pause or suspend them."""
    campaign = campaign_for_manager(request.user, slug)
    invite = campaign_invites.revoke_invite(invite=invite_of(campaign, invite_id), by=request.user)
    messages.success(
        request,
        gettext("%(value)s is revoked. Members who joined with it stay. They are listed here.")
        % {"value": invite.note or "The link"},
    )
    return redirect("invite_page", slug, invite_id)


def invite_of(campaign: Campaign, invite_id: int) -> Invite:
    """Raises NotFound."""
    invite: Invite | None = campaign.invites.filter(pk=invite_id).select_related("created_by", "revoked_by").first()
    if invite is None:
        raise NotFound(gettext("This invite link does not exist."))
    return invite


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_consent(request: UserRequest, slug: str) -> HttpResponse:
    """The text of the next version, looked at first (`preview`) or put in force."""
    campaign = campaign_for_manager(request.user, slug)
    current = campaign.consent_text
    form = ConsentTextForm(posted(request), initial={"text": current.text if current else ""})
    preview = ""
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            preview = form.cleaned_data["text"]
        else:
            made = consent.publish_consent_text(campaign=campaign, text=form.cleaned_data["text"], by=request.user)
            messages.success(
                request,
                gettext("Version %(version)s of the consent text is published. Members must agree to it before their next pair.")
                % {"version": made.version},
            )
            return redirect("campaign_page", slug)
    agreed = campaign.members.filter(consent_accepted=current).count() if current else 0
    context = {"campaign": campaign, "current": current, "agreed": agreed, "form": form, "preview": preview}
    return render(request, "manage/settings/consent.html", context, status=status_of(form))


@never_cache
@require_safe
def crowd(request: UserRequest, slug: str) -> HttpResponse:
    """Who a crowd platform sent, by its own names for them, and what they have done: to pay them by."""
    campaign = campaign_for_manager(request.user, slug)
    members = progress.member_progress(campaign).filter(crowd_identity__isnull=False).select_related("crowd_identity")
    page = Paginator(members, PER_PAGE).get_page(request.GET.get("page"))
    doubtful = campaign.crowd_identities.filter(browsers__gt=1).count()
    context = {"campaign": campaign, "page": page, "members": page.object_list, "doubtful": doubtful}
    return render(request, "manage/people/crowd.html", context)
