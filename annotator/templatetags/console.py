"""The frame of the console: the rooms of a campaign, what waits in them, and which of them the user may enter."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django import template
from django.db.models import Q, QuerySet
from django.template import Context
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotator.campaigns.access import console_campaigns
from annotator.campaigns.waiting import MOST, Waiting, waiting_in
from annotator.choices import Role
from annotator.models import Campaign, User

register = template.Library()
SWITCHER_LIMIT = 12  # campaigns in the switcher; the list of campaigns has all


@dataclass(frozen=True)
class Page:
    """A page of a room, shown as one of its tabs. `within` are the names of the addresses that belong to it."""

    route: str
    label: str | Promise
    within: tuple[str, ...] = ()
    for_reviewers: bool = False
    anchor: str = ""

    def has(self, route: str) -> bool:
        return route == self.route or route in self.within


@dataclass(frozen=True)
class Room:
    """A link of the sidebar. The first of its pages that the user may open is where it leads."""

    name: str  # its icon has the same
    label: str | Promise
    pages: tuple[Page, ...]
    waiting: tuple[str, ...] = ()  # fields of Waiting


# Everything the console has, in one place: a new page is one line here. tests/templatetags/test_console.py opens them all as each
# role, and fails where the line and the view do not agree about who may open it.
ROOMS = (
    Room(
        "overview",
        _("Overview"),
        (
            Page("campaign_page", _("Overview"), ("campaign_progress", "meanwhile", "open_campaign", "delete_draft")),
            Page("plan", _("Plan")),
            Page("comments", _("Comments")),
        ),
    ),
    Room(
        "pairs",
        _("Pairs"),
        (
            Page("pairs", _("Pairs"), ("pair_page", "review_pair", "save_view", "remove_view")),
            Page("imports", _("Imports"), ("import_page",)),
        ),
        ("failed_imports",),
    ),
    Room(
        "queue",
        _("Review queue"),
        (
            Page(
                "queue",
                _("Review queue"),
                ("queue_pair", "queue_presence", "undo_adjudication", "answer_appeal", "reopen_appeal"),
                for_reviewers=True,
            ),
        ),
        ("flagged_pairs", "appeals", "disputed_gold"),
    ),
    Room(
        "people",
        _("People"),
        (
            Page("members", _("Members"), ("member_suspension",)),
            Page("invites", _("Invite links"), ("invite_page",)),
            Page("crowd", _("Crowd participants")),
            Page("edit_consent", _("Consent")),
        ),
    ),
    Room(
        "quality",
        _("Quality"),
        (
            Page("review", _("Annotators"), ("member_page",), for_reviewers=True),
            Page("moderation_log", _("Actions"), for_reviewers=True),
            Page("review_rules", _("Rules"), ("decide_rule",)),
            Page("trainees", _("Training")),
            Page("proposed_gold", _("Suggested gold")),
        ),
        ("asking_rules",),
    ),
    Room(
        "statistics",
        _("Statistics"),
        (Page("statistics", _("Statistics")), Page("group_question", _("Groups"))),
    ),
    Room("leaderboard", _("Leaderboard"), (Page("statistics", _("Leaderboard"), anchor="generators"),)),
    Room(
        "releases",
        _("Releases"),
        (
            Page(
                "releases",
                _("Releases"),
                ("release_page", "release_card", "release_zip", "publish_release", "yank_release", "rebuild_releases"),
            ),
            Page("take_downs", _("Take-downs")),
            Page("hub_account", _("Hub account"), ("check_hub_account",)),
        ),
    ),
    Room(
        "settings",
        _("Settings"),
        (
            Page("campaign_settings", _("Rules and limits")),
            Page("questions", _("Questions")),
            Page("edit_guideline", _("Guideline"), ("guideline_versions", "guideline_version")),
            Page("webhooks", _("Webhooks"), ("webhook_page",)),
            Page("audit_log", _("Audit log")),
        ),
    ),
)

# Of no campaign: the site's own, for superusers; and the user's tokens.
SITE_PAGES = (
    Page("site_health", _("Health")),
    Page("site_users", _("Users")),
    Page("site_campaigns", _("Campaigns")),
    Page("site_audit", _("Audit log")),
)


@dataclass(frozen=True)
class Link:
    """A room or a page as the frame shows it."""

    name: str
    label: str | Promise
    url: str
    is_current: bool = False
    count: int = 0

    @property
    def count_in_words(self) -> str:
        return f"{MOST}+" if self.count >= MOST else str(self.count)


@dataclass
class Console:
    """The frame around one page, for one user. Two queries: the campaigns of the user, and what waits in this one."""

    user: User
    route: str
    campaign: Campaign | None = None
    _campaigns: list[Any] = field(init=False)

    def __post_init__(self) -> None:
        found = console_campaigns(self.user)
        rows = list(found.filter(archived_at__isnull=True)[: SWITCHER_LIMIT + 1]) if self.user.is_superuser else list(found)
        self._campaigns = rows

    @cached_property
    def is_manager(self) -> bool:
        """Of this campaign. A page that was shown to somebody who is neither is one of a reviewer."""
        return self.user.is_superuser or any(row.role == Role.MANAGER and row == self.campaign for row in self._campaigns)

    @cached_property
    def waiting(self) -> Waiting | None:
        return waiting_in(self.campaign) if self.campaign else None

    @cached_property
    def rooms(self) -> list[Link]:
        """Those with a page that the user may open."""
        if self.campaign is None:
            return []
        links = []
        for room in ROOMS:
            pages = self._open_to_user(room)
            if pages:
                count = sum(getattr(self.waiting, name) for name in room.waiting)
                links.append(Link(room.name, room.label, self._url(pages[0]), room is self._room, count))
        return links

    @cached_property
    def tabs(self) -> list[Link]:
        """The pages of this room, where there is more than one to choose from."""
        if self.is_site:
            return [Link(page.route, page.label, reverse(page.route), page.has(self.route)) for page in SITE_PAGES]
        pages = self._open_to_user(self._room) if self._room else []
        return [self._tab(page) for page in pages] if len(pages) > 1 else []

    @property
    def is_site(self) -> bool:
        """Whether this is one of the site's own pages."""
        return any(page.has(self.route) for page in SITE_PAGES)

    @cached_property
    def crumbs(self) -> list[Link]:
        """The way to this page: only what the user may open, without the page itself."""
        if self.is_site:
            return [Link("site", _("Site administration"), reverse(SITE_PAGES[0].route))]
        if not self.rooms or self.campaign is None:
            return []
        crumbs = [Link("campaign", self.campaign.name, self.rooms[0].url)]
        room = next((link for link in self.rooms if link.is_current), None)
        if room and room.url != crumbs[0].url:
            crumbs.append(room)
        page = next((page for page in self._open_to_user(self._room) if page.has(self.route)), None) if self._room else None
        if page and self.route != page.route and self._url(page) != crumbs[-1].url:
            crumbs.append(self._tab(page))
        return crumbs

    @cached_property
    def campaigns(self) -> list[Link]:
        """For the switcher: other campaigns, each by the first room that the user may enter there."""
        others = [row for row in self._campaigns if row != self.campaign and row.archived_at is None][:SWITCHER_LIMIT]
        return [Link(row.state, row.name, self.first_url(row)) for row in others]

    # --- what the search needs

    @property
    def has_campaigns(self) -> bool:
        """Whether there is anything for the user here."""
        return self.user.is_superuser or bool(self._campaigns)

    def campaign_by_slug(self, slug: str) -> Campaign | None:
        found: Campaign | None = console_campaigns(self.user).filter(slug=slug).first()
        return found

    def found_campaigns(self, words: str) -> QuerySet[Campaign]:
        """By name or slug, without this one."""
        found = console_campaigns(self.user).filter(Q(name__icontains=words) | Q(slug__icontains=words))
        return found.exclude(pk=self.campaign.pk) if self.campaign else found

    def all_pages(self) -> list[tuple[Room, Link]]:
        """Of this campaign, those that the user may open."""
        if self.campaign is None:
            return []
        return [(room, self._tab(page)) for room in ROOMS for page in self._open_to_user(room)]

    def may_open(self, route: str) -> bool:
        return any(page.has(route) for room in ROOMS for page in self._open_to_user(room))

    def first_url(self, campaign: Any) -> str:
        return reverse(self._first(campaign), args=[campaign.slug])

    def url_of(self, route: str, campaign: Campaign, *arguments: int) -> str:
        return reverse(route, args=[campaign.slug, *arguments])

    @property
    def may_create(self) -> bool:
        """Of staff alone: whether others have the right takes two more queries, and the list of campaigns shows it."""
        return self.user.is_staff

    @cached_property
    def _room(self) -> Room | None:
        return next((room for room in ROOMS if any(page.has(self.route) for page in room.pages)), None)

    def _open_to_user(self, room: Room) -> list[Page]:
        return [page for page in room.pages if self.is_manager or page.for_reviewers]

    def _first(self, campaign: Any) -> str:
        is_manager = self.user.is_superuser or campaign.role == Role.MANAGER
        return next(page.route for room in ROOMS for page in room.pages if is_manager or page.for_reviewers)

    def _url(self, page: Page) -> str:
        assert self.campaign is not None
        return reverse(page.route, args=[self.campaign.slug]) + (f"#{page.anchor}" if page.anchor else "")

    def _tab(self, page: Page) -> Link:
        return Link(page.route, page.label, self._url(page), page.has(self.route))


@register.simple_tag(takes_context=True)
def console_frame(context: Context) -> Console:
    """The frame around the page; made once, for all blocks of a page that ask for it."""
    request = context["request"]
    if not hasattr(request, "console"):
        match = request.resolver_match
        request.console = Console(request.user, match.url_name if match else "", context.get("campaign") or None)
    console: Console = request.console
    return console
