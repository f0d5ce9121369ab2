"""A member's own answers and counts."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotator.campaigns.access import campaign_for_member
from annotator.judging.own_history import counts_of, judged_by
from annotator.views.requests import UserRequest

PER_PAGE = 24


@never_cache
@require_safe
def history(request: UserRequest, slug: str) -> HttpResponse:
    """The user's own answers in this campaign, newest first."""
    campaign, member = campaign_for_member(request.user, slug)
    before = request.GET.get("before", "")
    judged, cursor = judged_by(member, before=before, count=PER_PAGE)
    context = {"campaign": campaign, "counts": counts_of(member), "judged": judged, "cursor": cursor, "is_first": not before}
    return render(request, "annotate/history.html", context)
