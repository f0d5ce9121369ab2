"""From votes to consensus: the only writer of Consensus rows, and of the state of pairs that have all their votes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from psycopg import sql

from annotator.choices import Choice, ConsensusMethod, Event, Label, PairState
from annotator.consensus.majority import majority_of_counts
from annotator.consensus.stopping import is_decided
from annotator.events import note_event
from annotator.models import Campaign, Consensus

METHOD = ConsensusMethod.MAJORITY
LABELS = [*Choice.values, Label.TIE.value]  # by the codes of consensus.majority
SETTLING_LOCK = 0x5C1 << 48
SCORING_LOCK = 0x5C0 << 48  # plus the campaign's id: a space of advisory locks of our own

# Whose votes count: regular ones that are live. A member who withdrew is left out even where a vote of theirs was not voided.
IS_COUNTED = sql.SQL("vote.void_reason IS NULL AND seat.kind = 'regular' AND member.state <> 'withdrawn'")

_COUNTS_SQL = sql.SQL("""
    SELECT vote.question_id, seat.pair_id,
           count(*) FILTER (WHERE vote.choice = 'a') AS n_a,
           count(*) FILTER (WHERE vote.choice = 'b') AS n_b,
           count(*) FILTER (WHERE vote.choice = 'both_good') AS n_both_good,
           count(*) FILTER (WHERE vote.choice = 'both_bad') AS n_both_bad
    FROM annotator_vote vote
    JOIN annotator_assignment seat ON seat.id = vote.assignment_id
    JOIN annotator_member member ON member.id = seat.member_id
    WHERE vote.question_id = ANY({questions}) AND {is_counted}
    GROUP BY vote.question_id, seat.pair_id
""")

# Everything a consensus says follows from the counts, so a row whose counts are right is right.
_CHANGED_SQL = sql.SQL("""
    CREATE TEMP TABLE scoring_changed AS
    SELECT question_id, pair_id, coalesce(fresh.n_a, 0) AS n_a, coalesce(fresh.n_b, 0) AS n_b,
           coalesce(fresh.n_both_good, 0) AS n_both_good, coalesce(fresh.n_both_bad, 0) AS n_both_bad
    FROM ({counts}) fresh
    FULL JOIN (
        SELECT question_id, pair_id, n_a, n_b, n_both_good, n_both_bad FROM annotator_consensus
        WHERE question_id = ANY({questions}) AND method = {method}
    ) known USING (question_id, pair_id)
    WHERE (fresh.n_a, fresh.n_b, fresh.n_both_good, fresh.n_both_bad)
          IS DISTINCT FROM (known.n_a, known.n_b, known.n_both_good, known.n_both_bad)
""")

# A million pairs have a few hundred different counts. Numpy judges each of these once, and the rows never leave the server.
_DISTINCT_SQL = """
    SELECT DISTINCT n_a, n_b, n_both_good, n_both_bad FROM scoring_changed
    WHERE n_a + n_b + n_both_good + n_both_bad > 0
"""
_UPSERT_SQL = """
    INSERT INTO annotator_consensus
        (question_id, pair_id, method, computed_at, n_a, n_b, n_both_good, n_both_bad,
         p_a, p_b, p_both_good, p_both_bad, label, confidence, agreement)
    SELECT changed.question_id, changed.pair_id, %(method)s, %(now)s, verdict.*
    FROM scoring_changed changed
    JOIN unnest(
        %(n_a)s::bigint[], %(n_b)s::bigint[], %(n_both_good)s::bigint[], %(n_both_bad)s::bigint[],
        %(p_a)s::float8[], %(p_b)s::float8[], %(p_both_good)s::float8[], %(p_both_bad)s::float8[],
        %(label)s::text[], %(confidence)s::float8[], %(agreement)s::float8[]
    ) AS verdict (n_a, n_b, n_both_good, n_both_bad, p_a, p_b, p_both_good, p_both_bad, label, confidence, agreement)
    ON (verdict.n_a, verdict.n_b, verdict.n_both_good, verdict.n_both_bad)
       = (changed.n_a, changed.n_b, changed.n_both_good, changed.n_both_bad)
    ON CONFLICT ON CONSTRAINT consensus_once_per_pair_question_method DO UPDATE SET
        computed_at = excluded.computed_at, label = excluded.label,
        n_a = excluded.n_a, n_b = excluded.n_b, n_both_good = excluded.n_both_good, n_both_bad = excluded.n_both_bad,
        p_a = excluded.p_a, p_b = excluded.p_b, p_both_good = excluded.p_both_good, p_both_bad = excluded.p_both_bad,
        confidence = excluded.confidence, agreement = excluded.agreement
"""
_DELETE_SQL = """
    DELETE FROM annotator_consensus consensus USING scoring_changed changed
    WHERE consensus.question_id = changed.question_id AND consensus.pair_id = changed.pair_id AND consensus.method = %(method)s
      AND changed.n_a + changed.n_b + changed.n_both_good + changed.n_both_bad = 0
"""

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
_PRIMARY_COUNTS_SQL = """
    SELECT seat.pair_id,
           count(*) FILTER (WHERE vote.choice = 'a'), count(*) FILTER (WHERE vote.choice = 'b'),
           count(*) FILTER (WHERE vote.choice = 'both_good'), count(*) FILTER (WHERE vote.choice = 'both_bad')
    FROM annotator_assignment seat
    JOIN annotator_vote vote ON vote.assignment_id = seat.id AND vote.void_reason IS NULL
    WHERE seat.pair_id = ANY(%(pairs)s) AND seat.kind = 'regular' AND seat.state = 'answered' AND vote.question_id = %(question)s
    GROUP BY seat.pair_id
"""
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


def counts_sql(question_ids: list[int]) -> sql.Composed:
    """A query for the counted votes: question_id, pair_id, n_a, n_b, n_both_good, n_both_bad. Pairs without any are left out."""
    return _COUNTS_SQL.format(is_counted=IS_COUNTED, questions=sql.Literal(question_ids))


@transaction.atomic
def score_campaign(*, campaign: Campaign, now: datetime | None = None) -> int:
    """Bring the consensus on every pair and question up to date with the votes. Returns how many pairs have one for the
    primary question.

    Writes only what changed, and removes the consensus of pairs whose last vote was voided. Two at once come one after the
    other, so that the older count never overwrites the newer.
    """
    questions = list(campaign.questions.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SCORING_LOCK + campaign.pk])
        changed = _CHANGED_SQL.format(
            counts=counts_sql(questions), questions=sql.Literal(questions), method=sql.Literal(METHOD.value)
        )
        cursor.execute(changed)
        cursor.execute(_DISTINCT_SQL)
        counts = cursor.fetchall()
        if counts:
            cursor.execute(_UPSERT_SQL, {"method": METHOD, "now": now or timezone.now(), **_verdicts(counts)})
        cursor.execute(_DELETE_SQL, {"method": METHOD})
        cursor.execute("DROP TABLE scoring_changed")
    return Consensus.objects.filter(question__campaign=campaign, question__position=0, method=METHOD).count()


def _verdicts(counts: list[tuple[int, ...]]) -> dict[str, list[Any]]:
    """The columns of a consensus for each row of counts."""
    result = majority_of_counts(np.array(counts))
    return {
        **{f"n_{choice}": result.counts[:, code].tolist() for code, choice in enumerate(Choice.values)},
        **{f"p_{choice}": result.shares[:, code].tolist() for code, choice in enumerate(Choice.values)},
        "label": [LABELS[code] for code in result.label],
        "confidence": result.confidence.tolist(),
        "agreement": [None if np.isnan(share) else share for share in result.agreement.tolist()],
    }


@transaction.atomic
def settle_pairs(*, campaign: Campaign) -> int:
    """Settle the pairs that have all their votes, ask for one more where these do not decide, and put back pairs that lost
    votes. Returns how many pairs changed.

    With `votes_max` equal to `votes_wanted` this is plain fixed overlap. Otherwise a pair whose leading answer is less
    probable than `stop_confidence` wants one vote more, up to `votes_max`. Gold pairs and held ones stay as they are.
    """
    with connection.cursor() as cursor:  # of two at once, the second sees whether the first has settled the last pair
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SETTLING_LOCK + campaign.pk])
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
            note_event(campaign=campaign, event=Event.CAMPAIGN_COMPLETE, data={"pairs_settled": settled})


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
        cursor.execute(_PRIMARY_COUNTS_SQL, {"pairs": pair_ids, "question": primary.pk})
        counted = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 1 + len(Choice.values))
    decided = is_decided(
        counted[:, 1:],
        votes_max=campaign.votes_max,
        stop_confidence=campaign.stop_confidence,
        n_choices=len(primary.choices),
    )
    return [int(pair_id) for pair_id in counted[~decided, 0]]
