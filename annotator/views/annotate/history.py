"""A member's own answers and counts."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotator.campaigns.access import campaign_for_member
from annotator.errors import Invalid
from annotator.judging.own_history import Judged, counts_of, judged_by
from annotator.views.annotate.answers import data_of_card
from annotator.views.annotate.page_state import make_card
from annotator.views.requests import UserRequest

PER_PAGE = 24
EARLIER_AT_ONCE = 10


@never_cache
@require_safe
def history(request: UserRequest, slug: str) -> HttpResponse:
    """The user's own answers in this campaign, newest first."""
    campaign, member = campaign_for_member(request.user, slug)
    before = request.GET.get("before", "")
    judged, cursor = judged_by(member, before=before, count=PER_PAGE)
    context = {"campaign": campaign, "counts": counts_of(member), "judged": judged, "cursor": cursor, "is_first": not before}
    return render(request, "annotate/history.html", context)


@never_cache
@require_safe
def earlier(request: UserRequest, slug: str) -> HttpResponse:
    """Pairs that the user judged, newest first, for the script of the annotation page: cards with what was answered."""
    _, member = campaign_for_member(request.user, slug)
    try:
        judged, cursor = judged_by(member, before=request.GET.get("before", ""), count=EARLIER_AT_ONCE)
    except Invalid as error:
        return JsonResponse({"code": error.code, "detail": error.detail}, status=400)
    return JsonResponse({"pairs": [_data_of_judged(one) for one in judged], "before": cursor})


def _data_of_judged(judged: Judged) -> dict[str, object]:
    votes = judged.assignment.live_votes  # type: ignore[attr-defined]  # prefetched
    choices = {vote.question.slug: vote.choice for vote in votes}
    return data_of_card(make_card(judged.assignment)) | {"choices": choices}
