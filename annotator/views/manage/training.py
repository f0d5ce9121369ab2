"""The training of a campaign, for its managers: who is where, and letting somebody pass or try again."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotator.campaigns.access import campaign_for_manager
from annotator.errors import DomainError, NotFound
from annotator.judging import training
from annotator.judging.eligibility import training_pairs
from annotator.models import Campaign, Member
from annotator.views.manage.common import PER_PAGE
from annotator.views.manage.forms import TraineeForm
from annotator.views.requests import UserRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def trainees(request: UserRequest, slug: str) -> HttpResponse:
    """The progress of all trainees. A POST passes one or gives them another try."""
    campaign = campaign_for_manager(request.user, slug)
    if request.method == "POST":
        decide(request, campaign)
        return redirect("trainees", slug)
    page = Paginator(training.trainees(campaign), PER_PAGE).get_page(request.GET.get("page"))
    context = {"campaign": campaign, "page": page, "pairs": training_pairs(campaign).count()}
    return render(request, "manage/quality/training.html", context)


def decide(request: UserRequest, campaign: Campaign) -> None:
    """Apply the button that was pressed beside a trainee."""
    form = TraineeForm(request.POST)
    member = Member.objects.filter(campaign=campaign, pk=form.cleaned_data["member"]).first() if form.is_valid() else None
    if member is None:
        raise NotFound(gettext("Member not found in this campaign."))
    try:
        if form.cleaned_data["decision"] == "pass_training":
            training.pass_training(member=member, by=request.user)
            messages.success(request, gettext("%(user)s can judge pairs now.") % {"user": member.user})
        else:
            training.give_another_try(member=member, by=request.user)
            messages.success(request, gettext("%(user)s can try again.") % {"user": member.user})
    except DomainError as error:
        messages.error(request, error.detail)
