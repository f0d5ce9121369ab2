"""The pages of a campaign's managers: from making a campaign to its releases, without a shell.

Every form has a page of its own, where it is shown again with its errors; the campaign's page shows how it all stands.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.campaigns import lifecycle, questions
from annotator.campaigns.access import campaign_for_manager, require_may_create_campaigns
from annotator.choices import CampaignState
from annotator.errors import DomainError
from annotator.judging import limits
from annotator.models import Pair
from annotator.views.form_input import add_domain_error
from annotator.views.manage.campaign_forms import CampaignForm, NewCampaignForm
from annotator.views.manage.charts import Mark
from annotator.views.manage.common import posted, status_of
from annotator.views.manage.forms import ImportForm, MemberForm
from annotator.views.manage.overview import live_context
from annotator.views.manage.overview_figures import charts_of
from annotator.views.requests import UserRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_campaign(request: UserRequest) -> HttpResponse:
    require_may_create_campaigns(request.user)
    form = NewCampaignForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            campaign = lifecycle.create_campaign(
                slug=form.cleaned_data["slug"],
                name=form.cleaned_data["name"],
                description=form.cleaned_data["description"],
                rules=lifecycle.rules_in(form.cleaned_data),
                questions=[questions.NewQuestion(questions.DEFAULT_QUESTION.slug, form.cleaned_data["question"])],
                guideline=form.cleaned_data["guideline"],
                by=request.user,
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(
                request,
                gettext("%(name)s is created as a draft. Annotators cannot see it until you open it.") % {"name": campaign.name},
            )
            add_hints(request, form)
            return redirect("campaign_page", campaign.slug)
    return render(request, "manage/overview/new.html", {"form": form}, status=status_of(form))


@never_cache
@require_safe
def campaign_page(request: UserRequest, slug: str) -> HttpResponse:
    """How the campaign stands, and the way to everything a manager does."""
    campaign = campaign_for_manager(request.user, slug)
    live = live_context(campaign)
    marks = [Mark(drop.action.at.timestamp(), drop.words) for drop in live["drops"]]
    context = {
        **live,
        "charts": charts_of(campaign, live["document"], marks),
        "has_pairs": bool(Pair.objects.by_number(campaign.pk)[:1]),
        "guideline": campaign.guideline,
        "questions": list(campaign.questions.order_by("position")),
        "limits": limits.in_words(campaign),
        "member_form": MemberForm(),
        "import_form": ImportForm(),
    }
    return render(request, "manage/overview/campaign.html", context)


@never_cache
@require_safe
def campaign_progress(request: UserRequest, slug: str) -> HttpResponse:
    """The parts of the campaign's page that change by themselves."""
    campaign = campaign_for_manager(request.user, slug)
    return render(request, "manage/overview/_live.html", live_context(campaign))


@require_POST
def campaign_state(request: UserRequest, slug: str) -> HttpResponse:
    campaign = campaign_for_manager(request.user, slug)
    if campaign.state == CampaignState.DRAFT and request.POST.get("state") == CampaignState.OPEN:
        return redirect("open_campaign", slug)
    try:
        campaign = lifecycle.change_state(campaign=campaign, state=request.POST.get("state", ""), by=request.user)
    except DomainError as error:
        messages.error(request, error.detail)
    else:
        messages.success(
            request,
            gettext("%(name)s is now %(value)s.") % {"name": campaign.name, "value": campaign.get_state_display().lower()},
        )
    return redirect("campaign_page", slug)


def add_hints(request: UserRequest, form: CampaignForm) -> None:
    """What rules may be and is hardly meant."""
    for hint in form.hints():
        messages.warning(request, hint)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def campaign_settings(request: UserRequest, slug: str) -> HttpResponse:
    campaign = campaign_for_manager(request.user, slug)
    form = CampaignForm(posted(request), instance=campaign)
    if request.method == "POST" and form.is_valid():
        try:
            lifecycle.change_campaign(
                campaign=campaign,
                name=form.cleaned_data["name"],
                description=form.cleaned_data["description"],
                rules=lifecycle.rules_in(form.cleaned_data),
                by=request.user,
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, gettext("Settings saved."))
            add_hints(request, form)
            return redirect("campaign_page", slug)
    return render(request, "manage/settings/settings.html", {"campaign": campaign, "form": form}, status=status_of(form))
