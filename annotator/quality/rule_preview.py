"""What rules would do to people now, before a manager turns them on or changes them."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from annotator.choices import Outcome
from annotator.models import Campaign, Member, ReviewRule
from annotator.quality.annotator_metrics import measure
from annotator.quality.moderation import votes_of_suspension
from annotator.quality.rules import test_version_of
from annotator.quality.rulings import rulings_on


@dataclass(frozen=True)
class RuleChange:
    """A rule as a manager wants it."""

    rule_id: int
    threshold: float
    minimum: int
    enabled: bool

    def applied_to(self, rule: ReviewRule) -> ReviewRule:
        """A copy of the rule, changed and not saved. Whoever decides about it decides about its test as it is now."""
        changed = copy(rule)
        changed.threshold, changed.minimum, changed.enabled = self.threshold, self.minimum, self.enabled
        changed.test_version = test_version_of(rule)
        changed.version = rule.version + self.differs_from(rule)
        changed.asks_since = rule.asks_since if self.enabled else None
        return changed

    def differs_from(self, rule: ReviewRule) -> bool:
        return (self.threshold, self.minimum, self.enabled) != (rule.threshold, rule.minimum, rule.enabled)


@dataclass(frozen=True)
class RulePreview:
    """What one rule would do: to whom, by name, or whom it would ask a manager about first."""

    rule: ReviewRule
    people: list[Member]
    asks: bool


@dataclass(frozen=True)
class Preview:
    """What the rules that are on would do at the next review, the severest first. `votes` would become void."""

    rules: list[RulePreview]
    votes: int
    measured_at: datetime

    def _people(self, outcome: Outcome) -> int:
        acting = [its for its in self.rules if its.rule.outcome == outcome and not its.asks]
        return len({member.pk for its in acting for member in its.people})

    @property
    def warned(self) -> int:
        return self._people(Outcome.WARN)

    @property
    def paused(self) -> int:
        return self._people(Outcome.PAUSE)

    @property
    def suspended(self) -> int:
        return self._people(Outcome.SUSPEND)

    @property
    def asking(self) -> int:
        """How many rules would ask a manager first."""
        return sum(its.asks and bool(its.people) for its in self.rules)


def preview(
    campaign: Campaign,
    rules: Iterable[ReviewRule],
    *,
    too_fast_ms: int | None = None,
    share_max: float | None = None,
    now: datetime | None = None,
) -> Preview:
    """What the rules, saved or not, would do to the members as they answered so far. It changes nothing.

    It measures everybody anew, at some microseconds for each vote of the campaign: what the last review wrote down may be
    old, or measured with another limit for answers that are too fast.
    """
    now = now or timezone.now()
    all_stats = {stats.member_id: stats for stats in measure(campaign=campaign, now=now, too_fast_ms=too_fast_ms)}
    rulings = rulings_on(campaign, rules, all_stats, share_max=share_max)
    members = Member.objects.select_related("user").in_bulk([row.member_id for ruling in rulings for row in ruling.people])
    found = [RulePreview(ruling.rule, [members[row.member_id] for row in ruling.people], ruling.asks) for ruling in rulings]
    suspended = {member.pk for its in found if its.rule.outcome == Outcome.SUSPEND and not its.asks for member in its.people}
    return Preview(found, votes_of_suspension(suspended), now)


def needs_preview(
    campaign: Campaign, rules: Iterable[ReviewRule], changes: Iterable[RuleChange], *, share_max: float, too_fast_ms: int
) -> bool:
    """Whether a manager has to see first what the changed rules would do: one that will be on acts otherwise than now."""
    by_id = {rule.pk: rule for rule in rules}
    on = [change for change in changes if change.enabled]
    is_general_changed = (share_max, too_fast_ms) != (campaign.review_share_max, campaign.too_fast_ms)
    return any(change.differs_from(by_id[change.rule_id]) or is_general_changed for change in on)
