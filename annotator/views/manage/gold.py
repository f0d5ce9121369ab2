"""The managers' pages of a campaign's pairs, and of those whose answer is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.campaigns.access import campaign_for_manager
from annotator.choices import Choice, GoldUse
from annotator.errors import DomainError, NotFound
from annotator.models import Campaign, Pair
from annotator.quality import gold
from annotator.views.form_input import add_domain_error, whole_number
from annotator.views.manage.common import OpenEndedPaginator, posted, status_of
from annotator.views.manage.forms import GoldForm
from annotator.views.requests import UserRequest

PER_PAGE = 24
SEARCH_LIMIT = 200  # characters
SEARCHED = 5_000  # pairs that a search looks at for a page

SHOWN: dict[str, tuple[str, Callable[[QuerySet[Pair]], QuerySet[Pair]]]] = {
    "all": ("All pairs", lambda pairs: pairs),
    "gold": ("Gold", lambda pairs: pairs.filter(gold_choice__isnull=False, gold_use=GoldUse.CHECK)),
    "training": ("Training", lambda pairs: pairs.filter(gold_choice__isnull=False, gold_use=GoldUse.TRAINING)),
    "review": ("In review", lambda pairs: pairs.filter(gold_in_review_since__isnull=False)),
}


@never_cache
@require_safe
def pairs(request: UserRequest, slug: str) -> HttpResponse:
    """The pairs, a page at a time: all of them, or those of one kind, or those whose prompt has some words."""
    campaign = campaign_for_manager(request.user, slug)
    shown = request.GET.get("show", "all")
    if shown not in SHOWN:
        raise NotFound(gettext("This list of pairs does not exist."))
    words = request.GET.get("words", "").replace("\x00", "")[:SEARCH_LIMIT]
    # Counting a million pairs for the number of pages takes long; whether there is a next page does not.
    after = whole_number(request.GET.get("after")) or 0
    kept = SHOWN[shown][1]
    if shown == "all":
        found: QuerySet[Pair] = Pair.objects.by_number(campaign.pk, after=after)
    else:  # of which there are few: they have indexes of their own
        found = kept(Pair.objects.filter(campaign=campaign, pk__gt=after)).order_by("pk")
    rows, searched_to = search(found, words) if words else (of_numbers(found.values_list("pk", flat=True)[: PER_PAGE + 1]), None)
    if words and not after:
        rows = [*with_images(kept(Pair.objects.filter(campaign=campaign, external_id=words))), *rows]
    context = {
        "campaign": campaign,
        "pairs": rows[:PER_PAGE],
        "cursor": rows[PER_PAGE - 1].pk if len(rows) > PER_PAGE else searched_to,
        "searched_to": None if len(rows) > PER_PAGE else searched_to,
        "is_first": not after,
        "shown": shown,
        "kinds": [(name, title) for name, (title, _) in SHOWN.items()],
        "words": words,
    }
    return render(request, "manage/pairs/pairs.html", context)


def of_numbers(numbers: Iterable[int]) -> list[Pair]:
    """The pairs, in order. Their numbers were looked up by an index alone, and each table is asked for its own: a join to all
    that a page shows of them could be planned over all pairs."""
    some = list(numbers)
    # The number of a pair is in both of its tables, and the planner is told of both.
    return list(Pair.objects.filter(pk__in=some, id__in=some).prefetch_related("prompt", "image_a", "image_b").order_by("pk"))


def with_images(found: QuerySet[Pair]) -> QuerySet[Pair]:
    return found.select_related("prompt", "image_a", "image_b")


def search(found: QuerySet[Pair], words: str) -> tuple[list[Pair], int | None]:
    """Those of the next SEARCHED pairs whose prompt has the words, one more than fits on a page, and the number of the last pair
    that was looked at; None where that was the campaign's last. However many pairs there are, a page takes no longer."""
    last = found.values_list("pk", flat=True)[SEARCHED - 1 : SEARCHED].first()
    if last is not None:
        found = found.filter(pk__lte=last)
    # One with these words as its external ID is shown before all others.
    hits = with_images(found.filter(prompt__text__icontains=words).exclude(external_id=words))
    return list(hits[: PER_PAGE + 1]), last


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pair_page(request: UserRequest, slug: str, pair_id: int) -> HttpResponse:
    """One pair with its known answer, and what was decided about that."""
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
    context = {"campaign": campaign, "pair": pair, "form": form, "decisions": pair.gold_decisions.select_related("decided_by")}
    return render(request, "manage/pairs/pair.html", context, status=status_of(form))


@require_POST
def review_pair(request: UserRequest, slug: str, pair_id: int) -> HttpResponse:
    """Let a gold pair count for nobody until a manager has decided about it."""
    campaign = campaign_for_manager(request.user, slug)
    pair = pair_of(campaign, pair_id)
    if gold.put_up_for_review(pair_ids=[pair.pk], by=request.user):
        messages.success(request, gettext("Pair %(pair)s is in review. It does not count until you decide.") % {"pair": pair.pk})
    return redirect("pair_page", slug, pair.pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def proposed_gold(request: UserRequest, slug: str) -> HttpResponse:
    """Pairs on which people agree all but entirely: a manager makes one gold, or goes past it."""
    campaign = campaign_for_manager(request.user, slug)
    proposed = gold.proposed_gold(campaign)
    if request.method == "POST":
        found = proposed.filter(pair=whole_number(request.POST.get("pair")) or 0).first()
        if found is None:
            raise NotFound(gettext("This pair is no longer suggested as gold."))
        gold.set_gold(pair=found.pair, choice=found.label, note="", by=request.user)
        messages.success(
            request,
            gettext("Pair %(pair_id)s is gold: %(label)s.") % {"pair_id": found.pair_id, "label": Choice(found.label).label},
        )
        return redirect("proposed_gold", slug)
    page = OpenEndedPaginator(proposed, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "manage/quality/proposed_gold.html", {"campaign": campaign, "page": page})


def pair_of(campaign: Campaign, pair_id: int) -> Pair:
    """Raises NotFound."""
    pair: Pair | None = Pair.objects.filter(campaign=campaign, pk=pair_id).select_related("prompt", "image_a", "image_b").first()
    if pair is None:
        raise NotFound(gettext("This pair does not exist."))
    return pair
