"""Closing pairs that have enough votes, and opening others for more."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from django.db import connection, transaction
from django.db.models import F

from annotator.choices import Choice, Event, PairingRule, PairState
from annotator.consensus.stopping import is_decided
from annotator.feeds.outbox import enqueue_event
from annotator.lib.advisory_locks import Space, wait_for_turn
from annotator.lib.raw_sql import read_sql
from annotator.models import Campaign, Pair
from annotator.scoring.confidence import asked_counts, fit_question
from annotator.scoring.consensus_writer import counts_of
from annotator.scoring.pair_batches import has_pairs_to_come, is_paired_by_rule
from annotator.scoring.split_priors import prior_of

COMPLETE_SQL = read_sql(__file__, "complete_pairs")
INCOMPLETE_SQL = read_sql(__file__, "incomplete_pairs")
SHORT_AUDIT_SQL = read_sql(__file__, "short_audit_pairs")


@transaction.atomic
def settle_pairs(*, campaign: Campaign) -> int:
    """Settle the pairs that have all their votes, ask for one more where these do not decide, and put back pairs that lost
    votes. Returns how many pairs changed.

    With `votes_max` equal to `votes_wanted` this is plain fixed overlap. Otherwise a pair whose label is less probable than
    `stop_confidence`, by the prior that scoring has fitted last, wants one vote more, up to `votes_max`. Audit pairs go on to
    `votes_max` whatever people answer, one vote at a time like any other, and go on again when `votes_max` is raised. Gold pairs
    and held ones stay as they are. Where the pairing rule is `information_gain`, that rule asks for more votes on the pairs it
    makes (pair_batches.py).
    """
    wait_for_turn(Space.SETTLING, campaign.pk)  # of two at once, the second sees whether the first has settled the last pair
    complete = _pairs(campaign, COMPLETE_SQL)
    undecided = _undecided(campaign, complete)
    incomplete = _pairs(campaign, INCOMPLETE_SQL)
    short = _pairs(campaign, SHORT_AUDIT_SQL)  # settled before this call: those of it are not yet, so no pair is in both
    decided = set(complete) - set(undecided)
    Pair.objects.filter(pk__in=undecided).update(votes_wanted=F("votes_wanted") + 1)
    Pair.objects.filter(pk__in=decided).update(state=PairState.SETTLED)
    Pair.objects.filter(pk__in=incomplete).update(state=PairState.OPEN)
    Pair.objects.filter(pk__in=short).update(state=PairState.OPEN, votes_wanted=F("votes_wanted") + 1)
    if decided and not incomplete and not short:
        _note_completion(campaign)
    return len(complete) + len(incomplete) + len(short)


def _note_completion(campaign: Campaign) -> None:
    """For webhooks, when the last pair that was in circulation is settled, and the pairing rule makes no more."""
    # Again after the rule was asked, which takes longer: the rule may just have made its last pairs.
    if _has_open_pairs(campaign) or has_pairs_to_come(campaign) or _has_open_pairs(campaign):
        return
    settled = campaign.pairs.filter(state=PairState.SETTLED).count()
    enqueue_event(campaign=campaign, event=Event.CAMPAIGN_COMPLETE, data={"pairs_settled": settled})


def _has_open_pairs(campaign: Campaign) -> bool:
    regular = campaign.pairs.filter(state=PairState.OPEN, gold_choice__isnull=True)
    # Two questions, for each of which there is an index.
    return regular.filter(seats_taken__lt=F("votes_wanted")).exists() or regular.filter(seats_taken=F("votes_wanted")).exists()


def _pairs(campaign: Campaign, query: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"campaign": campaign.pk})
        return [pair_id for (pair_id,) in cursor.fetchall()]


def _undecided(campaign: Campaign, pair_ids: list[int]) -> list[int]:
    """Which of these pairs, all of whose seats are answered, need a further vote on the primary question."""
    if not pair_ids or campaign.votes_max <= campaign.votes_wanted:
        return []
    audit = Pair.objects.filter(pk__in=pair_ids, is_audit=True)
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
