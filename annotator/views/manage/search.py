"""The command palette: pages, campaigns, people and pairs by a few letters. A page of its own without a script."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotator.choices import Role
from annotator.errors import NotAllowed
from annotator.models import Campaign, Member, Pair
from annotator.templatetags.console import SITE_PAGES, Console
from annotator.views.form_input import whole_number
from annotator.views.requests import UserRequest

WORDS_LIMIT = 100  # characters
SHOWN = 8  # of each kind


@dataclass(frozen=True)
class Hit:
    """Something to go to. `within` says where it is."""

    kind: str
    label: str | Promise
    url: str
    within: str | Promise = ""


@never_cache
@require_safe
def search(request: UserRequest) -> HttpResponse:
    """What the user may open and whose name has the words; in the campaign `in` first."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:WORDS_LIMIT]
    console = Console(request.user, "console_search", _here(request))
    if not console.has_campaigns:
        raise NotAllowed(gettext("Only managers and reviewers of a campaign can search here."), code="not_a_reviewer")
    hits = [*_pages(console, words), *_campaigns(console, words)]
    if words:
        hits += [*_people(console, words), *_pairs(console, words)]
    context = {"campaign": console.campaign, "words": words, "hits": hits, "here": request.GET.get("in", "")}
    return render(request, "manage/frame/_hits.html" if request.htmx else "manage/frame/search.html", context)


def _here(request: UserRequest) -> Campaign | None:
    """The campaign that the search came from, if the user has a console there."""
    wanted = request.GET.get("in", "").replace("\x00", "")
    return Console(request.user, "").campaign_by_slug(wanted) if wanted else None


def _pages(console: Console, words: str) -> list[Hit]:
    pages = [
        Hit("page", page.label, page.url, room.label if room.label != page.label else "") for room, page in console.all_pages()
    ]
    pages.append(Hit("key", gettext_lazy("API tokens"), reverse("tokens")))
    if console.user.is_superuser:
        pages += [Hit("site", page.label, reverse(page.route), gettext_lazy("Site administration")) for page in SITE_PAGES]
    return [hit for hit in pages if words.casefold() in f"{hit.within} {hit.label}".casefold()]


def _campaigns(console: Console, words: str) -> list[Hit]:
    found = console.found_campaigns(words)[:SHOWN]
    return [Hit("campaign", row.name, console.first_url(row), gettext_lazy("Campaign")) for row in found]


def _people(console: Console, words: str) -> list[Hit]:
    """By name or pseudonym, of the campaigns in which the user may look at people; those of this one first."""
    members = Member.objects.filter(Q(user__username__icontains=words) | Q(public_id=words)).select_related("user", "campaign")
    if not console.user.is_superuser:
        own = Member.objects.active().filter(user=console.user, role__in=[Role.REVIEWER, Role.MANAGER])
        members = members.filter(campaign__in=own.values("campaign"))
    found: list[Member] = []
    if console.campaign:
        found = list(members.filter(campaign=console.campaign).order_by("-answered_count", "pk")[:SHOWN])
    if len(found) < SHOWN:
        others = members.exclude(campaign=console.campaign) if console.campaign else members
        found += others.order_by("-pk")[: SHOWN - len(found)]
    return [
        Hit("people", row.user.get_username(), console.url_of("member_page", row.campaign, row.pk), row.campaign.name)
        for row in found
    ]


def _pairs(console: Console, words: str) -> list[Hit]:
    """By number or external ID, in this campaign, where the user may look at pairs."""
    if console.campaign is None or not console.may_open("pair_page"):
        return []
    number = whole_number(words.removeprefix("#"))
    found = list(Pair.objects.filter(campaign=console.campaign, external_id=words).select_related("prompt")[:1])
    if number:
        found += Pair.objects.filter(campaign=console.campaign, pk=number).select_related("prompt")
    return [
        Hit(
            "pairs",
            gettext("Pair %(number)s") % {"number": pair.pk},
            console.url_of("pair_page", console.campaign, pair.pk),
            pair.prompt.text[:80],
        )
        for pair in {pair.pk: pair for pair in found}.values()
    ]
