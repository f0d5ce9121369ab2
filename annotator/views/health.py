"""For load balancers, monitoring and container health checks. Public, so the responses contain no secrets."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterator
from dataclasses import asdict

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from annotator.lib import metrics
from annotator.lib.readiness import health

# With any of these headers the request came through a proxy, so it may come from anywhere.
PROXY_HEADERS = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


@never_cache
@require_safe
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """This process is alive. It does not check the database: an outage there must not restart every web process."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether all services work and keep up: 200 or 503, with an entry for each check."""
    seen = health.check()
    checks = {name: asdict(check) for name, check in seen.checks.items()}
    return JsonResponse({"ready": seen.is_ready, "checks": checks}, status=200 if seen.is_ready else 503)


@never_cache
@require_safe
@login_not_required
def prometheus(request: HttpRequest) -> HttpResponse:
    """The metrics in Prometheus's text format."""
    if not may_see_metrics(request):
        words = "Metrics need the METRICS_TOKEN. If none is set, only this machine can read them.\n"
        return HttpResponse(words, status=403, content_type="text/plain")
    shown = CollectorRegistry()
    shown.register(AllMetrics())
    return HttpResponse(generate_latest(shown), content_type=CONTENT_TYPE_LATEST)


def may_see_metrics(request: HttpRequest) -> bool:
    """With METRICS_TOKEN: requests that carry it. Without: requests from this machine that came through no proxy."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return secrets.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    if any(name in request.headers for name in PROXY_HEADERS):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class AllMetrics:
    """The counters, and the gauges that are computed on each request."""

    def collect(self) -> Iterator[Metric]:
        yield from metrics.registry().collect()
        seen = health.check()
        ready = GaugeMetricFamily("diptych_ready", "1 for each check of /readyz that is well, else 0.", labels=["check"])
        for name, check in seen.checks.items():
            ready.add_metric([name], float(check.ok))
        yield ready
        depths = GaugeMetricFamily("diptych_queue_depth", "Tasks waiting in the queue.", labels=["queue"])
        for queue, count in seen.waiting.items():
            depths.add_metric([queue], count)
        yield depths
        for name, words, value in (
            ("diptych_queue_lag_seconds", "How long a task waits in the queue.", seen.checks["queue"].figure),
            ("diptych_worker_heartbeat_age_seconds", "How old the newest heartbeat is.", seen.checks["worker"].figure),
            ("diptych_disk_free_bytes", "Room left on the fullest disk.", seen.checks["disk"].figure),
        ):
            if value is not None:
                yield GaugeMetricFamily(name, words, value=value)
