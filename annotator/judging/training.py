"""Training: gold pairs with feedback, which a new annotator must pass before judging regular pairs.

Everything follows from the answers of the current try, so a page that is opened twice or a request that is sent again
changes nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, Func, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import AssignmentKind, AssignmentState, MemberKind, MemberState, Role
from annotator.errors import Conflict, NotFound
from annotator.judging.eligibility import training_is_due, training_pairs
from annotator.judging.voting import cast_vote
from annotator.lib import audit
from annotator.models import Assignment, Campaign, Member, Pair, User, Vote
from annotator.models.audit import AuditAction

EVER = datetime(1970, 1, 1, tzinfo=UTC)  # before any answer


@dataclass(frozen=True)
class TrainingProgress:
    """Where a member is in the training: in this try, of the pairs `wanted`, how many are `answered`, and how many `right`."""

    member: Member
    wanted: int
    answered: int
    right: int

    @property
    def is_over(self) -> bool:
        return self.answered >= self.wanted

    @property
    def has_passed(self) -> bool:
        return self.right >= self.needed

    @property
    def needed(self) -> int:
        """How many must be right: the pass mark, rounded up."""
        mark = self.member.campaign.training_pass_mark * self.wanted
        return int(mark) if mark == int(mark) else int(mark) + 1

    @property
    def tries_left(self) -> int:
        return max(0, self.member.campaign.training_tries - self.member.training_try)


@dataclass(frozen=True)
class Feedback:
    """What came of an answer in the training."""

    assignment: Assignment
    choice: str
    progress: TrainingProgress

    @property
    def is_right(self) -> bool:
        return self.choice == self.assignment.pair.gold_choice


def progress_of(member: Member) -> TrainingProgress:
    campaign = member.campaign
    answers = _answers(member)
    right = answers.filter(votes__void_reason__isnull=True, votes__question__position=0, votes__choice=F("pair__gold_choice"))
    wanted = training_pairs(campaign)[: campaign.training_pairs].count()
    return TrainingProgress(member, wanted=wanted, answered=answers.count(), right=right.count())


def _answers(member: Member) -> QuerySet[Assignment]:
    """What the member has answered in their current try."""
    answers = Assignment.objects.filter(member=member, kind=AssignmentKind.TRAINING, state=AssignmentState.ANSWERED)
    return answers if member.training_since is None else answers.filter(created_at__gte=member.training_since)


@transaction.atomic
def next_training(*, member: Member, now: datetime | None = None) -> Assignment | None:
    """The training pair that is before the member, the same one until it is answered; None when the try is over.

    Pairs that they have not met come first, in an order of their own, each side by lot.
    """
    now = now or timezone.now()
    locked = Member.objects.select_for_update(no_key=True, of=("self",)).select_related("campaign").get(pk=member.pk)
    lease = now + timedelta(seconds=locked.campaign.lease_seconds)
    # Nobody else wants a training seat, so one whose lease ran out is simply leased again.
    seat = Assignment.objects.filter(
        member=locked, kind=AssignmentKind.TRAINING, state__in=(AssignmentState.OPEN, AssignmentState.EXPIRED)
    )
    if locked.training_since is not None:
        seat = seat.filter(created_at__gte=locked.training_since)
    found = seat.select_for_update(no_key=True, of=("self",)).first()
    if found is not None:
        found.state, found.lease_expires_at, found.closed_at = AssignmentState.OPEN, lease, None
        found.shown_at = found.shown_at or now
        found.save(update_fields=["state", "lease_expires_at", "closed_at", "shown_at"])
        return _with_pair(found, locked)
    if progress_of(locked).is_over or not training_is_due(locked):
        return None
    seen = Assignment.objects.filter(member=locked, kind=AssignmentKind.TRAINING, pair=OuterRef("pk"))
    this_try = seen if locked.training_since is None else seen.filter(created_at__gte=locked.training_since)
    pairs = training_pairs(locked.campaign).exclude(Exists(this_try)).annotate(is_known=Exists(seen))
    choice = sorted(pairs.values_list("is_known", "pk"))
    fresh = [pk for is_known, pk in choice if is_known == choice[0][0]] if choice else []
    if not fresh:
        return None
    made = Assignment.objects.create(
        campaign_id=locked.campaign_id,
        member=locked,
        pair_id=random.choice(fresh),  # noqa: S311 - nothing secret hangs on it
        kind=AssignmentKind.TRAINING,
        a_on_left=random.random() < 0.5,  # noqa: S311
        guideline_id=locked.campaign.guideline_id,
        lease_expires_at=lease,
        shown_at=now,
    )
    return _with_pair(made, locked)


def _with_pair(seat: Assignment, member: Member) -> Assignment:
    pair = Pair.objects.select_related("prompt", "image_a", "image_b").get(pk=seat.pair_id)
    seat.pair, seat.member = pair, member
    return seat


def answer_training(
    *,
    assignment_id: int,
    by: User,
    choices: dict[str, str],
    elapsed_ms: int | None = None,
    now: datetime | None = None,
) -> Feedback:
    """Record the answer to a training pair, and pass or fail the member when it was the last of the try.

    Raises NotFound for an assignment that is not theirs or no training, and as `cast_vote` does.
    """
    now = now or timezone.now()
    if not Assignment.objects.filter(pk=assignment_id, member__user=by, kind=AssignmentKind.TRAINING).exists():
        raise NotFound(gettext("This training pair does not exist, or it is not yours."))
    cast_vote(assignment_id=assignment_id, by=by, choices=choices, elapsed_ms=elapsed_ms, now=now)
    feedback = feedback_on(assignment_id=assignment_id, by=by)
    conclude(member=feedback.progress.member, now=now)
    return feedback


def feedback_on(*, assignment_id: int, by: User) -> Feedback:
    """What came of an answer that was given in the training. Raises NotFound."""
    vote = (
        Vote.objects.live()
        .filter(assignment=assignment_id, assignment__kind=AssignmentKind.TRAINING, assignment__member__user=by)
        .filter(question__position=0)
        .select_related("assignment__member__campaign", "assignment__pair__prompt")
        .select_related("assignment__pair__image_a", "assignment__pair__image_b")
        .first()
    )
    if vote is None or vote.assignment.pair.gold_choice is None:
        raise NotFound(gettext("This answer does not exist, or it is not yours."))
    return Feedback(vote.assignment, vote.choice, progress_of(vote.assignment.member))


@transaction.atomic
def conclude(*, member: Member, now: datetime | None = None) -> Member:
    """Pass or fail the member whose try is over; any other stays as they are. Returns the member as they are then."""
    locked = Member.objects.select_for_update(no_key=True, of=("self",)).select_related("campaign").get(pk=member.pk)
    progress = progress_of(locked)
    is_open = locked.training_passed_at is None and locked.training_failed_at is None
    if is_open and progress.is_over and progress.wanted:
        if progress.has_passed:
            locked.training_passed_at = now or timezone.now()
        else:
            locked.training_failed_at = now or timezone.now()
        locked.save(update_fields=["training_passed_at", "training_failed_at"])
    return locked


@transaction.atomic
def try_again(*, member: Member, now: datetime | None = None) -> Member:
    """The member's next try. Raises Conflict where the last one is not over, or no try is left."""
    locked = Member.objects.select_for_update(no_key=True, of=("self",)).select_related("campaign").get(pk=member.pk)
    if locked.training_failed_at is None:
        raise Conflict(gettext("You can try again only after you failed the training."), code="training_not_failed")
    if locked.training_try >= locked.campaign.training_tries:
        raise Conflict(gettext("You have used all your tries. The managers can give you another one."), code="training_over")
    return _begin(locked, now or timezone.now())


def _begin(locked: Member, now: datetime) -> Member:
    locked.training_try += 1
    locked.training_since, locked.training_failed_at, locked.training_passed_at = now, None, None
    locked.save(update_fields=["training_try", "training_since", "training_failed_at", "training_passed_at"])
    return locked


@transaction.atomic
def pass_training(*, member: Member, by: User | None, now: datetime | None = None) -> Member:
    """A manager lets somebody in, whatever the training said."""
    locked = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    locked.training_passed_at, locked.training_failed_at = locked.training_passed_at or now or timezone.now(), None
    locked.save(update_fields=["training_passed_at", "training_failed_at"])
    audit.record(AuditAction.TRAINING_PASSED, by=by, campaign=locked.campaign, target=locked.user)
    return locked


@transaction.atomic
def give_another_try(*, member: Member, by: User | None, now: datetime | None = None) -> Member:
    """A manager gives somebody who failed one more try, beyond the campaign's number. Raises Conflict for others."""
    locked = Member.objects.select_for_update(no_key=True, of=("self",)).select_related("campaign").get(pk=member.pk)
    if locked.training_failed_at is None:
        raise Conflict(gettext("This member has not failed the training."), code="training_not_failed")
    audit.record(AuditAction.TRAINING_AGAIN, by=by, campaign=locked.campaign, target=locked.user)
    return _begin(locked, now or timezone.now())


def trainees(campaign: Campaign) -> QuerySet[Member]:
    """The campaign's annotators with `answered` and `right` of their current try; those who wait for a manager first."""
    this_try = Assignment.objects.filter(
        created_at__gte=Coalesce(OuterRef("training_since"), Value(EVER)),
        member=OuterRef("pk"),
        kind=AssignmentKind.TRAINING,
        state=AssignmentState.ANSWERED,
    )
    is_right = Vote.objects.live().filter(assignment=OuterRef("pk"), question__position=0, choice=OuterRef("pair__gold_choice"))
    return (
        Member.objects.filter(campaign=campaign, role=Role.ANNOTATOR, kind=MemberKind.HUMAN)
        .exclude(state=MemberState.WITHDRAWN)
        .select_related("user")
        .annotate(answered=_number(this_try), right=_number(this_try.filter(Exists(is_right))))
        .order_by(F("training_failed_at").desc(nulls_last=True), F("training_passed_at").asc(nulls_first=True), "pk")
    )


def _number(seats: QuerySet[Assignment]) -> Subquery:
    """How many they are, for each row of the query around: a join of all seats and votes would read those of a campaign."""
    return Subquery(seats.order_by().values(number=Func(template="count(*)", output_field=IntegerField())))
