"""The pairs that the annotation page holds to go on without a network, as data."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotator.campaigns.access import campaign_for_member, require_own_page
from annotator.lib.public_ids import MEMBERS
from annotator.scoring.progress import progress_of
from annotator.views.annotate.answers import data_of_state
from annotator.views.annotate.page_state import depth_for, next_state
from annotator.views.annotate.views import client_state
from annotator.views.form_input import whole_number
from annotator.views.requests import UserRequest


@never_cache
@require_safe
def deck(request: UserRequest, slug: str) -> HttpResponse:
    """The cards that the page does not hold yet. What it holds is renewed: their leases begin anew."""
    named = whole_number(request.GET.get("member"))
    require_own_page(request.user, None if named is None else MEMBERS.find(named))
    campaign, member = campaign_for_member(request.user, slug)
    depth = depth_for(progress_of(campaign))
    state = next_state(member, client=replace(client_state(request), ahead=depth - 1))
    return JsonResponse(data_of_state(state, []) | {"depth": depth})
