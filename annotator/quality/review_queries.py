"""What the review has found and done, for the managers' pages."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F, FloatField, QuerySet
from django.db.models.expressions import OrderBy
from django.db.models.functions import Cast, NullIf

from annotator.choices import ActionKind, AppealState, MemberKind, MemberState
from annotator.models import Campaign, Member, ModerationAction, ReviewRule

_SUMMARY_SQL = """
WITH act AS (
    SELECT act.kind, act.actor_id FROM annotator_act act JOIN annotator_member member ON member.id = act.member_id
    WHERE member.campaign_id = %(campaign)s
)
SELECT count(*) FILTER (WHERE kind = %(warn)s), count(*) FILTER (WHERE kind = %(pause)s),
       count(*) FILTER (WHERE kind = %(suspend)s),
       count(*) FILTER (WHERE kind IN (%(warn)s, %(pause)s, %(suspend)s) AND actor_id IS NULL),
       (SELECT count(*) FROM annotator_appeal appeal JOIN annotator_member member ON member.id = appeal.member_id
        WHERE member.campaign_id = %(campaign)s AND member.state <> %(withdrawn)s AND appeal.state = %(open)s),
       (SELECT count(*) FROM annotator_reviewrule WHERE campaign_id = %(campaign)s AND asks_since IS NOT NULL)
FROM act
"""


class Summary(NamedTuple):
    """How often it came to what, and what waits for a manager."""

    warned: int
    paused: int
    suspended: int
    by_rules: int
    appeals_open: int
    rules_asking: int

    @property
    def waiting(self) -> int:
        return self.appeals_open + self.rules_asking


def summary(campaign: Campaign) -> Summary:
    values: dict[str, Any] = {
        "campaign": campaign.pk,
        "warn": ActionKind.WARN.value,
        "pause": ActionKind.PAUSE.value,
        "suspend": ActionKind.SUSPEND.value,
        "withdrawn": MemberState.WITHDRAWN.value,
        "open": AppealState.OPEN.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SUMMARY_SQL, values)
        return Summary(*cursor.fetchone())


def _by_share(part: str, whole: str, *, descending: bool = False) -> OrderBy:
    share = Cast(F(f"standing__{part}"), FloatField()) / NullIf(F(f"standing__{whole}"), 0)
    return OrderBy(share, descending=descending, nulls_last=True)


# What the list can be sorted by; the worst first.
ORDERS: dict[str, OrderBy] = {
    "trust": F("standing__trust").asc(nulls_last=True),
    "name": F("user__username").asc(),
    "answered": F("answered_count").desc(),
    "gold": _by_share("gold_right", "gold_count"),
    "repeats": _by_share("repeat_same", "repeat_count"),
    "left": F("standing__left_p_value").asc(nulls_last=True),
    "fast": _by_share("fast_count", "timed_count", descending=True),
    "agreement": _by_share("agreed_count", "shared_count"),
    "skill": F("standing__skill").asc(nulls_last=True),
}


def measured_members(campaign: Campaign, *, order: str) -> QuerySet[Member]:
    """The people who have judged something, each with their `standing`; in one of ORDERS, by trust where there is no such."""
    people = Member.objects.filter(campaign=campaign, kind=MemberKind.HUMAN, standing__isnull=False)
    return people.select_related("user", "standing").order_by(ORDERS.get(order, ORDERS["trust"]), "pk")


def acts_of(campaign: Campaign) -> QuerySet[ModerationAction]:
    """All that was done, the newest first."""
    return (
        ModerationAction.objects.filter(member__campaign=campaign).select_related("member__user", "rule", "actor").order_by("-pk")
    )


def asking_rules(campaign: Campaign) -> QuerySet[ReviewRule]:
    """Rules that wait for a manager, each with its `proposals` and the members these are of."""
    rules = ReviewRule.objects.filter(campaign=campaign, asks_since__isnull=False)
    return rules.prefetch_related("proposals__member__user").order_by("pk")
