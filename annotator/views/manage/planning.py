"""How many votes a campaign needs: before it opens, and while it runs."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotator.campaigns.access import campaign_for_manager
from annotator.scoring.planning import Plan, SoFar, known_of, plan
from annotator.views.manage.common import status_of
from annotator.views.manage.planning_forms import PlanForm, initial_of
from annotator.views.requests import UserRequest

# What the votes may leave open, as `consensus.planning` names it.
ASSUMED_WORDS = {
    "pair_share": "how much pairs differ",
    "image_share": "how much one image does to all its pairs",
    "taste_share": "how much people differ in taste",
    "agreement": "how often two people agree",
}


@never_cache
@require_safe
def plan_page(request: UserRequest, slug: str) -> HttpResponse:
    """Without a query, the plan that the campaign's rules and votes make."""
    campaign = campaign_for_manager(request.user, slug)
    known = known_of(campaign)
    initial = initial_of(known.assumptions)
    form = PlanForm(request.GET or None, initial=initial, so_far=known.so_far)
    is_asked = form.is_bound
    if not is_asked and known.assumptions.generators is not None:
        form = PlanForm({**initial, **_pair_of(form)}, initial=initial, so_far=known.so_far)
    context = {
        "campaign": campaign,
        "form": form,
        "plan": _planned(form, known.so_far) if form.is_bound else None,
        "so_far": known.so_far,
        "not_told": [ASSUMED_WORDS[name] for name in known.so_far.assumed] if known.so_far else [],
    }
    return render(request, "manage/overview/plan.html", context, status=status_of(form) if is_asked else 200)


def _pair_of(form: PlanForm) -> dict[str, str]:
    return {name: form.fields[name].initial for name in ("first", "second") if name in form.fields}


def _planned(form: PlanForm, so_far: SoFar | None) -> Plan | None:
    """None for a form with errors, which then has them all."""
    if not form.is_valid():
        return None
    try:
        return plan(form.assumptions(), so_far=so_far, between=form.between())
    except ValueError as error:
        form.add_error(None, f"{str(error)[0].upper()}{str(error)[1:]}.".replace("..", "."))
        return None
