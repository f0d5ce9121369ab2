"""Closing pairs that have enough votes, and opening others for more."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from django.db import transaction
from django.db.models import F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery

from annotator.choices import AssignmentKind, AssignmentState, Choice, Event, PairingRule, PairState
from annotator.consensus.stopping import is_decided
from annotator.feeds.outbox import enqueue_event
from annotator.lib.advisory_locks import Space, lock_until_commit
from annotator.lib.planner_statistics import analyze_what_changed
from annotator.models import Assignment, Campaign, PairSeats
from annotator.models import pair_seats as lines
from annotator.scoring.confidence import asked_counts, fit_question
from annotator.scoring.consensus_writer import counts_of
from annotator.scoring.pair_batches import has_pairs_to_come, is_paired_by_rule
from annotator.scoring.split_priors import prior_of

# A count per pair, and the pairs found first and changed then: a plan for all of it at once hangs on statistics that are older
# than the votes, and one that was wrong took minutes.
ANSWERED = Subquery(
    Assignment.objects.filter(pair=OuterRef("pk"), kind=AssignmentKind.REGULAR, state=AssignmentState.ANSWERED)
    .order_by()
    .values(answered=Func(template="count(*)", output_field=IntegerField()))
)


def settle_pairs(*, campaign: Campaign) -> int:
    """Settle the pairs that have all their votes, ask for one more where these do not decide, and put back pairs that lost
    votes. Returns how many pairs changed.

    With `votes_max` equal to `votes_wanted` this is plain fixed overlap. Otherwise a pair whose label is less probable than
    `stop_confidence`, by the prior that scoring has fitted last, wants one vote more, up to `votes_max`. Audit pairs go on to
    `votes_max` whatever people answer, one vote at a time like any other, and go on again when `votes_max` is raised. Gold pairs
    and held ones stay as they are. Where the pairing rule is `information_gain`, that rule asks for more votes on the pairs it
    makes (pair_batches.py).
    """
    analyze_what_changed()
    return _settle_pairs(campaign)


@transaction.atomic
def _settle_pairs(campaign: Campaign) -> int:
    lock_until_commit(Space.SETTLING, campaign.pk)  # of two at once, the second sees whether the first has settled the last pair
    complete = _locked(_complete(campaign))
    undecided = _undecided(campaign, complete)
    incomplete = _locked(_incomplete(campaign))
    short = _locked(_short_audit(campaign))  # settled before this call: those of it are not yet, so no pair is in both
    decided = set(complete) - set(undecided)
    PairSeats.objects.filter(pk__in=undecided).update(votes_wanted=F("votes_wanted") + 1)
    PairSeats.objects.filter(pk__in=decided).update(state=PairState.SETTLED)
    PairSeats.objects.filter(pk__in=incomplete).update(state=PairState.OPEN)
    PairSeats.objects.filter(pk__in=short).update(state=PairState.OPEN, votes_wanted=F("votes_wanted") + 1)
    if decided and not incomplete and not short:
        _note_completion(campaign)
    return len(complete) + len(incomplete) + len(short)


def _note_completion(campaign: Campaign) -> None:
    """For webhooks, when the last pair that was in circulation is settled, and the pairing rule makes no more."""
    # Again after the rule was asked, which takes longer: the rule may just have made its last pairs.
    if _has_open_pairs(campaign) or has_pairs_to_come(campaign) or _has_open_pairs(campaign):
        return
    settled = PairSeats.objects.filter(of_campaign=campaign, state=PairState.SETTLED).count()
    enqueue_event(campaign=campaign, event=Event.CAMPAIGN_COMPLETE, data={"pairs_settled": settled})


def _has_open_pairs(campaign: Campaign) -> bool:
    return PairSeats.objects.filter(of_campaign=campaign, line__in=[lines.FREE, lines.FULL]).exists()


def _complete(campaign: Campaign) -> QuerySet[PairSeats]:
    """The pairs in circulation all of whose seats are answered."""
    return PairSeats.objects.filter(of_campaign=campaign, line=lines.FULL, votes_wanted__lte=ANSWERED)


def _incomplete(campaign: Campaign) -> QuerySet[PairSeats]:
    """The settled pairs that lost a vote: those have a free seat or one that is open again, and only they are counted."""
    reopened = Assignment.objects.open().filter(kind=AssignmentKind.REGULAR)
    lost = Q(line=lines.SHORT) | Q(pk__in=reopened.values("pair"), line__in=[lines.SETTLED, lines.AUDIT])
    return PairSeats.objects.filter(lost, of_campaign=campaign, votes_wanted__gt=ANSWERED)


def _short_audit(campaign: Campaign) -> QuerySet[PairSeats]:
    """The settled audit pairs that want fewer votes than the campaign now gives at most.

    There are some after the campaign raised that number, or went from fixed to adaptive overlap. With fixed overlap audit pairs
    are like any other.
    """
    if campaign.votes_max <= campaign.votes_wanted:
        return PairSeats.objects.none()
    # `rank` is `votes_wanted` here, and in the index.
    return PairSeats.objects.filter(of_campaign=campaign, line=lines.AUDIT, rank__lt=campaign.votes_max)


def _locked(pairs: QuerySet[PairSeats]) -> list[int]:
    """Their ids. Pairs that somebody is taking or freeing a seat of at this moment are left for the next time, so that nobody
    waits here for a lock and no two transactions wait for each other."""
    return list(pairs.order_by().select_for_update(no_key=True, skip_locked=True, of=("self",)).values_list("pk", flat=True))


def _undecided(campaign: Campaign, pair_ids: list[int]) -> list[int]:
    """Which of these pairs, all of whose seats are answered, need a further vote on the primary question."""
    if not pair_ids or campaign.votes_max <= campaign.votes_wanted:
        return []
    audit = PairSeats.objects.filter(pk__in=pair_ids, is_audit=True)
    short = audit.filter(votes_wanted__lt=campaign.votes_max).values_list("pk", flat=True)
    by_rule = set(pair_ids) - set(audit.values_list("pk", flat=True))
    return [*short, *_undecided_by_rule(campaign, by_rule)]


def _undecided_by_rule(campaign: Campaign, pair_ids: Collection[int]) -> list[int]:
    """Which of these pairs the stopping rule does not stop."""
    if campaign.pairing_rule == PairingRule.INFORMATION_GAIN:  # which decides by itself where further votes go
        pair_ids = set(pair_ids) - is_paired_by_rule(pair_ids)
    primary = campaign.questions.get(position=0)
    prior = prior_of(primary) or fit_question(np.zeros((0, len(Choice.values)), dtype=np.int64), primary.choices)
    counted = counts_of(primary, pair_ids)
    counts = np.array([pair.by_choice for pair in counted], dtype=np.int64).reshape(-1, len(Choice.values))
    decided = is_decided(
        prior,
        asked_counts(counts, primary.choices),
        votes_max=campaign.votes_max,
        stop_confidence=campaign.stop_confidence,
    )
    return [pair.pair_id for pair, is_over in zip(counted, decided, strict=True) if not is_over]
