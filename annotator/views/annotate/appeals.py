"""What annotators can do about a notice or a suspension: dismiss the notice, appeal, withdraw their consent."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotator.campaigns.access import campaign_for_member
from annotator.choices import AppealState, MemberState
from annotator.errors import DomainError, NotFound
from annotator.quality import appeals as member_appeals
from annotator.quality import moderation
from annotator.views.annotate.forms import AppealForm, WithdrawForm
from annotator.views.annotate.notices import notice_for, what_happened
from annotator.views.form_input import add_domain_error
from annotator.views.requests import UserRequest


@require_POST
def dismiss_notice(request: UserRequest, slug: str) -> HttpResponse:
    _, member = campaign_for_member(request.user, slug)
    moderation.dismiss_notice(member=member)
    return HttpResponse() if request.htmx else redirect("annotate", slug)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def appeal(request: UserRequest, slug: str) -> HttpResponse:
    """Why the member was warned, paused or suspended, their earlier messages and the answers. A POST sends a message."""
    campaign, member = campaign_for_member(request.user, slug)
    if member.state == MemberState.WITHDRAWN:
        raise NotFound(gettext("You left this campaign."))
    form = AppealForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            member_appeals.appeal(member=member, message=form.cleaned_data["message"])
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, gettext("Message sent. The managers' answer will appear here."))
            return redirect("appeal", slug)
    appeals = list(member.appeals.all())
    is_waiting = any(row.state == AppealState.OPEN for row in appeals)
    context = {
        "campaign": campaign,
        "member": member,
        "form": form,
        "appeals": appeals,
        "may_appeal": member_appeals.may_appeal(member) and not is_waiting,
        "happened": what_happened(member) if member.state != MemberState.ACTIVE else [],
        "notice": notice_for(member),
    }
    return render(request, "annotate/appeal.html", context, status=400 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: UserRequest, slug: str) -> HttpResponse:
    """What a withdrawal does, and the form for it. A withdrawal is final."""
    campaign, member = campaign_for_member(request.user, slug)
    if member.state == MemberState.WITHDRAWN:
        raise NotFound(gettext("You left this campaign."))
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        moderation.withdraw_member(member=member, by=request.user)
        messages.success(request, gettext("You left %(name)s. Your answers no longer count.") % {"name": campaign.name})
        return redirect("campaigns")
    context = {"campaign": campaign, "member": member, "form": form}
    return render(request, "annotate/withdraw.html", context, status=400 if form.errors else 200)
