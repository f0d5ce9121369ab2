"""Releases of a campaign."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator import releasing, tasks
from annotator.campaigns.access import campaign_for_manager
from annotator.choices import UNFINISHED_RELEASES, USUAL_CONFIGS, MemberState, ReleaseState
from annotator.errors import DomainError, NotFound
from annotator.models import CampaignProgress, Release
from annotator.releasing import hub_upload, withdrawal
from annotator.views.form_input import add_domain_error
from annotator.views.manage.common import PER_PAGE, SHOWN_AT_FIRST, posted, status_of
from annotator.views.manage.release_forms import ReleaseForm, YankForm
from annotator.views.requests import UserRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def releases(request: UserRequest, slug: str) -> HttpResponse:
    """All releases; a POST has a new one built from the votes as they are."""
    campaign = campaign_for_manager(request.user, slug)
    form = ReleaseForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            release = releasing.create_release(campaign=campaign, by=request.user, **form.options)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            tasks.enqueue(tasks.build_release, release.pk)
            messages.success(request, gettext("Release %(number)s is being built.") % {"number": release.number})
            return redirect("release_page", slug, release.number)
    page = Paginator(campaign.releases.order_by("-number"), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "campaign": campaign,
        "form": form,
        "page": page,
        "releases": page.object_list,
        "progress": CampaignProgress.objects.filter(campaign=campaign).first(),
        "people_withdrawn": campaign.members.filter(state=MemberState.WITHDRAWN).count(),
        "withdrawn": list(withdrawal.holding_withdrawn(campaign)),
    }
    return render(request, "manage/releases/releases.html", context, status=status_of(form))


@never_cache
@require_safe
def release_page(request: UserRequest, slug: str, number: int) -> HttpResponse:
    """One release: its files to download, and how to load it."""
    campaign = campaign_for_manager(request.user, slug)
    release: Release | None = (
        campaign.releases.filter(number=number).select_related("created_by", "cancelled_by", "replaced_by").first()
    )
    if release is None:
        raise NotFound(gettext("This release does not exist."))
    files = list(release.files.order_by("path"))
    context = {
        "campaign": campaign,
        "release": release,
        "files": files,
        "yank_form": YankForm(number=number),
        "is_unfinished": release.state in UNFINISHED_RELEASES,
        **rows_of(release),
        "hub_site": settings.HUB_URL,
        "default_config": (release.configs or USUAL_CONFIGS)[0],
        "shards": release.shards.aggregate(all=Count("pk"), finished=Count("finished_at")),
        "size": sum(file.size for file in files),
        "hub_url": request.build_absolute_uri("/hub"),
        "repository": f"{settings.HUB_NAMESPACE}/{campaign.slug}",
        "account": hub_upload.account_of(campaign),
        "publications": list(release.publications.all()[:SHOWN_AT_FIRST]),
    }
    return render(request, "manage/releases/release.html", context)


def rows_of(release: Release) -> dict[str, Any]:
    """The rows of each config, and how many more they are than in the ready release before it."""
    if release.state != ReleaseState.READY:
        return {}
    before = Release.objects.filter(campaign=release.campaign_id, state=ReleaseState.READY, number__lt=release.number)
    previous = before.order_by("-number").first()
    then = counted(previous) if previous else {}
    configs = [
        {"name": name, "rows": f"{rows:,}", "change": f"{rows - then[name]:+,}" if name in then else gettext("new")}
        for name, rows in counted(release).items()
    ]
    return {"configs": configs, "previous": previous}


def counted(release: Release) -> dict[str, int]:
    """The rows of each config."""
    found: dict[str, int] = {}
    for path, rows in release.shards.order_by("path").values_list("path", "rows"):
        config = path.partition("/")[0]
        found[config] = found.get(config, 0) + (rows or 0)
    return found


@require_POST
def cancel_release(request: UserRequest, slug: str, number: int) -> HttpResponse:
    """Stop building a release."""
    campaign = campaign_for_manager(request.user, slug)
    release: Release | None = campaign.releases.filter(number=number).first()
    if release is None:
        raise NotFound(gettext("This release does not exist."))
    try:
        releasing.cancel_release(release=release, by=request.user)
    except DomainError as error:
        messages.error(request, error.detail)
    else:
        tasks.enqueue(tasks.clear_release, release.pk)
        messages.success(request, gettext("Release %(number)s is cancelled. Its files are deleted.") % {"number": release.number})
    return redirect("release_page", slug, number)
