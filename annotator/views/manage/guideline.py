"""The guideline of a campaign: written beside its preview, and its versions with what changed and who accepted them."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.campaigns import guidelines
from annotator.campaigns.access import campaign_for_manager
from annotator.campaigns.text_diff import compare
from annotator.errors import NotFound
from annotator.views.manage.common import PER_PAGE, posted, status_of
from annotator.views.manage.forms import GuidelineForm
from annotator.views.requests import UserRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_guideline(request: UserRequest, slug: str) -> HttpResponse:
    """The text of the next version, looked at first (`preview`) or published."""
    campaign = campaign_for_manager(request.user, slug)
    current = campaign.guideline
    text = current.text if current else ""
    initial = {"text": text, **GuidelineForm.initial_of(current)} if current else {}
    form = GuidelineForm(posted(request), initial=initial)
    preview = text
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            preview = form.cleaned_data["text"]
        else:
            made = guidelines.publish_guideline(
                campaign=campaign,
                text=form.cleaned_data["text"],
                change_note=form.cleaned_data["change_note"],
                translations=form.translations(),
                by=request.user,
            )
            messages.success(
                request,
                gettext("Version %(version)s of the guideline is published. Annotators must accept it before their next pair.")
                % {"version": made.version},
            )
            return redirect("campaign_page", slug)
    changes = compare(current.text, preview) if current and preview != text else []
    context = {
        "campaign": campaign,
        "current": current,
        "form": form,
        "preview": preview,
        "changes": changes,
        "versions": campaign.guidelines.filter(published_at__isnull=False).exists(),
    }
    return render(request, "manage/settings/guideline.html", context, status=status_of(form))


@never_cache
@require_POST
def preview_guideline(request: UserRequest, slug: str) -> HttpResponse:
    """What annotators would see of the text that is being written. Nothing is kept."""
    campaign = campaign_for_manager(request.user, slug)
    current = campaign.guideline
    text = request.POST.get("text", "")
    changes = compare(current.text, text) if current and text.strip() and text != current.text else []
    context = {"campaign": campaign, "current": current, "preview": text, "changes": changes}
    return render(request, "manage/settings/_guideline_preview.html", context)


@never_cache
@require_safe
def guideline_versions(request: UserRequest, slug: str) -> HttpResponse:
    """The published versions, the newest first, with how many people accepted each."""
    campaign = campaign_for_manager(request.user, slug)
    page = Paginator(guidelines.published_versions(campaign=campaign), PER_PAGE).get_page(request.GET.get("page"))
    context = {"campaign": campaign, "page": page, "in_force": campaign.guideline_id}
    return render(request, "manage/settings/guideline_versions.html", context)


@never_cache
@require_safe
def guideline_version(request: UserRequest, slug: str, version: int) -> HttpResponse:
    """One version: its text, what changed since the one before, and whose last accepted version it is."""
    campaign = campaign_for_manager(request.user, slug)
    shown = campaign.guidelines.filter(version=version, published_at__isnull=False).select_related("author").first()
    if shown is None:
        raise NotFound(gettext("This version of the guideline does not exist."))
    before = guidelines.version_before(shown)
    people = campaign.members.filter(guideline_accepted=shown).select_related("user").order_by("-guideline_accepted_at", "pk")
    context = {
        "campaign": campaign,
        "shown": shown,
        "before": before,
        "translations": [
            (code, name, shown.translations[code]) for code, name in settings.LANGUAGES if code in shown.translations
        ],
        "changes": compare(before.text, shown.text) if before else [],
        "page": Paginator(people, PER_PAGE).get_page(request.GET.get("page")),
        "is_in_force": campaign.guideline_id == shown.pk,
    }
    return render(request, "manage/settings/guideline_version.html", context)
