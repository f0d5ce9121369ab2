"""What the review has found and done, for the managers' pages."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Count, F, FloatField, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.db.models.functions import Cast, NullIf

from annotator.choices import ActionKind, AppealState, MemberKind, MemberState
from annotator.models import Appeal, Campaign, Member, ModerationAction, ReviewRule
from annotator.quality.rules import RETIRED, is_undecided


class Summary(NamedTuple):
    """How often it came to what, and what waits for a manager."""

    warned: int
    paused: int
    suspended: int
    by_rules: int
    appeals_open: int
    rules_asking: int
    rules_undecided: int  # that an update brought or changed, and that are off until a manager has seen what they would do

    @property
    def waiting(self) -> int:
        return self.appeals_open + self.rules_asking + self.rules_undecided


def summary(campaign: Campaign) -> Summary:
    by_rule = Q(kind__in=[ActionKind.WARN, ActionKind.PAUSE, ActionKind.SUSPEND], actor__isnull=True)
    actions = ModerationAction.objects.filter(member__campaign=campaign).aggregate(
        warned=Count("pk", filter=Q(kind=ActionKind.WARN)),
        paused=Count("pk", filter=Q(kind=ActionKind.PAUSE)),
        suspended=Count("pk", filter=Q(kind=ActionKind.SUSPEND)),
        by_rules=Count("pk", filter=by_rule),
    )
    appeals = Appeal.objects.filter(member__campaign=campaign, state=AppealState.OPEN)
    rules = list(campaign.review_rules.exclude(measure__in=RETIRED))
    return Summary(
        **actions,
        appeals_open=appeals.exclude(member__state=MemberState.WITHDRAWN).count(),
        rules_asking=sum(rule.asks_since is not None for rule in rules),
        rules_undecided=sum(not rule.enabled and is_undecided(rule) for rule in rules),
    )


def by_share(part: str, whole: str, *, descending: bool = False) -> OrderBy:
    """By a share of two counts of the member's `stats`; whoever has none comes last."""
    share = Cast(F(f"stats__{part}"), FloatField()) / NullIf(F(f"stats__{whole}"), 0)
    return OrderBy(share, descending=descending, nulls_last=True)


# What the list can be sorted by; the worst first.
ORDERS: dict[str, OrderBy] = {
    "trust": F("stats__trust").asc(nulls_last=True),
    "name": F("user__username").asc(),
    "answered": F("answered_count").desc(),
    "gold": by_share("gold_right", "gold_count"),
    "repeats": by_share("repeat_same", "repeat_count"),
    "left": F("stats__left_p_value").asc(nulls_last=True),
    "fast": by_share("fast_count", "timed_count", descending=True),
    "agreement": by_share("agreed_count", "shared_count"),
    "skill": F("stats__skill").asc(nulls_last=True),
}


def measured_members(campaign: Campaign, *, order: str) -> QuerySet[Member]:
    """The people who have judged something, each with their `stats`; in one of ORDERS, by trust where there is no such."""
    people = Member.objects.filter(campaign=campaign, kind=MemberKind.HUMAN, stats__isnull=False)
    return people.select_related("user", "stats").order_by(ORDERS.get(order, ORDERS["trust"]), "pk")


def actions_of(campaign: Campaign) -> QuerySet[ModerationAction]:
    """All that was done, the newest first."""
    return (
        ModerationAction.objects.filter(member__campaign=campaign).select_related("member__user", "rule", "actor").order_by("-pk")
    )


def asking_rules(campaign: Campaign) -> QuerySet[ReviewRule]:
    """Rules that wait for a manager, each with its `proposals` and the members these are of."""
    rules = ReviewRule.objects.filter(campaign=campaign, asks_since__isnull=False)
    return rules.prefetch_related("proposals__member__user").order_by("pk")
