"""The pairs of a campaign: the list with its filters and saved views, and the page of one pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.campaigns.access import campaign_for_manager
from annotator.choices import AdjudicationOutcome
from annotator.errors import DomainError, Invalid, NotFound
from annotator.models import Campaign, Consensus, Pair, SavedView
from annotator.quality import gold
from annotator.scoring import pair_record, saved_views
from annotator.scoring.pair_list import PairFilter, PairRows, listing, marks, shown_method
from annotator.scoring.progress import progress_of
from annotator.views.form_input import add_domain_error
from annotator.views.manage.common import posted, status_of
from annotator.views.manage.forms import GoldForm
from annotator.views.manage.pair_forms import PairFilterForm, SaveViewForm
from annotator.views.requests import UserRequest

PER_PAGE = 48
LAYOUTS = ("grid", "table")


@dataclass
class ListedPair:
    """A row of the list."""

    pair: Pair
    place: str
    label: Consensus | None
    flags: int
    is_retired: bool


@never_cache
@require_safe
def pairs(request: UserRequest, slug: str) -> HttpResponse:
    """The pairs that pass the filters of the address, a page at a time, as a grid or a table."""
    campaign = campaign_for_manager(request.user, slug)
    form = PairFilterForm(request.GET, campaign=campaign)
    page, error = PairRows(), ""
    if form.is_valid():
        places = {"after": request.GET.get("after", ""), "before": request.GET.get("before", "")}
        try:
            page = listing(campaign, form.filter()).page(**places, size=PER_PAGE)
        except Invalid as refused:
            error = refused.detail
    layout = request.GET.get("as") if request.GET.get("as") in LAYOUTS else LAYOUTS[0]
    query = form.query() | ({"as": layout} if layout != LAYOUTS[0] else {})
    context = {
        "campaign": campaign,
        "form": form,
        "error": error,
        "pairs": listed(campaign, page),
        "layout": layout,
        "query": urlencode(query),
        "filters": urlencode(form.query()),
        "views": campaign.saved_views.all(),
        "save_form": SaveViewForm(initial={"query": urlencode(query)}),
        "progress": progress_of(campaign),
        **turns(request, page),
    }
    return render(request, "manage/pairs/pairs.html", context, status=400 if form.errors or error else 200)


def turns(request: UserRequest, page: PairRows) -> dict[str, Any]:
    """Where the pages before and after begin. `searched_to`: the page ended before it was full, and there may be more."""
    went_back = bool(request.GET.get("before"))
    first = page.rows[0].place if page.rows else ""
    last = page.rows[-1].place if page.rows else ""
    if went_back:
        return {"next": last, "previous": page.end and (first or page.end), "searched_to": not page.is_full and page.end}
    return {
        "next": page.end,
        "previous": first if request.GET.get("after") else "",
        "searched_to": "" if page.is_full else page.end,
    }


def listed(campaign: Campaign, page: PairRows) -> list[ListedPair]:
    """The pairs of a page with what the list shows of them: each table is asked for its own rows, by their numbers."""
    places = {row.pair_id: row.place for row in page.rows}
    numbers = list(places)
    found = Pair.objects.filter(pk__in=numbers, id__in=numbers).prefetch_related(
        "prompt", "image_a__generator", "image_b__generator"
    )
    pairs_by_number = {pair.pk: pair for pair in found}
    labels = Consensus.objects.filter(pair__in=numbers, method=shown_method(campaign), question__position=0)
    label_of = {label.pair_id: label for label in labels}
    of_pair = marks(campaign, numbers)
    return [
        ListedPair(pairs_by_number[number], places[number], label_of.get(number), *of_pair[number])
        for number in numbers
        if number in pairs_by_number
    ]


@require_POST
def save_view(request: UserRequest, slug: str) -> HttpResponse:
    """Give the filters of the list a name, or new filters to a name."""
    campaign = campaign_for_manager(request.user, slug)
    form = SaveViewForm(request.POST)
    address = reverse("pairs", args=[slug])
    if not form.is_valid():
        messages.error(request, gettext("The view needs a name of at most 60 characters."))
        return redirect(address)
    query = urlencode([(name, value) for name, value in parse_qsl(form.cleaned_data["query"]) if name not in ("after", "before")])
    view = saved_views.save_view(campaign=campaign, name=form.cleaned_data["name"], query=query, by=request.user)
    messages.success(request, gettext("View “%(name)s” saved.") % {"name": view.name})
    return redirect(f"{address}?{view.query}")


@require_POST
def remove_view(request: UserRequest, slug: str, view_id: int) -> HttpResponse:
    campaign = campaign_for_manager(request.user, slug)
    view = SavedView.objects.filter(campaign=campaign, pk=view_id).first()
    if view is None:
        raise NotFound(gettext("This view does not exist."))
    saved_views.remove_view(view=view, by=request.user)
    messages.success(request, gettext("View “%(name)s” removed.") % {"name": view.name})
    return redirect("pairs", slug)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pair_page(request: UserRequest, slug: str, pair_id: int) -> HttpResponse:
    """One pair with all that is known of it; a POST sets its known answer."""
    campaign = campaign_for_manager(request.user, slug)
    pair = pair_of(campaign, pair_id)
    choices = gold.primary_choices(pair)
    initial = {"gold_choice": pair.gold_choice or "", "gold_note": pair.gold_note, "gold_use": pair.gold_use}
    form = GoldForm(posted(request), initial=initial, choices=choices)
    if request.method == "POST" and form.is_valid():
        try:
            gold.set_gold(
                pair=pair,
                choice=form.cleaned_data["gold_choice"] or None,
                note=form.cleaned_data["gold_note"],
                use=form.cleaned_data["gold_use"],
                by=request.user,
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, gettext("Known answer of pair %(pair)s saved.") % {"pair": pair.pk})
            return redirect("pair_page", slug, pair.pk)
    votes, flags = pair_record.votes_on(pair), pair_record.flags_on(pair)
    question = campaign.questions.get(position=0)
    context = {
        "campaign": campaign,
        "pair": pair,
        "form": form,
        "votes": votes,
        "votes_shown": pair_record.VOTES_SHOWN,
        "questions_total": campaign.questions.count(),
        "steps": pair_record.label_steps(votes, question),
        "labels": pair_record.labels_of(pair),
        "flags": flags,
        "flags_open": sum(flag.resolved_at is None for flag in flags),
        "is_retired": pair.adjudications.filter(outcome=AdjudicationOutcome.RETIRE, undone_at__isnull=True).exists(),
        "clear": "clear" in request.GET,
        "adjudications": pair.adjudications.select_related("question", "by", "undone_by", "cause"),
        "decisions": pair.gold_decisions.select_related("decided_by"),
        **neighbours(request, campaign, pair),
    }
    return render(request, "manage/pairs/pair.html", context, status=status_of(form))


def neighbours(request: UserRequest, campaign: Campaign, pair: Pair) -> dict[str, Any]:
    """The pairs before and after in the list that the address comes from, or by number."""
    form = PairFilterForm(request.GET, campaign=campaign)
    at = request.GET.get("at", "")
    query = urlencode(form.query()) if form.is_valid() and at else ""
    found = listing(campaign, form.filter()) if query else None
    if found is None:
        found = listing(campaign, PairFilter())
        at = f"{campaign.pk}_{pair.pk}"
    try:
        following, preceding = found.page(after=at, size=1).rows, found.page(before=at, size=1).rows
    except Invalid:
        following, preceding = [], []
    back = reverse("pairs", args=[campaign.slug]) + (f"?{query}" if query else "")

    def address(rows: list[Any]) -> str:
        if not rows:
            return ""
        more = f"?{query}&{urlencode({'at': rows[0].place})}" if query else ""
        return reverse("pair_page", args=[campaign.slug, rows[0].pair_id]) + more

    return {"next": address(following), "previous": address(preceding), "back": back, "query": query}


def pair_of(campaign: Campaign, pair_id: int) -> Pair:
    """Raises NotFound."""
    pair: Pair | None = (
        Pair.objects.filter(campaign=campaign, pk=pair_id)
        .select_related("prompt", "image_a__generator", "image_b__generator", "imported_in")
        .first()
    )
    if pair is None:
        raise NotFound(gettext("This pair does not exist."))
    return pair
