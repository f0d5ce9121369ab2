"""Flagged pairs."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotator.campaigns.access import campaign_for_manager
from annotator.errors import NotFound
from annotator.judging import pair_holds
from annotator.scoring import progress
from annotator.views.manage.common import OpenEndedPaginator
from annotator.views.manage.forms import PairDecisionForm
from annotator.views.requests import UserRequest

FLAGGED_PER_PAGE = 25  # each with two images


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def flags(request: UserRequest, slug: str) -> HttpResponse:
    """The pairs that annotators flagged, a page at a time; a POST decides about one of them."""
    campaign = campaign_for_manager(request.user, slug)
    flagged = progress.open_flags(campaign)
    if request.method == "POST":
        form = PairDecisionForm(request.POST)
        flag = flagged.filter(assignment__pair=form.cleaned_data["pair"]).first() if form.is_valid() else None
        if flag is None:
            raise NotFound(gettext("This pair is not flagged in this campaign. Someone may have resolved its flags already."))
        if form.cleaned_data["decision"] == "hold":
            pair_holds.hold_pairs(pair_ids=[flag.assignment.pair_id], by=request.user)
            messages.success(
                request, gettext("Pair %(pair_id)s is held until you return it.") % {"pair_id": flag.assignment.pair_id}
            )
        else:
            pair_holds.return_pairs(pair_ids=[flag.assignment.pair_id], by=request.user)
            messages.success(
                request,
                gettext("Pair %(pair_id)s is in circulation. Its flags are resolved.") % {"pair_id": flag.assignment.pair_id},
            )
        return redirect("flags", slug)
    page = OpenEndedPaginator(flagged, FLAGGED_PER_PAGE).get_page(request.GET.get("page"))
    context = {"campaign": campaign, "page": page, "pairs": progress.flagged_pairs(page.object_list)}
    return render(request, "manage/pairs/flags.html", context)
