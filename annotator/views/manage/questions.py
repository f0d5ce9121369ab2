"""A manager's pages about what annotators are asked, and what they write beside their answers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotator.campaigns import questions as campaign_questions
from annotator.campaigns.access import campaign_for_manager
from annotator.choices import Choice
from annotator.errors import DomainError
from annotator.models import Campaign
from annotator.scoring import progress
from annotator.views.manage.campaign_forms import QuestionFormSet
from annotator.views.manage.common import OpenEndedPaginator
from annotator.views.manage.translated_form import TranslatedForm
from annotator.views.requests import UserRequest

COMMENTS_PER_PAGE = 50


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def questions(request: UserRequest, slug: str) -> HttpResponse:
    """All questions of the campaign with what may be answered; of one that has votes, their wording."""
    campaign = campaign_for_manager(request.user, slug)
    rows = QuestionFormSet(request.POST if request.method == "POST" else None, initial=rows_of(campaign))
    error: DomainError | None = None
    if request.method == "POST" and rows.is_valid():
        try:
            campaign_questions.set_questions(campaign=campaign, questions=rows.asked(), by=request.user)
        except DomainError as refused:
            error = refused
        else:
            messages.success(request, gettext("Questions saved."))
            return redirect("campaign_page", slug)
    context = {
        "campaign": campaign,
        "rows": rows,
        "error": error,
        "has_votes": campaign_questions.has_votes(campaign),
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "manage/settings/questions.html", context, status=status)


def rows_of(campaign: Campaign) -> list[dict[str, Any]]:
    """The campaign's questions as the page's form has them."""
    return [
        {
            "text": question.text,
            "slug": question.slug,
            "order": question.position + 1,
            "both_good": Choice.BOTH_GOOD in question.choices,
            "both_bad": Choice.BOTH_BAD in question.choices,
            **TranslatedForm.initial_of(question),
        }
        for question in campaign.questions.order_by("position")
    ]


@never_cache
@require_safe
def comments(request: UserRequest, slug: str) -> HttpResponse:
    """What annotators wrote beside their answers, a page at a time."""
    campaign = campaign_for_manager(request.user, slug)
    page = OpenEndedPaginator(progress.comments(campaign), COMMENTS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "manage/overview/comments.html", {"campaign": campaign, "page": page})
