"""What a manager does with pairs: take them out, put them back, move them in the line."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import AdjudicationOutcome, AssignmentState, PairState
from annotator.errors import Invalid
from annotator.judging.seats import release_assignments
from annotator.lib import audit
from annotator.models import Adjudication, Assignment, Flag, Pair, PairSeats, TakeDown, User
from annotator.models.audit import AuditAction

PRIORITY_LIMIT = 1000


@transaction.atomic
def hold_pairs(*, pair_ids: Collection[int], by: User | None, now: datetime | None = None) -> int:
    """Take pairs out of circulation, with their votes kept. Returns how many were not held before.

    Seats on them that were prepared and not shown yet go back at once; who has one on the screen may still answer it.
    """
    locked = PairSeats.objects.filter(pk__in=pair_ids).exclude(state=PairState.HELD).select_for_update(no_key=True).order_by("pk")
    held = [pair.pk for pair in locked]
    PairSeats.objects.filter(pk__in=held).update(state=PairState.HELD)
    unseen = Assignment.objects.open().filter(pair__in=held, shown_at__isnull=True)
    release_assignments(unseen, state=AssignmentState.EXPIRED, now=now or timezone.now())
    audit.record_pairs(AuditAction.PAIRS_HELD, by=by, pair_ids=held)
    return len(held)


@transaction.atomic
def return_pairs(*, pair_ids: Collection[int], by: User | None, now: datetime | None = None) -> int:
    """Put held pairs back in circulation; scoring settles those that have all their votes. Returns how many were held. Retired
    pairs stay where they are.

    The flags on them are resolved: only new ones count towards holding them again. A pair of which an image was taken down stays.
    """
    images = [OuterRef("image_a__sha256"), OuterRef("image_b__sha256")]
    gone = TakeDown.objects.filter(campaign=OuterRef("campaign"), sha256__in=images)
    pair_ids = list(Pair.objects.filter(~Exists(gone), pk__in=pair_ids).values_list("pk", flat=True))
    Flag.objects.filter(assignment__pair__in=pair_ids, resolved_at__isnull=True).update(
        resolved_at=now or timezone.now(), resolved_by=by
    )
    audit.record_pairs(AuditAction.PAIRS_RETURNED, by=by, pair_ids=pair_ids)
    held = PairSeats.objects.filter(pk__in=pair_ids, state=PairState.HELD)
    retired = Adjudication.objects.filter(pair__in=pair_ids, outcome=AdjudicationOutcome.RETIRE, undone_at__isnull=True)
    return held.exclude(pk__in=retired.values("pair")).update(state=PairState.OPEN)


@transaction.atomic
def set_priority(*, pair_ids: Collection[int], priority: int, by: User | None) -> int:
    """Set the priority of pairs: pairs with a higher priority are assigned first. Returns how many pairs exist."""
    if not -PRIORITY_LIMIT <= priority <= PRIORITY_LIMIT:
        raise Invalid(
            gettext("The priority is not valid."),
            errors={
                "priority": [
                    gettext("Use %(value)s to %(priority_limit)s.") % {"value": -PRIORITY_LIMIT, "priority_limit": PRIORITY_LIMIT}
                ]
            },
        )
    audit.record_pairs(AuditAction.PAIRS_PRIORITY, by=by, pair_ids=pair_ids, changes={"priority": (None, priority)})
    return PairSeats.objects.filter(pk__in=pair_ids).update(priority=priority)
