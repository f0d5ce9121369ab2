"""What the speed of the application is measured against."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse

from annotator.models import Campaign


@login_not_required
def one_query(request: HttpRequest) -> HttpResponse:
    """The least that a Django view does with a database: one row by its key."""
    return HttpResponse(Campaign.objects.values_list("slug", flat=True).get(pk=request.GET["pk"]))
