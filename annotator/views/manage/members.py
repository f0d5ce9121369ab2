"""The members of a campaign."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotator.campaigns import members as campaign_members
from annotator.campaigns.access import campaign_for_manager
from annotator.choices import MemberState
from annotator.errors import DomainError, NotAllowed, NotFound
from annotator.lib.lazy_import import lazy_import
from annotator.models import Campaign, Member
from annotator.quality import moderation
from annotator.quality.member_list import MemberFilter, members_of, recent_days, stats_or_none, votes_void_of
from annotator.views.form_input import add_domain_error
from annotator.views.manage.common import PER_PAGE, posted
from annotator.views.manage.forms import MemberFilterForm, MemberForm
from annotator.views.manage.shares import SHARES, Share, number, shares_of
from annotator.views.requests import UserRequest

csv_cells = lazy_import("annotator.consensus.csv_cells")  # which loads pyarrow

MEMBERS_AT_FIRST = 5


@dataclass(frozen=True)
class Heading:
    """A column of the table: what a click on it sorts by, and how it is sorted now."""

    label: str
    url: str
    sorted: str  # "ascending", "descending" or ""
    is_number: bool


@dataclass(frozen=True)
class ListedMember:
    """A row of the table. `bars` are the votes of the last days, each with its height of the small chart."""

    member: Member
    shares: list[Share]
    trust: str
    votes_void: int
    votes_by_day: list[int]
    bars: list[tuple[int, float]]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def members(request: UserRequest, slug: str) -> HttpResponse:
    """The members that pass the filters of the address, as a table or as CSV, and the form that adds one or changes a role."""
    campaign = campaign_for_manager(request.user, slug)
    form = MemberForm(posted(request))
    if request.method == "POST" and form.is_valid():
        person, role, kind = form.cleaned_data["person"], form.cleaned_data["role"], form.cleaned_data["kind"]
        try:
            member, is_new = campaign_members.add_member(campaign=campaign, user=person, role=role, kind=kind, by=request.user)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            what = "is added as" if is_new else "now has the role"
            messages.success(request, f"{person} {what} {member.get_role_display().lower()}.")
            return redirect(reverse("campaign_page", args=[slug]) + "#people")
    filters = MemberFilterForm(request.GET)
    wanted = filters.filter() if filters.is_valid() else MemberFilter()
    found = members_of(campaign, wanted)
    if request.GET.get("as") == "csv" and filters.is_valid():
        return as_csv(campaign, found)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    query = {name: request.GET[name] for name in filters.fields if request.GET.get(name)}
    rows = list(page.object_list)
    context = {
        "campaign": campaign,
        "form": form,
        "filters": filters,
        "page": page,
        "members": rows,
        "rows": listed(rows),
        "headings": headings(wanted.order, query),
        "query": urlencode(query) + "&" if query else "",
        "is_filtered": bool(query.keys() - {"order"}),
        "own": request.user.pk,
    }
    status = 400 if form.errors or filters.errors else 200
    return render(request, "manage/people/members.html", context, status=status)


def headings(order: str, query: dict[str, str]) -> list[Heading]:
    """Each sorts downwards at the first click where it is a number, and else upwards."""
    columns = [
        ("name", gettext("Name"), False),
        ("role", gettext("Role"), False),
        ("answered", gettext("Answered"), True),
        ("", gettext("Last 14 days"), False),
        ("gold", gettext("Gold accuracy"), True),
        ("repeats", gettext("Repeat consistency"), True),
        ("left", gettext("Left share"), True),
        ("fast", gettext("Too fast"), True),
        ("agreement", gettext("Differs from most"), True),
        ("trust", gettext("Trust"), True),
        ("last", gettext("Last answer"), False),
    ]
    found = []
    for name, label, is_number in columns:
        now = {name: "ascending", f"-{name}": "descending"}.get(order, "")
        goes = name if now == "descending" or (not now and not is_number) else f"-{name}"
        if name == "agreement" and now:  # the column shows the rest to one
            now = "descending" if now == "ascending" else "ascending"
        found.append(Heading(label, "?" + urlencode(query | {"order": goes}) if name else "", now, is_number))
    return found


def listed(rows: list[Member]) -> list[ListedMember]:
    days = recent_days(rows, timezone.now())
    most = max((max(votes) for votes in days.values()), default=0) or 1
    for member in rows:
        member.stats = stats_or_none(member)
    columns = [shares_of(rows, *column[1:]) for column in SHARES]
    return [
        ListedMember(
            member=member,
            shares=[column[at] for column in columns],
            trust=number(member.stats.trust, "+.1f") if member.stats.evidence_count else "–",
            votes_void=votes_void_of(member),
            votes_by_day=days[member.pk],
            bars=[(4 * place, round(16 * votes / most, 1)) for place, votes in enumerate(days[member.pk])],
        )
        for at, member in enumerate(rows)
    ]


def as_csv(campaign: Campaign, found: QuerySet[Member]) -> HttpResponse:
    """All of them, with counts and not shares, so that nothing is rounded."""
    rows = list(found)
    stats = [stats_or_none(member) for member in rows]
    counts = [name for _, _, part, whole in SHARES for name in (part, whole)]

    def moment(value: datetime | None) -> str:
        return "" if value is None else value.isoformat()

    columns: dict[str, Any] = {
        "name": [str(member.user) for member in rows],
        "pseudonym": [member.public_id for member in rows],
        "role": [member.role for member in rows],
        "state": [member.state for member in rows],
        "kind": [member.kind for member in rows],
        "joined_at": [moment(member.joined_at) for member in rows],
        "last_answer_at": [moment(getattr(member, "last_answer_at", None)) for member in rows],
        "training_passed_at": [moment(member.training_passed_at) for member in rows],
        "training_failed_at": [moment(member.training_failed_at) for member in rows],
        "answered": np.array([member.answered_count for member in rows], dtype=np.int64),
        "votes_void": np.array([votes_void_of(member) for member in rows], dtype=np.int64),
        **{name: np.array([getattr(its, name) for its in stats], dtype=np.int64) for name in counts},
        "trust": np.array([its.trust if its.evidence_count else np.nan for its in stats]),
    }
    response = HttpResponse(csv_cells.csv_of(columns), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{campaign.slug}-members.csv"'
    return response


def require_other(request: UserRequest, member: Member) -> None:
    """Nobody warns, pauses or suspends themselves. Raises NotAllowed."""
    if member.user_id == request.user.pk:
        raise NotAllowed(gettext("This is you. Ask another manager of the campaign."), code="own_membership")


@require_POST
def member_state(request: UserRequest, slug: str, member_id: int) -> HttpResponse:
    campaign = campaign_for_manager(request.user, slug)
    member = member_of(campaign, member_id)
    require_other(request, member)
    try:
        member = campaign_members.change_member_state(member=member, state=request.POST.get("state", ""), by=request.user)
    except DomainError as error:
        messages.error(request, error.detail)
    else:
        words = "is paused and gets no more pairs" if member.state == MemberState.PAUSED else "is active again"
        messages.success(request, f"{member.user} {words}.")
    return redirect("members", slug)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def member_suspension(request: UserRequest, slug: str, member_id: int) -> HttpResponse:
    """What suspending a member does, or letting them back, and the button that does it."""
    campaign = campaign_for_manager(request.user, slug)
    member = member_of(campaign, member_id)
    require_other(request, member)
    if request.method != "POST":
        context = {"campaign": campaign, "member": member, "effect": moderation.effect_of_departure(member)}
        return render(request, "manage/people/suspension.html", context)
    try:
        if "lift" in request.POST:
            restored = moderation.lift_suspension(member=member, by=request.user)
            messages.success(
                request,
                gettext("%(user)s is reinstated. Votes restored: %(restored)s.") % {"user": member.user, "restored": restored},
            )
        else:
            seats = moderation.suspend_member(member=member, by=request.user)
            messages.success(
                request,
                gettext("%(user)s is suspended. Assignments released: %(seats)s.") % {"user": member.user, "seats": seats},
            )
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect("members", slug)


def member_of(campaign: Campaign, member_id: int) -> Member:
    """Raises NotFound."""
    member: Member | None = campaign.members.filter(pk=member_id).select_related("user").first()
    if member is None:
        raise NotFound(gettext("This member does not exist."))
    return member
