"""Gold pairs: those that are sent to review, and those that are suggested."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotator.campaigns.access import campaign_for_manager
from annotator.choices import Choice
from annotator.errors import NotFound
from annotator.quality import gold
from annotator.views.form_input import whole_number
from annotator.views.manage.common import OpenEndedPaginator
from annotator.views.manage.pairs import pair_of
from annotator.views.requests import UserRequest

PER_PAGE = 24


@require_POST
def review_pair(request: UserRequest, slug: str, pair_id: int) -> HttpResponse:
    """Let a gold pair count for nobody until a manager has decided about it."""
    campaign = campaign_for_manager(request.user, slug)
    pair = pair_of(campaign, pair_id)
    if gold.put_up_for_review(pair_ids=[pair.pk], by=request.user):
        messages.success(request, gettext("Pair %(pair)s is in review. It does not count until you decide.") % {"pair": pair.pk})
    return redirect("pair_page", slug, pair.pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def proposed_gold(request: UserRequest, slug: str) -> HttpResponse:
    """Pairs on which people agree all but entirely: a manager makes one gold, or goes past it."""
    campaign = campaign_for_manager(request.user, slug)
    proposed = gold.proposed_gold(campaign)
    if request.method == "POST":
        found = proposed.filter(pair=whole_number(request.POST.get("pair")) or 0).first()
        if found is None:
            raise NotFound(gettext("This pair is no longer suggested as gold."))
        gold.set_gold(pair=found.pair, choice=found.label, note="", by=request.user)
        messages.success(
            request,
            gettext("Pair %(pair_id)s is gold: %(label)s.") % {"pair_id": found.pair_id, "label": Choice(found.label).label},
        )
        return redirect("proposed_gold", slug)
    page = OpenEndedPaginator(proposed, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "manage/quality/proposed_gold.html", {"campaign": campaign, "page": page})
