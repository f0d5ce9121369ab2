"""The site's own pages, for superusers: its health, users and campaigns."""

from __future__ import annotations

from django.contrib import messages
from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from annotator.accounts import users as accounts
from annotator.campaigns.access import require_superuser
from annotator.errors import DomainError, NotFound
from annotator.lib.disk_space import disk_usages
from annotator.lib.readiness import health
from annotator.models import Campaign, Import, ReleaseFile, User
from annotator.views.manage.common import PER_PAGE, OpenEndedPaginator
from annotator.views.requests import UserRequest

CHECK_NAMES = ("database", "broker", "worker", "queue", "disk")
SEARCH_LIMIT = 100  # characters


@never_cache
@require_safe
def site_health(request: UserRequest) -> HttpResponse:
    """Whether workers, beat, queues, database and disks keep up; and what the site holds."""
    require_superuser(request.user)
    seen = health.check()
    context = {
        "readiness": seen,
        "checks": [(name, seen.checks[name]) for name in CHECK_NAMES],
        "queues": sorted(seen.waiting.items()),
        "disks": [(folder, used, total, used / total if total else 0) for folder, used, total in disk_usages()],
        "database_bytes": database_bytes(),
        "upload_bytes": Import.objects.aggregate(bytes=Sum("size"))["bytes"] or 0,
        "release_bytes": ReleaseFile.objects.aggregate(bytes=Sum("size"))["bytes"] or 0,
        "users": User.objects.filter(is_active=True).count(),
        "campaigns": Campaign.objects.count(),
    }
    return render(request, "manage/site/health.html", context)


def database_bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


@never_cache
@require_safe
def site_users(request: UserRequest) -> HttpResponse:
    """The accounts, the newest first, or those whose name or address has some letters."""
    require_superuser(request.user)
    words = _words(request)
    found: QuerySet[User] = User.objects.order_by("-pk")
    if words:
        found = found.filter(Q(username__icontains=words) | Q(email__icontains=words))
    page = OpenEndedPaginator(found.annotate(campaigns=Count("memberships")), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "manage/site/users.html", {"page": page, "words": words})


@require_POST
def user_active(request: UserRequest, user_id: int) -> HttpResponse:
    """Deactivate an account, or let it log in again."""
    require_superuser(request.user)
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound(gettext("This user does not exist."))
    is_active = request.POST.get("active") == "yes"
    try:
        accounts.set_active(user=user, is_active=is_active, by=request.user)
    except DomainError as error:
        messages.error(request, error.detail)
    else:
        words = gettext("%(user)s can log in again.") if is_active else gettext("%(user)s is deactivated and logged out.")
        messages.success(request, words % {"user": user.get_username()})
    return redirect("site_users")


@never_cache
@require_safe
def site_campaigns(request: UserRequest) -> HttpResponse:
    """All campaigns, archived ones too, with their counters."""
    require_superuser(request.user)
    words = _words(request)
    found = Campaign.objects.select_related("progress", "created_by").order_by("-pk")
    if words:
        found = found.filter(Q(name__icontains=words) | Q(slug__icontains=words))
    page = OpenEndedPaginator(found, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "manage/site/campaigns.html", {"page": page, "words": words})


def _words(request: UserRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:SEARCH_LIMIT]
