"""The judge of annotators: what the rules find and do, who is warned, paused, suspended or leaves, and how it is taken back.

Everything that is done about a member leaves an act, with who did it and on what figures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, QuerySet
from django.utils import timezone

from annotator import ruling
from annotator.choices import (
    LIVE_ASSIGNMENT_STATES,
    SUSPENDABLE_KINDS,
    ActKind,
    AssignmentKind,
    AssignmentState,
    CampaignState,
    Event,
    MemberKind,
    MemberState,
    Outcome,
    Role,
    VoidReason,
)
from annotator.errors import Conflict, Invalid
from annotator.feeds.outbox import note_event
from annotator.judging.seats import free_seats
from annotator.lib.advisory_locks import Space, wait_for_turn
from annotator.measures import measure_campaign
from annotator.models import Act, Assignment, Campaign, Member, Pair, Proposal, ReviewRule, SelfDescription, Standing, User, Vote
from annotator.models.reviewing import MESSAGE_LIMIT

# A pair that was only waiting may come to the member again, should they return; one that they answered may not.
SEAT_BECOMES = {AssignmentState.OPEN: AssignmentState.EXPIRED, AssignmentState.ANSWERED: AssignmentState.RETURNED}
DEPARTURES = {MemberState.SUSPENDED: VoidReason.SUSPENDED, MemberState.WITHDRAWN: VoidReason.WITHDRAWN}
ACT_OF_DEPARTURE = {MemberState.SUSPENDED: ActKind.SUSPEND, MemberState.WITHDRAWN: ActKind.WITHDRAW}

REVIEW_PERIOD = timedelta(seconds=30)
# A review reads every vote of the campaign, at about three microseconds, so that big campaigns are reviewed less often: this
# between two for each vote keeps it under 5 % of one core at any size.
REVIEW_PERIOD_PER_VOTE = timedelta(microseconds=60)
# An answer may be committed this long after the time that it carries, and is not to be missed.
COMMITTED_WITHIN = timedelta(seconds=10)
SEVERITY = {Outcome.WARN: 0, Outcome.PAUSE: 1, Outcome.SUSPEND: 2}


@dataclass(frozen=True)
class Ground:
    """Why something is done: the rule and its figures, or a manager's words to the member."""

    rule: ReviewRule | None = None
    figures: Mapping[str, Any] | None = None
    note: str = ""


NO_GROUND = Ground()


def _record(member: Member, kind: ActKind, by: User | None, now: datetime, ground: Ground = NO_GROUND) -> Act:
    if len(ground.note) > MESSAGE_LIMIT:
        raise Invalid("The note is too long.", errors={"note": [f"Use at most {MESSAGE_LIMIT} characters."]})
    figures = dict(ground.figures or {})
    return Act.objects.create(member=member, kind=kind, rule=ground.rule, figures=figures, note=ground.note, actor=by, at=now)


def _locked(member: Member) -> Member:
    return Member.objects.select_for_update(no_key=True).get(pk=member.pk)


# --- warning and pausing


@transaction.atomic
def warn_member(*, member: Member, by: User | None, ground: Ground = NO_GROUND, now: datetime | None = None) -> Act:
    """Show the member a notice until they put it away. Their votes stay. Raises Conflict for one who may not vote anyway."""
    locked = _locked(member)
    if locked.state != MemberState.ACTIVE:
        raise Conflict(f"This member is {locked.state}, and would not see a warning.", code="member_not_active")
    act = _record(locked, ActKind.WARN, by, now or timezone.now(), ground)
    locked.notice = act
    locked.save(update_fields=["notice"])
    return act


def put_away_notice(*, member: Member) -> None:
    """The member has read what they were told."""
    Member.objects.filter(pk=member.pk).update(notice=None)


@transaction.atomic
def pause_member(*, member: Member, by: User | None, ground: Ground = NO_GROUND, now: datetime | None = None) -> Act | None:
    """Give the member no more pairs. Their votes stay, and seats they hold go back when their leases run out.

    Somebody who is paused already stays so, and nothing is recorded. Raises Conflict for one who is suspended or withdrew.
    """
    locked = _locked(member)
    _require_state(locked, MemberState.ACTIVE, MemberState.PAUSED)
    if locked.state == MemberState.PAUSED:
        return None
    locked.state, locked.notice = MemberState.PAUSED, None
    locked.save(update_fields=["state", "notice"])
    return _record(locked, ActKind.PAUSE, by, now or timezone.now(), ground)


@transaction.atomic
def resume_member(*, member: Member, by: User | None, note: str = "", now: datetime | None = None) -> Act | None:
    """Let a paused member work again; what they answered so far is not held against them any more.

    Somebody who works already goes on, and nothing is recorded. Raises Conflict for one who is suspended or withdrew.
    """
    now = now or timezone.now()
    locked = _locked(member)
    _require_state(locked, MemberState.ACTIVE, MemberState.PAUSED)
    if locked.state == MemberState.ACTIVE:
        return None
    locked.state = MemberState.ACTIVE
    return _start_afresh(locked, ActKind.LIFT, by, note, now)


@transaction.atomic
def forgive_warning(*, member: Member, by: User | None, note: str = "", now: datetime | None = None) -> Act:
    """Take a warning back: the notice goes, and what led to it is not held against the member any more."""
    return _start_afresh(_locked(member), ActKind.DISMISS, by, note, now or timezone.now())


def _require_state(member: Member, *states: MemberState) -> None:
    if member.state not in states:
        raise Conflict(f"This member is {member.state}, which pausing cannot change.", code="member_state_refused")


def _start_afresh(locked: Member, kind: ActKind, by: User | None, note: str, now: datetime) -> Act:
    """Only what the member answers from now on is measured, so that no rule acts on what a manager has decided about."""
    Standing.objects.filter(member=locked).delete()
    Standing.objects.create(member=locked, counted_since=now, computed_at=now)
    Proposal.objects.filter(member=locked).delete()
    locked.notice = _record(locked, kind, by, now, Ground(note=note))
    locked.save(update_fields=["state", "notice"])
    return locked.notice


# --- suspending and leaving


def suspend_member(*, member: Member, by: User | None, ground: Ground = NO_GROUND, now: datetime | None = None) -> int:
    """Stop a member, void their regular votes and give all their seats back. Returns how many seats came back.

    Can be taken back with `lift_suspension`. Raises Conflict for a member who withdrew.
    """
    return _depart(member, MemberState.SUSPENDED, by, now or timezone.now(), ground)


def withdraw_member(*, member: Member, by: User | None, now: datetime | None = None) -> int:
    """A member takes their consent back: as a suspension, but for good, and out of every later release."""
    return _depart(member, MemberState.WITHDRAWN, by, now or timezone.now())


def _depart(member: Member, state: MemberState, by: User | None, now: datetime, ground: Ground = NO_GROUND) -> int:
    # Two transactions. Once the first has committed, no vote of the member can be written any more and no seat taken; the
    # second then finds everything there is, and waits for nobody who waits for the member's row.
    with transaction.atomic():
        _begin_departure(_locked(member), state, by, now, ground)
    return clear_away(member_id=member.pk, by=by, now=now)


def _begin_departure(
    locked: Member, state: MemberState, by: User | None, now: datetime, ground: Ground = NO_GROUND
) -> Act | None:
    """The first of the two transactions, or a part of it. None where the member has departed so before."""
    if locked.state == MemberState.WITHDRAWN and state != MemberState.WITHDRAWN:
        raise Conflict("This member withdrew and has nothing left to suspend.", code="member_withdrawn")
    if locked.state == state:
        return None
    locked.state, locked.notice = state, None
    locked.save(update_fields=["state", "notice"])
    if state == MemberState.SUSPENDED:
        _note_suspension(locked, by, now)
    if state == MemberState.WITHDRAWN:
        SelfDescription.objects.filter(member=locked).delete()  # what they said of themselves goes with their consent
    return _record(locked, ACT_OF_DEPARTURE[state], by, now, ground)


def _note_suspension(member: Member, by: User | None, now: datetime) -> None:
    """For webhooks, which know the member by the pseudonym of the exports."""
    about = {"annotator_id": member.public_id, "kind": member.kind, "is_automatic": by is None}
    note_event(campaign=member.campaign, event=Event.ANNOTATOR_SUSPENDED, data=about, now=now)


@transaction.atomic
def clear_away(*, member_id: int, by: User | None = None, now: datetime | None = None) -> int:
    """Void the votes of a suspended or withdrawn member and give their live seats back. Safe to run again.

    Does nothing for a member who is back already, or who withdrew meanwhile: whoever did that clears away.
    """
    now = now or timezone.now()
    reason = DEPARTURES.get(MemberState(Member.objects.values_list("state", flat=True).get(pk=member_id)))
    if reason is None:
        return 0
    live = Assignment.objects.filter(member=member_id, state__in=LIVE_ASSIGNMENT_STATES)
    if reason == VoidReason.SUSPENDED:
        live = live.filter(kind__in=SUSPENDABLE_KINDS)
    seats = list(live.select_for_update(no_key=True).order_by("pk"))
    # The member after their seats, as a vote does it, so that no two wait for each other.
    member = Member.objects.select_for_update(no_key=True).get(pk=member_id)
    if DEPARTURES.get(MemberState(member.state)) != reason:
        return 0
    if reason == VoidReason.WITHDRAWN:  # whoever follows the votes is to remove those, too, that were void before
        Vote.objects.filter(assignment__member=member, void_reason__isnull=False).update(void_reason=F("void_reason"))
    Vote.objects.live().filter(assignment__in=seats).update(void_reason=reason, voided_at=now, voided_by=by)
    for was, becomes in SEAT_BECOMES.items():
        pks = [seat.pk for seat in seats if seat.state == was]
        Assignment.objects.filter(pk__in=pks).update(state=becomes, closed_at=now)
    free_seats(seats)
    return len(seats)


def departed_with_seats() -> QuerySet[Member]:
    """Suspended and withdrawn members of whom something is still to be cleared away: a suspension was cut off half-way."""
    seats = Assignment.objects.filter(member=OuterRef("pk"))
    is_left = Exists(seats.filter(state=AssignmentState.OPEN, kind__in=SUSPENDABLE_KINDS)) | Exists(
        seats.filter(state=AssignmentState.ANSWERED, kind__in=SUSPENDABLE_KINDS)
    )
    return Member.objects.filter(is_left, state__in=DEPARTURES)


@transaction.atomic
def lift_suspension(*, member: Member, by: User | None, note: str = "", now: datetime | None = None) -> int:
    """Let a suspended member work again, and restore their votes where the seat is still free. Returns how many were.

    What they answered so far counts again, and is not held against them any more. Raises Conflict for a member who is not
    suspended.
    """
    now = now or timezone.now()
    locked = _locked(member)
    if locked.state != MemberState.SUSPENDED:
        raise Conflict(f"This member is {locked.state}, not suspended.", code="member_not_suspended")
    locked.state = MemberState.ACTIVE
    _start_afresh(locked, ActKind.LIFT, by, note, now)
    void = Vote.objects.filter(assignment__member=member, void_reason=VoidReason.SUSPENDED)
    seats = {
        seat.pair_id: seat
        for seat in Assignment.objects.filter(
            member=member, state=AssignmentState.RETURNED, pk__in=void.values("assignment")
        ).select_for_update(no_key=True)
    }
    of_machine = [seat.pk for seat in seats.values() if seat.kind == AssignmentKind.MACHINE]  # these take no seat
    seats = {pair_id: seat for pair_id, seat in seats.items() if seat.kind != AssignmentKind.MACHINE}
    pairs = Pair.objects.filter(pk__in=seats).select_for_update(no_key=True).order_by("pk")
    free = [pair for pair in pairs if pair.seats_taken < pair.votes_wanted]
    for pair in free:
        pair.seats_taken += 1
        pair.seats_a_on_left += seats[pair.pk].a_on_left
    Pair.objects.bulk_update(free, ["seats_taken", "seats_a_on_left"])
    restored = [seats[pair.pk].pk for pair in free] + of_machine
    void.filter(assignment__in=restored).update(void_reason=None, voided_at=None, voided_by=None)
    Assignment.objects.filter(pk__in=restored).update(state=AssignmentState.ANSWERED)
    return len(restored)


# --- the rules at work


def review_campaign(*, campaign: Campaign, now: datetime | None = None) -> list[Act]:
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
    _clear_away_after(acts, now)
    return acts


def _clear_away_after(acts: Iterable[Act], now: datetime) -> None:
    """The second transaction of each suspension. Where this is cut off, the beat does it."""
    for act in acts:
        if act.kind == ActKind.SUSPEND:
            clear_away(member_id=act.member_id, by=act.actor, now=now)


def _rule_on(campaign: Campaign, standings: Mapping[int, Standing], now: datetime) -> list[Act]:
    """What the rules do, the severest first; whom one has stopped is left alone by the milder ones."""
    rules = sorted(ruling.ensure_rules(campaign), key=lambda rule: SEVERITY[Outcome(rule.outcome)], reverse=True)
    annotators = Member.objects.filter(campaign=campaign, role=Role.ANNOTATOR, kind=MemberKind.HUMAN, standing__isnull=False)
    states = dict(annotators.exclude(state=MemberState.WITHDRAWN).values_list("pk", "state"))
    working = {pk for pk, state in states.items() if state == MemberState.ACTIVE and pk in standings}
    done, counted = _acts_of_rules(campaign)
    acts: list[Act] = []
    for rule in rules:
        if not rule.enabled:
            continue
        asked = [standings[pk] for pk in sorted(working) if pk not in done[rule.pk]]
        due = [standing for standing, is_bad in zip(asked, ruling.applies(rule, asked), strict=True) if is_bad]
        people = len(counted[rule.pk].union(standing.member_id for standing in due))
        is_too_many = bool(due) and ruling.is_too_many(people, of=len(states), share_max=campaign.review_share_max)
        if rule.asks_since is not None or is_too_many:
            _ask(rule, due, now)
            continue
        made = [act for standing in due if (act := _act_on(rule, standing, now))]
        acts += made
        if rule.outcome != Outcome.WARN:
            working.difference_update(act.member_id for act in made)
    return acts


def _acts_of_rules(campaign: Campaign) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """By rule: on whom it has acted since they started, or started afresh; and on whom since a manager last let it go on."""
    done: dict[int, set[int]] = defaultdict(set)
    counted: dict[int, set[int]] = defaultdict(set)
    acts = Act.objects.filter(rule__campaign=campaign).order_by()
    columns = ("rule", "member", "at", "kind", "rule__confirmed_at", "member__standing__counted_since")
    for rule, member, at, kind, confirmed_at, counted_since in acts.values_list(*columns):
        if counted_since is None or at > counted_since:
            done[rule].add(member)
        if kind != ActKind.DISMISS and (confirmed_at is None or at > confirmed_at):
            counted[rule].add(member)
    return done, counted


def _act_on(rule: ReviewRule, standing: Standing, now: datetime, by: User | None = None) -> Act | None:
    """What the rule says, on its figures. None where somebody else stopped the member meanwhile."""
    return _carry_out(rule, standing.member_id, ruling.figures_of(rule, standing), now, by)


def _carry_out(rule: ReviewRule, member_id: int, figures: Mapping[str, Any], now: datetime, by: User | None) -> Act | None:
    member = Member.objects.select_for_update(no_key=True).get(pk=member_id)
    if member.state != MemberState.ACTIVE:
        return None
    ground = Ground(rule=rule, figures=figures)
    if rule.outcome == Outcome.SUSPEND:
        return _begin_departure(member, MemberState.SUSPENDED, by, now, ground)
    if rule.outcome == Outcome.PAUSE:
        return pause_member(member=member, by=by, ground=ground, now=now)
    return warn_member(member=member, by=by, ground=ground, now=now)


def _ask(rule: ReviewRule, due: list[Standing], now: datetime) -> None:
    """Put down whom the rule would act on now, for a manager to decide."""
    if rule.asks_since is None:
        rule.asks_since = now
        rule.save(update_fields=["asks_since"])
    rule.proposals.exclude(member__in=[standing.member_id for standing in due]).delete()
    Proposal.objects.bulk_create(
        [Proposal(rule=rule, member_id=row.member_id, figures=ruling.figures_of(rule, row), proposed_at=now) for row in due],
        update_conflicts=True,
        unique_fields=["rule", "member"],
        update_fields=["figures"],
    )


def confirm_rule(*, rule: ReviewRule, by: User, now: datetime | None = None) -> list[Act]:
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
    _clear_away_after(acts, now)
    return acts


@transaction.atomic
def turn_off_rule(*, rule: ReviewRule, by: User, now: datetime | None = None) -> None:
    """A rule that asks acts on nobody, and is off. Raises Conflict where it does not ask any more."""
    now = now or timezone.now()
    locked = _locked_asking(rule)
    for row in locked.proposals.select_related("member"):
        _record(row.member, ActKind.DISMISS, by, now, Ground(rule=locked, figures=row.figures))
    locked.enabled, locked.asks_since = False, None
    locked.save(update_fields=["enabled", "asks_since"])
    locked.proposals.all().delete()


def _locked_asking(rule: ReviewRule) -> ReviewRule:
    wait_for_turn(Space.REVIEWING, rule.campaign.pk)
    locked = ReviewRule.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=rule.pk)
    if locked.asks_since is None:
        raise Conflict("Somebody has decided about this rule already.", code="rule_does_not_ask")
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
    answers = Assignment.objects.filter(member__campaign=campaign, state=AssignmentState.ANSWERED)
    if reviewed_at is None:
        return answers.exists()
    progress = getattr(campaign, "progress", None)
    votes = progress.votes_live if progress else 0
    if now - reviewed_at < max(REVIEW_PERIOD, REVIEW_PERIOD_PER_VOTE * votes):
        return False
    return answers.filter(closed_at__gt=reviewed_at - COMMITTED_WITHIN).exists()


# --- what managers set


@dataclass(frozen=True)
class RuleChange:
    """A rule as a manager wants it."""

    rule_id: int
    threshold: float
    minimum: int
    enabled: bool


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
        rule = campaign.review_rules.get(pk=change.rule_id)
        rule.threshold, rule.minimum, rule.enabled = change.threshold, change.minimum, change.enabled
        if not rule.enabled:
            rule.asks_since = None
            rule.proposals.all().delete()
        rule.save(update_fields=["threshold", "minimum", "enabled", "asks_since"])
