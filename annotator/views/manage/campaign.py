"""The pages of a campaign's managers: from making a campaign to its releases, without a shell.

Every form has a page of its own, where it is shown again with its errors; the campaign's page shows how it all stands.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.campaigns import guidelines, lifecycle, questions
from annotator.campaigns.access import campaign_for_manager, require_may_create_campaigns
from annotator.campaigns.text_diff import compare
from annotator.choices import UNFINISHED_IMPORTS, UNFINISHED_RELEASES, CampaignState, Label, PairState, ReleaseState
from annotator.errors import DomainError
from annotator.judging import limits
from annotator.models import Campaign, Pair
from annotator.quality import review_queries
from annotator.scoring import progress
from annotator.scoring.progress import progress_of
from annotator.views.form_input import add_domain_error
from annotator.views.manage.campaign_forms import CampaignForm, NewCampaignForm
from annotator.views.manage.common import SHOWN_AT_FIRST, posted, status_of
from annotator.views.manage.forms import GuidelineForm, ImportForm, MemberForm
from annotator.views.manage.members import MEMBERS_AT_FIRST
from annotator.views.requests import UserRequest

FLAGGED_COUNTED = 100  # beyond that the campaign's page says "More than"
# Which of its two images is `a` was drawn at random, so the two say the same about a pair: one of its images won.
LABEL_ROWS = [
    ("One image is better", [Label.A, Label.B]),
    ("Both good", [Label.BOTH_GOOD]),
    ("Both bad", [Label.BOTH_BAD]),
    ("No majority", [Label.TIE]),
]


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
    context = {
        **live_context(campaign),
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


def live_context(campaign: Campaign) -> dict[str, Any]:
    """What the campaign's page shows of its state. From the rolled-up counters and a few rows, at any size."""
    counters = progress_of(campaign)
    labels = counters.label_counts
    pairs_scored = sum(labels.values())
    imports = list(campaign.imports.order_by("-pk")[:SHOWN_AT_FIRST])
    releases = list(campaign.releases.order_by("-number")[:SHOWN_AT_FIRST])
    is_working = any(row.state in UNFINISHED_IMPORTS for row in imports) or any(
        row.state in UNFINISHED_RELEASES for row in releases
    )
    return {
        "campaign": campaign,
        "progress": counters,
        "share_done": progress.share_done(counters),
        "time_left": progress.time_left(counters),
        "labels": [
            (words, count, count / pairs_scored if pairs_scored else 0)
            for words, count in ((words, sum(labels.get(label, 0) for label in those)) for words, those in LABEL_ROWS)
        ],
        "pairs_scored": pairs_scored,
        "members": list(progress.member_progress(campaign)[:MEMBERS_AT_FIRST]),
        "members_total": campaign.members.count(),
        "review": review_queries.summary(campaign),
        "flagged_total": progress.open_flags(campaign)[: FLAGGED_COUNTED + 1].count(),
        "near_identical_total": progress.near_identical_pairs(campaign)
        .exclude(state=PairState.HELD)[: FLAGGED_COUNTED + 1]
        .count(),
        "imports": imports,
        "releases": releases,
        "namespace": settings.HUB_NAMESPACE,
        "newest_ready": next((row for row in releases if row.state == ReleaseState.READY), None),
        "is_live": campaign.state != CampaignState.CLOSED or is_working,
        "steps": lifecycle.states_after(campaign),
    }


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


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_guideline(request: UserRequest, slug: str) -> HttpResponse:
    """The text of the next version, looked at first (`preview`) or published."""
    campaign = campaign_for_manager(request.user, slug)
    current = campaign.guideline
    form = GuidelineForm(posted(request), initial={"text": current.text if current else ""})
    preview = ""
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            preview = form.cleaned_data["text"]
        else:
            made = guidelines.publish_guideline(
                campaign=campaign,
                text=form.cleaned_data["text"],
                change_note=form.cleaned_data["change_note"],
                by=request.user,
            )
            messages.success(
                request,
                gettext("Version %(version)s of the guideline is published. Annotators must accept it before their next pair.")
                % {"version": made.version},
            )
            return redirect("campaign_page", slug)
    changes = compare(current.text, preview) if current and preview else []
    context = {"campaign": campaign, "current": current, "form": form, "preview": preview, "changes": changes}
    return render(request, "manage/settings/guideline.html", context, status=status_of(form))
