"""The members of a campaign."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotator.campaigns import members as campaign_members
from annotator.campaigns.access import campaign_for_manager
from annotator.choices import MemberState
from annotator.errors import DomainError, NotFound
from annotator.models import Campaign, Member
from annotator.quality import moderation
from annotator.scoring import progress
from annotator.views.form_input import add_domain_error
from annotator.views.manage.common import PER_PAGE, posted, status_of
from annotator.views.manage.forms import MemberForm
from annotator.views.requests import UserRequest

MEMBERS_AT_FIRST = 20


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def members(request: UserRequest, slug: str) -> HttpResponse:
    """All members, a page at a time, and the form that adds one or gives one another role."""
    campaign = campaign_for_manager(request.user, slug)
    form = MemberForm(posted(request))
    if request.method == "POST" and form.is_valid():
        person, role, kind = form.cleaned_data["person"], form.cleaned_data["role"], form.cleaned_data["kind"]
        try:
            member, is_new = campaign_members.add_member(campaign=campaign, user=person, role=role, kind=kind, by=request.user)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            what = "is added as" if is_new else "now has the role"
            messages.success(request, f"{person} {what} {member.get_role_display().lower()}.")
            return redirect(reverse("campaign_page", args=[slug]) + "#people")
    page = Paginator(progress.member_progress(campaign), PER_PAGE).get_page(request.GET.get("page"))
    context = {"campaign": campaign, "form": form, "page": page, "members": page.object_list}
    return render(request, "manage/people/members.html", context, status=status_of(form))


@require_POST
def member_state(request: UserRequest, slug: str, member_id: int) -> HttpResponse:
    campaign = campaign_for_manager(request.user, slug)
    member = member_of(campaign, member_id)
    try:
        member = campaign_members.change_member_state(member=member, state=request.POST.get("state", ""), by=request.user)
    except DomainError as error:
        messages.error(request, error.detail)
    else:
        words = "is paused and gets no more pairs" if member.state == MemberState.PAUSED else "is active again"
        messages.success(request, f"{member.user} {words}.")
    return redirect("members", slug)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def member_suspension(request: UserRequest, slug: str, member_id: int) -> HttpResponse:
    """What suspending a member does, or letting them back, and the button that does it."""
    campaign = campaign_for_manager(request.user, slug)
    member = member_of(campaign, member_id)
    if request.method != "POST":
        return render(request, "manage/people/suspension.html", {"campaign": campaign, "member": member})
    try:
        if "lift" in request.POST:
            restored = moderation.lift_suspension(member=member, by=request.user)
            messages.success(
                request,
                gettext("%(user)s is reinstated. Votes restored: %(restored)s.") % {"user": member.user, "restored": restored},
            )
        else:
            seats = moderation.suspend_member(member=member, by=request.user)
            messages.success(
                request,
                gettext("%(user)s is suspended. Assignments released: %(seats)s.") % {"user": member.user, "seats": seats},
            )
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect("members", slug)


def member_of(campaign: Campaign, member_id: int) -> Member:
    """Raises NotFound."""
    member: Member | None = campaign.members.filter(pk=member_id).select_related("user").first()
    if member is None:
        raise NotFound(gettext("This member does not exist."))
    return member
