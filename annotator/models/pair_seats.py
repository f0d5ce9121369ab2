from __future__ import annotations

from django.db import models
from django.db.models import Case, CheckConstraint, F, Index, Q, SmallIntegerField, Value, When
from django.utils.translation import gettext_lazy

from annotator.choices import PairState
from annotator.models.campaign_rules import VOTES_WANTED_LIMIT
from annotator.models.campaigns import Campaign
from annotator.models.fields import one_of

RING_SIZE = 2**31 - 1  # ring positions are drawn from [0, RING_SIZE)

FREE, FULL, SETTLED, AUDIT, SHORT, HELD, GOLD = "free", "full", "settled", "audit", "short", "held", "gold"
_HAS_FREE_SEATS = Q(seats_taken__lt=F("votes_wanted"))
_IS_SETTLED_AUDIT = Q(state=PairState.SETTLED, is_audit=True) & ~_HAS_FREE_SEATS
_LINE = Case(
    When(is_gold=True, then=Value(GOLD)),
    When(Q(state=PairState.OPEN) & _HAS_FREE_SEATS, then=Value(FREE)),
    When(state=PairState.OPEN, then=Value(FULL)),
    When(state=PairState.HELD, then=Value(HELD)),
    When(_HAS_FREE_SEATS, then=Value(SHORT)),
    When(is_audit=True, then=Value(AUDIT)),
    default=Value(SETTLED),
)
_RANK = Case(
    When(is_gold=True, then=Value(0)),
    When(_IS_SETTLED_AUDIT, then=F("votes_wanted")),
    default=F("priority"),
    output_field=SmallIntegerField(),
)


class PairSeats(models.Model):
    """The half of a pair that votes write: its seats, and its place in the order of assignment.

    Each vote's seat is counted here, so the rows are small, and have room on their page for the next version. No index has a
    column that most seats change: PostgreSQL then touches no index (a HOT update). That is why what is looked for stands in
    `line`, which changes when a pair gets full or is settled, and not with each seat.
    """

    # The pair's campaign. Django has no two fields of one name in a pair and its seats; a trigger of the pair holds them equal.
    of_campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="+", db_column="campaign_id", db_index=False, db_constraint=False
    )
    state = models.CharField(max_length=8, choices=PairState, default=PairState.OPEN)
    votes_wanted = models.PositiveSmallIntegerField()
    # Live regular assignments (open or answered), and on how many of them `a` stands on the left.
    seats_taken = models.PositiveSmallIntegerField(default=0, editable=False)
    seats_a_on_left = models.PositiveSmallIntegerField(default=0, editable=False)
    priority = models.SmallIntegerField(default=0, help_text=gettext_lazy("Annotators get pairs with a higher priority first."))
    ring = models.IntegerField(editable=False, help_text=gettext_lazy("Random position in the order of assignment."))
    is_audit = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text=gettext_lazy("Drawn at import to get the most votes per pair, whatever people answer."),
    )
    is_gold = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text=gettext_lazy("Whether the pair has a known answer. A trigger keeps it."),
    )
    line = models.GeneratedField(
        expression=_LINE,
        output_field=models.CharField(max_length=8),
        db_persist=True,
        help_text=gettext_lazy(
            "free or full: in circulation. short: settled, and lacks a seat. audit: settled, drawn for audit."
        ),
    )
    rank = models.GeneratedField(
        expression=_RANK,
        output_field=SmallIntegerField(),
        db_persist=True,
        help_text=gettext_lazy("The order in its line: votes wanted for audit, none for gold, else the priority."),
    )

    class Meta:
        db_table = "annotator_pair_seats"
        verbose_name_plural = gettext_lazy("pair seats")
        ordering = ["pk"]
        constraints = [
            CheckConstraint(condition=Q(seats_taken__lte=F("votes_wanted")), name="pair_seats_within_votes_wanted"),
            CheckConstraint(condition=Q(seats_a_on_left__lte=F("seats_taken")), name="pair_left_seats_within_seats"),
            CheckConstraint(
                condition=Q(votes_wanted__gte=1, votes_wanted__lte=VOTES_WANTED_LIMIT), name="pair_votes_wanted_range"
            ),
            CheckConstraint(condition=Q(ring__gte=0), name="pair_ring_not_negative"),
            one_of("state", PairState, name="pair_state_known"),
        ]
        indexes = [
            # judging/assigning.py: the next pairs with a free seat after a member's cursor. judging/gold_and_repeats.py: gold
            # pairs after a random place. scoring/settling.py: pairs that may have all their votes, that lost one, and audit
            # pairs with fewer than the most.
            Index(fields=["of_campaign", "line", "rank", "ring"], name="pair_line"),
            # scoring/pair_list.py: held pairs. No vote changes the state of a pair.
            Index(fields=["of_campaign", "id"], condition=Q(state=PairState.HELD), name="pair_held_by_number"),
        ]

    def __str__(self) -> str:
        return f"seats of pair {self.pk}"
