"""Who can annotate in a campaign, who cannot and why, and how long the votes that are missing take those who can."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import BooleanField, Count, ExpressionWrapper, Min, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from annotator.choices import ActionKind, MemberKind, MemberState, Role
from annotator.judging.eligibility import training_pairs
from annotator.judging.limits import votes_in_share
from annotator.models import Campaign, CampaignProgress, Member, MemberDay, ModerationAction, Vote

HOUR = timedelta(hours=1)
DAYS = 7  # of which the pace is
LONGEST = timedelta(days=3653)


@dataclass(frozen=True)
class Annotators:
    """The people with the role annotator: how many can judge now, and what keeps the `others`, in words."""

    able: int
    total: int
    others: list[str]

    @property
    def others_in_words(self) -> str:
        return ", ".join(self.others)


@dataclass(frozen=True)
class Forecast:
    """Of the votes that are missing. The paces are those of people who can annotate; others gave votes and give no more."""

    annotators: Annotators
    wanted: int
    missing: int
    votes_last_hour: int
    votes_per_day: float | None  # None: no votes of the last days
    since: date | None  # the first of these days
    people_wanted: int  # more people than can annotate, so that each pair can have its votes; 0: enough

    @property
    def left_by_days(self) -> timedelta | None:
        """At the pace of the last days; None where there is none."""
        return _time_for(self.missing, self.votes_per_day, timedelta(days=1))

    @property
    def left_by_hour(self) -> timedelta | None:
        """If they go on as in the last hour."""
        return _time_for(self.missing, self.votes_last_hour, HOUR)

    @property
    def nobody(self) -> str:
        """The headline where votes are missing and nobody can give one; else empty."""
        if self.annotators.able or not self.missing:
            return ""
        if not self.annotators.total:
            return gettext("Nobody can annotate: there are no annotators yet")
        return gettext("Nobody can annotate: %(people)s") % {"people": self.annotators.others_in_words}


def _time_for(missing: int, votes: float | None, per: timedelta) -> timedelta | None:
    if missing == 0:
        return timedelta(0)
    return min(per * min(missing / votes, LONGEST / per), LONGEST) if votes else None


def forecast_of(campaign: Campaign, counters: CampaignProgress, *, now: datetime | None = None) -> Forecast:
    """From the rolled-up counters and the days of people; nothing here reads more than the votes of the last hour."""
    now = now or timezone.now()
    able, annotators = annotators_of(campaign)
    days = MemberDay.objects.filter(campaign=campaign, member__in=able, day__gt=(now - timedelta(days=DAYS)).date(), votes__gt=0)
    found = days.aggregate(votes=Sum("votes"), void=Sum("votes_void"), since=Min("day"))
    votes = (found["votes"] or 0) - (found["void"] or 0)
    recent = Vote.objects.answers().filter(member__in=able, created_at__gt=now - HOUR)
    # Whoever judged a pair does not judge it again, so that a pair needs as many people as votes.
    short = campaign.votes_wanted - annotators.able
    is_new = counters.votes_live == 0
    return Forecast(
        annotators=annotators,
        wanted=counters.votes_wanted,
        missing=max(counters.votes_wanted - counters.votes_live, 0),
        votes_last_hour=recent.count(),
        votes_per_day=votes / ((now.date() - found["since"]).days + 1) if votes > 0 else None,
        since=found["since"],
        people_wanted=max(short, 0) if is_new or counters.pairs_untouched else 0,
    )


def annotators_of(campaign: Campaign) -> tuple[QuerySet[Member], Annotators]:
    """Those who can annotate, and all in numbers. Each person is counted once, by what keeps them from judging."""
    is_active, is_trained = Q(state=MemberState.ACTIVE), Q()
    if campaign.training_pairs and training_pairs(campaign).exists():
        is_trained = Q(training_passed_at__isnull=False)
    limit = _limit_of(campaign)
    has_room = Q() if limit is None else Q(answered_count__lt=limit)
    people = Member.objects.filter(campaign=campaign, role=Role.ANNOTATOR, kind=MemberKind.HUMAN).order_by()
    stopped = {MemberState.PAUSED: ActionKind.PAUSE, MemberState.SUSPENDED: ActionKind.SUSPEND}
    # Who paused or suspended somebody is who did it last.
    latest = ModerationAction.objects.filter(member=OuterRef("pk"), kind__in=stopped.values()).order_by("-pk")
    by_rule = Subquery(
        latest.annotate(is_automatic=ExpressionWrapper(Q(actor__isnull=True), BooleanField())).values("is_automatic")[:1]
    )
    conditions = {
        "able": is_active & is_trained & has_room,
        "at_limit": is_active & is_trained & ~has_room if has_room else None,
        "failed": is_active & ~is_trained & Q(training_failed_at__isnull=False) if is_trained else None,
        "learning": is_active & ~is_trained & Q(training_failed_at__isnull=True) if is_trained else None,
        "paused": Q(state=MemberState.PAUSED, by_rule=False),
        "paused_by_rule": Q(state=MemberState.PAUSED, by_rule=True),
        "suspended": Q(state=MemberState.SUSPENDED, by_rule=False),
        "suspended_by_rule": Q(state=MemberState.SUSPENDED, by_rule=True),
        "withdrawn": Q(state=MemberState.WITHDRAWN),
    }
    counts = {name: Count("pk", filter=condition) for name, condition in conditions.items() if condition is not None}
    found = people.annotate(by_rule=Coalesce(by_rule, Value(False))).aggregate(**counts)
    numbers = Numbers(**(dict.fromkeys(conditions, 0) | found))
    return people.filter(conditions["able"]), Annotators(numbers.able, sum(numbers), numbers.in_words())


class Numbers(NamedTuple):
    """How many annotators there are, by what they can do or what keeps them from it."""

    able: int
    at_limit: int
    failed: int
    learning: int
    paused: int
    paused_by_rule: int
    suspended: int
    suspended_by_rule: int
    withdrawn: int

    def in_words(self) -> list[str]:
        """Those who cannot annotate."""
        words = [
            (self.paused_by_rule, ngettext("%(n)s paused by a rule", "%(n)s paused by a rule", self.paused_by_rule)),
            (self.paused, ngettext("%(n)s paused by a manager", "%(n)s paused by a manager", self.paused)),
            (self.suspended_by_rule, ngettext("%(n)s suspended by a rule", "%(n)s suspended by a rule", self.suspended_by_rule)),
            (self.suspended, ngettext("%(n)s suspended by a manager", "%(n)s suspended by a manager", self.suspended)),
            (self.failed, ngettext("%(n)s failed training", "%(n)s failed training", self.failed)),
            (self.learning, ngettext("%(n)s still in training", "%(n)s still in training", self.learning)),
            (self.at_limit, ngettext("%(n)s at their limit of votes", "%(n)s at their limit of votes", self.at_limit)),
            (self.withdrawn, ngettext("%(n)s withdrew consent", "%(n)s withdrew consent", self.withdrawn)),
        ]
        return [text % {"n": number_format(n, force_grouping=True)} for n, text in words if n]


def _limit_of(campaign: Campaign) -> int | None:
    """The most that one person gives. A limit per day is none: they go on tomorrow, at the pace of the last days."""
    limits = [] if campaign.limit_total is None else [campaign.limit_total]
    if campaign.limit_share is not None:
        limits.append(votes_in_share(campaign, campaign.limit_share))
    return min(limits, default=None)
