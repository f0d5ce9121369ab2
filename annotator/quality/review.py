"""The judge of annotators: what the rules find and do, who is warned, paused, suspended or leaves, and how it is taken back.

Everything that is done about a member leaves an action, with who did it and on what figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import (
    ActionKind,
    CampaignState,
    MemberState,
    Outcome,
)
from annotator.errors import Conflict
from annotator.lib import audit
from annotator.lib.advisory_locks import Space, lock_until_commit
from annotator.models import AnnotatorStats, Campaign, Member, ModerationAction, Proposal, ReviewRule, User, Vote
from annotator.models.audit import AuditAction
from annotator.quality import rules as quality_rules
from annotator.quality.annotator_metrics import measure_campaign
from annotator.quality.moderation import (
    Reason,
    _begin_departure,
    _record,
    pause_member,
    void_votes_and_release_seats,
    warn_member,
)
from annotator.quality.rule_preview import RuleChange
from annotator.quality.rulings import rulings_on

REVIEW_PERIOD = timedelta(seconds=30)
# A review costs what changed since the last, and a look at each member and gold pair. All votes are counted once for each tenth
# that a campaign grows (kept_tallies.py), at ten microseconds a vote: this keeps the largest ones from doing so all the time.
REVIEW_PERIOD_PER_VOTE = timedelta(microseconds=3)
# An answer may be committed this long after the time that it carries, and is not to be missed.
COMMITTED_WITHIN = timedelta(seconds=10)


# --- the rules at work


def review_campaign(*, campaign: Campaign, now: datetime | None = None) -> list[ModerationAction]:
    """Measure everybody who judges in the campaign and do what its rules say. Returns what was done.

    A rule acts on somebody once, and again only on what they answer after a manager let them work again. One that would act
    on too many asks instead, and acts on nobody. Rules act on people with the role annotator; machines are not measured. Two
    at once come one after the other, and a second finds nothing left to do.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock_until_commit(Space.REVIEWING, campaign.pk)
        all_stats = {stats.member_id: stats for stats in measure_campaign(campaign=campaign, now=now)}
        actions = _rule_on(campaign, all_stats, now)
    _void_votes_after(actions, now)
    return actions


def _void_votes_after(actions: Iterable[ModerationAction], now: datetime) -> None:
    """The second transaction of each suspension. Where this is cut off, the beat does it."""
    for action in actions:
        if action.kind == ActionKind.SUSPEND:
            void_votes_and_release_seats(member_id=action.member_id, by=action.actor, now=now)


def _rule_on(campaign: Campaign, all_stats: Mapping[int, AnnotatorStats], now: datetime) -> list[ModerationAction]:
    """What the rules do, the severest first; whom one has stopped is left alone by the milder ones."""
    actions: list[ModerationAction] = []
    for ruling in rulings_on(campaign, quality_rules.ensure_rules(campaign), all_stats):
        if ruling.asks:
            _ask(ruling.rule, ruling.people, now)
        else:
            actions += [action for stats in ruling.people if (action := _apply(ruling.rule, stats, now))]
    return actions


def _apply(rule: ReviewRule, stats: AnnotatorStats, now: datetime, by: User | None = None) -> ModerationAction | None:
    """What the rule says, on its figures. None where somebody else stopped the member meanwhile."""
    return _carry_out(rule, stats.member_id, quality_rules.figures_of(rule, stats), now, by)


def _carry_out(
    rule: ReviewRule, member_id: int, figures: Mapping[str, Any], now: datetime, by: User | None
) -> ModerationAction | None:
    member = Member.objects.select_for_update(no_key=True).get(pk=member_id)
    if member.state != MemberState.ACTIVE:
        return None
    reason = Reason(rule=rule, figures=figures)
    if rule.outcome == Outcome.SUSPEND:
        return _begin_departure(member, MemberState.SUSPENDED, by, now, reason)
    if rule.outcome == Outcome.PAUSE:
        return pause_member(member=member, by=by, reason=reason, now=now)
    return warn_member(member=member, by=by, reason=reason, now=now)


def _ask(rule: ReviewRule, due: list[AnnotatorStats], now: datetime) -> None:
    """Put down whom the rule would act on now, for a manager to decide."""
    if rule.asks_since is None:
        rule.asks_since = now
        rule.save(update_fields=["asks_since"])
    rule.proposals.exclude(member__in=[stats.member_id for stats in due]).delete()
    Proposal.objects.bulk_create(
        [
            Proposal(rule=rule, member_id=row.member_id, figures=quality_rules.figures_of(rule, row), proposed_at=now)
            for row in due
        ],
        update_conflicts=True,
        unique_fields=["rule", "member"],
        update_fields=["figures"],
    )


def confirm_rule(*, rule: ReviewRule, by: User, now: datetime | None = None) -> list[ModerationAction]:
    """A rule that asks may act on those whom it named, and goes on by itself from now on. Returns what was done.

    Raises Conflict where it does not ask any more.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = _locked_asking(rule)
        proposals = list(locked.proposals.order_by("member"))
        actions = [action for row in proposals if (action := _carry_out(locked, row.member_id, row.figures, now, by))]
        locked.asks_since, locked.confirmed_at = None, now
        locked.save(update_fields=["asks_since", "confirmed_at"])
        locked.proposals.all().delete()
        audit.record(AuditAction.RULE_CONFIRMED, by=by, campaign=locked.campaign, target=locked.get_measure_display())
    _void_votes_after(actions, now)
    return actions


@transaction.atomic
def turn_off_rule(*, rule: ReviewRule, by: User, now: datetime | None = None) -> None:
    """A rule that asks acts on nobody, and is off. Raises Conflict where it does not ask any more."""
    now = now or timezone.now()
    locked = _locked_asking(rule)
    for row in locked.proposals.select_related("member"):
        _record(row.member, ActionKind.DISMISS, by, now, Reason(rule=locked, figures=row.figures))
    locked.enabled, locked.asks_since, locked.version = False, None, locked.version + 1
    locked.save(update_fields=["enabled", "asks_since", "version"])
    locked.proposals.all().delete()
    audit.record(AuditAction.RULE_OFF, by=by, campaign=locked.campaign, target=locked.get_measure_display())


def _locked_asking(rule: ReviewRule) -> ReviewRule:
    lock_until_commit(Space.REVIEWING, rule.campaign.pk)
    locked = ReviewRule.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=rule.pk)
    if locked.asks_since is None:
        raise Conflict(gettext("Someone has already decided about this rule."), code="rule_does_not_ask")
    return locked


def campaigns_to_review(*, now: datetime | None = None) -> list[Campaign]:
    """Campaigns with answers since their last review, which is some time ago: longer for those with many votes."""
    now = now or timezone.now()
    last = Max("members__stats__computed_at")
    campaigns = (
        Campaign.objects.filter(state__in=[CampaignState.OPEN, CampaignState.PAUSED])
        .select_related("progress")
        .annotate(reviewed_at=last)
        .order_by("pk")
    )
    return [campaign for campaign in campaigns if _is_due(campaign, campaign.reviewed_at, now)]


def _is_due(campaign: Campaign, reviewed_at: datetime | None, now: datetime) -> bool:
    answers = Vote.objects.live().filter(member__campaign=campaign)
    if reviewed_at is None:
        return answers.exists()
    progress = getattr(campaign, "progress", None)
    votes = progress.votes_live if progress else 0
    if now - reviewed_at < max(REVIEW_PERIOD, REVIEW_PERIOD_PER_VOTE * votes):
        return False
    return answers.filter(created_at__gt=reviewed_at - COMMITTED_WITHIN).exists()


# --- what managers set


@transaction.atomic
def change_rules(
    *, campaign: Campaign, by: User, changes: Iterable[RuleChange], review_share_max: float, too_fast_ms: int
) -> None:
    """Set the rules of the review. They hold from the next review on; what was done stays done."""
    lock_until_commit(Space.REVIEWING, campaign.pk)
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    noted = {
        "review_share_max": (locked.review_share_max, review_share_max),
        "too_fast_ms": (locked.too_fast_ms, too_fast_ms),
    }
    locked.review_share_max, locked.too_fast_ms = review_share_max, too_fast_ms
    locked.save(update_fields=["review_share_max", "too_fast_ms"])
    for change in changes:
        before = campaign.review_rules.get(pk=change.rule_id)
        was = _settings_of(before)
        rule = change.applied_to(before)
        noted |= {f"{rule}: {name}": values for name, values in audit.differences(was, _settings_of(rule)).items()}
        if not rule.enabled:
            rule.proposals.all().delete()
        rule.save(update_fields=["threshold", "minimum", "enabled", "asks_since", "version", "test_version"])
    noted = {name: values for name, values in noted.items() if values[0] != values[1]}
    if noted:
        audit.record(AuditAction.RULES_CHANGED, by=by, campaign=locked, changes=noted)


def _settings_of(rule: ReviewRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in ("threshold", "minimum", "enabled")}
