"""The members of a campaign as managers look for them: by words, state, role, kind and training, in one of some orders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce

from annotator.choices import ActionKind, MemberState, Role
from annotator.models import AnnotatorStats, Campaign, Member, MemberDay, ModerationAction, Vote
from annotator.quality.review_queries import by_share

DAYS = 14  # of the small chart
TRAININGS = ("passed", "failed", "open")
TOTALS = (
    *("votes", "votes_void", "gold_count", "gold_right", "repeat_count", "repeat_same"),
    *("side_count", "left_count", "shared_count", "agreed_count"),
)

# By name: the order upwards. Whoever has no such number comes last either way.
ORDERS: dict[str, OrderBy] = {
    "name": F("user__username").asc(),
    "role": F("role").asc(),
    "state": F("state").asc(),
    "joined": F("joined_at").asc(),
    "answered": F("answered_count").asc(),
    "last": F("last_answer_at").asc(nulls_last=True),
    "gold": by_share("gold_right", "gold_count"),
    "repeats": by_share("repeat_same", "repeat_count"),
    "left": by_share("left_count", "side_count"),
    "fast": by_share("fast_count", "timed_count"),
    "agreement": by_share("agreed_count", "shared_count"),
    "trust": F("stats__trust").asc(nulls_last=True),
}


@dataclass(frozen=True)
class MemberFilter:
    """Empty: all of them. `order` is a name of ORDERS, downwards with a minus sign in front."""

    words: str = ""
    state: str = ""
    role: str = ""
    kind: str = ""
    training: str = ""
    order: str = "-answered"


def members_of(campaign: Campaign, wanted: MemberFilter) -> QuerySet[Member]:
    """Each with their user, `last_answer_at`, and `votes_void`: of somebody suspended, how many votes that made void."""
    found = Member.objects.filter(campaign=campaign)
    for name in ("state", "role", "kind"):
        if value := getattr(wanted, name):
            found = found.filter(**{name: value})
    if wanted.words:
        found = found.filter(Q(user__username__icontains=wanted.words) | Q(public_id__startswith=wanted.words))
    passed, failed = Q(training_passed_at__isnull=False), Q(training_failed_at__isnull=False)
    if wanted.training:
        of_training = {"passed": passed, "failed": ~passed & failed, "open": ~passed & ~failed}[wanted.training]
        found = found.filter(of_training, role=Role.ANNOTATOR)
    answers = Vote.objects.answers().filter(member=OuterRef("pk")).order_by("-created_at")
    suspensions = ModerationAction.objects.filter(member=OuterRef("pk"), kind=ActionKind.SUSPEND).order_by("-pk")
    order = ORDERS[wanted.order.removeprefix("-")].copy()
    if wanted.order.startswith("-"):
        order.descending = True
    return (
        found.select_related("user", "stats")
        .annotate(
            last_answer_at=Subquery(answers.values("created_at")[:1]),
            suspended_votes=Coalesce(Subquery(suspensions.values("votes")[:1], output_field=IntegerField()), 0),
        )
        .order_by(order, "pk")
    )


def stats_or_none(member: Member) -> AnnotatorStats:
    """What was measured of the member; noughts before anything was."""
    found: AnnotatorStats | None = getattr(member, "stats", None)
    return found or AnnotatorStats(member=member)


def votes_void_of(member: Member) -> int:
    """Of a member of `members_of`."""
    return int(member.suspended_votes) if member.state == MemberState.SUSPENDED else 0  # type: ignore[attr-defined]


def recent_days(members: Iterable[Member], now: datetime) -> dict[int, list[int]]:
    """By member: the votes of each of the last DAYS days, the oldest first."""
    first = now.date() - timedelta(days=DAYS - 1)
    found = {member.pk: [0] * DAYS for member in members}
    rows = MemberDay.objects.filter(member__in=found, day__gte=first, day__lte=now.date())
    for member, day, votes in rows.values_list("member", "day", "votes"):
        found[member][(day - first).days] = votes
    return found


@dataclass(frozen=True)
class Past:
    """All that a member ever answered, whatever was decided about it since, as sums by TOTALS; and since when."""

    sums: dict[str, int]
    since: date | None


def past_of(member: Member) -> Past:
    """From their days; a day's row is counted with the statistics of the campaign."""
    found = MemberDay.objects.filter(member=member).aggregate(**{name: Sum(name) for name in TOTALS}, since=Min("day"))
    return Past({name: found[name] or 0 for name in TOTALS}, found["since"])
