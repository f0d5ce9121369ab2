"""For load balancers and container health checks."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@require_safe
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Says nothing of the database, so that a database at rest does not have every process restarted."""
    return HttpResponse("ok", content_type="text/plain")
