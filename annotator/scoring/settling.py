"""Closing pairs that have enough votes, and opening others for more."""

from __future__ import annotations

import numpy as np
from django.db import connection, transaction

from annotator.choices import Choice, Event, PairState
from annotator.consensus.stopping import is_decided
from annotator.feeds.outbox import enqueue_event
from annotator.lib.advisory_locks import Space, wait_for_turn
from annotator.models import Campaign
from annotator.scoring.consensus_writer import counts_sql

# A count per pair, and the pairs found first and changed then: a plan for all of it at once hangs on statistics that are
# older than the votes, and one that was wrong took minutes.
_ANSWERED_SQL = """
    (SELECT count(*) FROM annotator_assignment seat
     WHERE seat.pair_id = pair.id AND seat.kind = 'regular' AND seat.state = 'answered')
"""
# Pairs that somebody is taking or freeing a seat of at this moment are left for the next time, so that nobody waits here
# for a lock and no two transactions wait for each other.
_COMPLETE_SQL = f"""
    SELECT pair.id FROM annotator_pair pair
    WHERE pair.campaign_id = %(campaign)s AND pair.state = 'open' AND pair.gold_choice IS NULL
      AND pair.seats_taken = pair.votes_wanted AND {_ANSWERED_SQL} >= pair.votes_wanted
    FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608 - no value of a user's is in it
# A pair that lost a vote has a free seat or one that is open again; only those are counted.
_INCOMPLETE_SQL = f"""
    SELECT pair.id FROM annotator_pair pair
    WHERE pair.campaign_id = %(campaign)s AND pair.state = 'settled' AND pair.gold_choice IS NULL
      AND (pair.seats_taken < pair.votes_wanted
           OR pair.id IN (SELECT pair_id FROM annotator_assignment WHERE state = 'open' AND kind = 'regular'))
      AND {_ANSWERED_SQL} < pair.votes_wanted
    FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608

# As two questions, for each of which there is an index.
_ANY_IN_CIRCULATION_SQL = """
    SELECT EXISTS (SELECT FROM annotator_pair WHERE campaign_id = %(campaign)s AND state = 'open' AND gold_choice IS NULL
                   AND seats_taken < votes_wanted)
        OR EXISTS (SELECT FROM annotator_pair WHERE campaign_id = %(campaign)s AND state = 'open' AND gold_choice IS NULL
                   AND seats_taken = votes_wanted)
"""


@transaction.atomic
def settle_pairs(*, campaign: Campaign) -> int:
    """Settle the pairs that have all their votes, ask for one more where these do not decide, and put back pairs that lost
    votes. Returns how many pairs changed.

    With `votes_max` equal to `votes_wanted` this is plain fixed overlap. Otherwise a pair whose leading answer is less
    probable than `stop_confidence` wants one vote more, up to `votes_max`. Gold pairs and held ones stay as they are.
    """
    wait_for_turn(Space.SETTLING, campaign.pk)  # of two at once, the second sees whether the first has settled the last pair
    complete = _pairs(campaign, _COMPLETE_SQL)
    undecided = _undecided(campaign, complete)
    incomplete = _pairs(campaign, _INCOMPLETE_SQL)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE annotator_pair SET votes_wanted = votes_wanted + 1 WHERE id = ANY(%s)", [undecided])
        decided = list(set(complete) - set(undecided))
        for state, pair_ids in ((PairState.SETTLED, decided), (PairState.OPEN, incomplete)):
            cursor.execute("UPDATE annotator_pair SET state = %s WHERE id = ANY(%s)", [state, pair_ids])
    if decided and not incomplete:
        _note_completion(campaign)
    return len(complete) + len(incomplete)


def _note_completion(campaign: Campaign) -> None:
    """For webhooks, when the last pair that was in circulation is settled."""
    with connection.cursor() as cursor:
        cursor.execute(_ANY_IN_CIRCULATION_SQL, {"campaign": campaign.pk})
        if not cursor.fetchone()[0]:
            settled = campaign.pairs.filter(state=PairState.SETTLED).count()
            enqueue_event(campaign=campaign, event=Event.CAMPAIGN_COMPLETE, data={"pairs_settled": settled})


def _pairs(campaign: Campaign, query: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"campaign": campaign.pk})
        return [pair_id for (pair_id,) in cursor.fetchall()]


def _undecided(campaign: Campaign, pair_ids: list[int]) -> list[int]:
    """Which of these pairs, all of whose seats are answered, need a further vote on the primary question."""
    if not pair_ids or campaign.votes_max <= campaign.votes_wanted:
        return []
    primary = campaign.questions.get(position=0)
    with connection.cursor() as cursor:
        cursor.execute(counts_sql([primary.pk], pair_ids))
        counted = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 2 + len(Choice.values))
    _, pairs, counts = np.split(counted, [1, 2], axis=1)
    decided = is_decided(
        counts,
        votes_max=campaign.votes_max,
        stop_confidence=campaign.stop_confidence,
        n_choices=len(primary.choices),
    )
    return [int(pair_id) for pair_id in pairs[~decided, 0]]
