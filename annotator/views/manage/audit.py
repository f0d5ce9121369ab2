"""The audit log: of a campaign for its managers, and of the whole site for superusers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import make_aware
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotator.campaigns.access import campaign_for_manager, require_superuser
from annotator.models import AuditEntry
from annotator.models.audit import AuditAction
from annotator.views.form_input import whole_number
from annotator.views.requests import UserRequest

PER_PAGE = 50
AREAS = {
    "campaign": gettext_lazy("Campaign and settings"),
    "questions": gettext_lazy("Questions"),
    "guideline": gettext_lazy("Guideline and consent"),
    "people": gettext_lazy("People"),
    "rules": gettext_lazy("Review rules"),
    "gold": gettext_lazy("Gold"),
    "pairs": gettext_lazy("Pairs"),
    "imports": gettext_lazy("Imports"),
    "releases": gettext_lazy("Releases"),
    "webhooks": gettext_lazy("Webhooks"),
    "tokens": gettext_lazy("Tokens"),
    "users": gettext_lazy("Accounts"),
}


class AuditFilterForm(forms.Form):
    """Which entries to show; nothing filled in shows all."""

    area = forms.ChoiceField(label=gettext_lazy("Area"), required=False, choices=[("", gettext_lazy("All")), *AREAS.items()])
    who = forms.CharField(label=gettext_lazy("By"), required=False, max_length=150)
    words = forms.CharField(label=gettext_lazy("What"), required=False, max_length=100)
    since = forms.DateField(label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=gettext_lazy("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))


def matching(entries: QuerySet[AuditEntry], wanted: dict[str, Any]) -> QuerySet[AuditEntry]:
    """The entries that a filled in form asks for. Automatic changes are those by "diptych"."""
    if area := wanted.get("area"):
        entries = entries.filter(action__in=[action for action in AuditAction if action.startswith(f"{area}.")])
    if who := wanted.get("who"):
        entries = entries.filter(actor__isnull=True) if who.casefold() == "diptych" else entries.filter(actor_name__icontains=who)
    if words := wanted.get("words"):
        entries = entries.filter(Q(target__icontains=words) | Q(campaign_name__icontains=words) | Q(action__icontains=words))
    if since := wanted.get("since"):
        entries = entries.filter(at__gte=make_aware(datetime.combine(since, datetime.min.time())))
    if until := wanted.get("until"):
        entries = entries.filter(at__lt=make_aware(datetime.combine(until + timedelta(days=1), datetime.min.time())))
    return entries


@never_cache
@require_safe
def audit_log(request: UserRequest, slug: str) -> HttpResponse:
    """Every change of the campaign, the newest first."""
    campaign = campaign_for_manager(request.user, slug)
    return _page(request, AuditEntry.objects.filter(campaign=campaign), {"campaign": campaign})


@never_cache
@require_safe
def site_audit(request: UserRequest) -> HttpResponse:
    """Every change of the site."""
    require_superuser(request.user)
    return _page(request, AuditEntry.objects.all(), {"is_site": True})


def _page(request: UserRequest, entries: QuerySet[AuditEntry], context: dict[str, Any]) -> HttpResponse:
    form = AuditFilterForm(request.GET)
    found = matching(entries, form.cleaned_data) if form.is_valid() else entries.none()
    if before := whole_number(request.GET.get("before")):
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-pk")[: PER_PAGE + 1])
    query = request.GET.copy()
    query.pop("before", None)
    context |= {
        "form": form,
        "entries": rows[:PER_PAGE],
        "older": rows[PER_PAGE - 1].pk if len(rows) > PER_PAGE else None,
        "query": query.urlencode(),
        "is_filtered": any(query.values()),
    }
    return render(request, "manage/settings/audit.html", context, status=200 if form.is_valid() else 400)
