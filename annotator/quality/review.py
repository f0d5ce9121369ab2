"""The judge of annotators: what the rules find and do, who is warned, paused, suspended or leaves, and how it is taken back.

Everything that is done about a member leaves an act, with who did it and on what figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from annotator.choices import (
    ActionKind,
    CampaignState,
    MemberState,
    Outcome,
)
from annotator.errors import Conflict
from annotator.lib.advisory_locks import Space, wait_for_turn
from annotator.models import AnnotatorStats, Campaign, Member, ModerationAction, Proposal, ReviewRule, User, Vote
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
# A review reads every vote of the campaign, at about four microseconds, so that big campaigns are reviewed less often: this
# between two for each vote keeps it under 5 % of one core at any size.
REVIEW_PERIOD_PER_VOTE = timedelta(microseconds=90)
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
        wait_for_turn(Space.REVIEWING, campaign.pk)
        standings = {standing.member_id: standing for standing in measure_campaign(campaign=campaign, now=now)}
        acts = _rule_on(campaign, standings, now)
    _void_votes_after(acts, now)
    return acts


def _void_votes_after(acts: Iterable[ModerationAction], now: datetime) -> None:
    """The second transaction of each suspension. Where this is cut off, the beat does it."""
    for act in acts:
        if act.kind == ActionKind.SUSPEND:
            void_votes_and_release_seats(member_id=act.member_id, by=act.actor, now=now)


def _rule_on(campaign: Campaign, standings: Mapping[int, AnnotatorStats], now: datetime) -> list[ModerationAction]:
    """What the rules do, the severest first; whom one has stopped is left alone by the milder ones."""
    acts: list[ModerationAction] = []
    for ruling in rulings_on(campaign, quality_rules.ensure_rules(campaign), standings):
        if ruling.asks:
            _ask(ruling.rule, ruling.people, now)
        else:
            acts += [act for standing in ruling.people if (act := _act_on(ruling.rule, standing, now))]
    return acts


def _act_on(rule: ReviewRule, standing: AnnotatorStats, now: datetime, by: User | None = None) -> ModerationAction | None:
    """What the rule says, on its figures. None where somebody else stopped the member meanwhile."""
    return _carry_out(rule, standing.member_id, quality_rules.figures_of(rule, standing), now, by)


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
    rule.proposals.exclude(member__in=[standing.member_id for standing in due]).delete()
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
        acts = [act for row in proposals if (act := _carry_out(locked, row.member_id, row.figures, now, by))]
        locked.asks_since, locked.confirmed_at = None, now
        locked.save(update_fields=["asks_since", "confirmed_at"])
        locked.proposals.all().delete()
    _void_votes_after(acts, now)
    return acts


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


def _locked_asking(rule: ReviewRule) -> ReviewRule:
    wait_for_turn(Space.REVIEWING, rule.campaign.pk)
    locked = ReviewRule.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=rule.pk)
    if locked.asks_since is None:
        raise Conflict("Someone has already decided about this rule.", code="rule_does_not_ask")
    return locked


def campaigns_to_review(*, now: datetime | None = None) -> list[Campaign]:
    """Campaigns with answers since their last review, which is some time ago: longer for those with many votes."""
    now = now or timezone.now()
    last = Max("members__standing__computed_at")
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
    wait_for_turn(Space.REVIEWING, campaign.pk)
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    locked.review_share_max, locked.too_fast_ms = review_share_max, too_fast_ms
    locked.save(update_fields=["review_share_max", "too_fast_ms"])
    for change in changes:
        rule = change.applied_to(campaign.review_rules.get(pk=change.rule_id))
        if not rule.enabled:
            rule.proposals.all().delete()
        rule.save(update_fields=["threshold", "minimum", "enabled", "asks_since", "version", "test_version"])
