"""From votes to consensus: the only writer of Consensus rows, and of the state of pairs that have all their votes."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from psycopg import sql

from annotator.choices import AssignmentKind, CampaignState, Choice, ConsensusMethod, Label, PairState
from annotator.consensus.dawid_skene import dawid_skene
from annotator.consensus.majority import majority_of_counts
from annotator.lib.advisory_locks import Space, wait_for_turn
from annotator.lib.copy_numpy import read_columns
from annotator.models import Assignment, Campaign, CampaignScoring, Consensus, Pair, Question, UnscoredAssignment

METHOD = ConsensusMethod.MAJORITY  # is always written: progress, assigning and reviewing read it
LABELS = [*Choice.values, Label.TIE.value]  # by the codes of consensus.majority

# Beyond this many changed pairs it is as fast to count all.
CHANGED_PAIRS_MAX = 20_000
# Dawid–Skene looks at all votes whatever changed. At this many times what it took last, it is 5 % of one core at most.
DAWID_SKENE_PAUSE = 20
# Votes that every cell of an annotator's confusion matrix has beforehand. Without any, somebody's first votes would make them
# infallible or worthless; a tenth moves nothing that twenty votes say.
SMOOTHING = 0.1
DECIMALS = 5  # of a probability that is kept; EM stops at 1e-6

_COUNTS_SQL = sql.SQL("""
    SELECT question_id, pair_id,
           count(*) FILTER (WHERE choice = 'a') AS n_a,
           count(*) FILTER (WHERE choice = 'b') AS n_b,
           count(*) FILTER (WHERE choice = 'both_good') AS n_both_good,
           count(*) FILTER (WHERE choice = 'both_bad') AS n_both_bad
    FROM counted_vote
    WHERE question_id = ANY({questions}) AND {is_asked}
    GROUP BY question_id, pair_id
""")

# Takes away the notes of the campaign, and says which pairs they are about.
_TAKE_CHANGES_SQL = """
    DELETE FROM annotator_unscoredassignment unscored
    USING annotator_assignment seat
    WHERE seat.id = unscored.assignment_id AND seat.campaign_id = %s
    RETURNING seat.pair_id
"""

# Everything a consensus says follows from the counts, so a row whose counts are right is right.
_CHANGED_SQL = sql.SQL("""
    CREATE TEMP TABLE scoring_changed AS
    SELECT question_id, pair_id, coalesce(fresh.n_a, 0) AS n_a, coalesce(fresh.n_b, 0) AS n_b,
           coalesce(fresh.n_both_good, 0) AS n_both_good, coalesce(fresh.n_both_bad, 0) AS n_both_bad
    FROM ({counts}) fresh
    FULL JOIN (
        SELECT question_id, pair_id, n_a, n_b, n_both_good, n_both_bad FROM annotator_consensus
        WHERE question_id = ANY({questions}) AND method = {method} AND {is_asked}
    ) known USING (question_id, pair_id)
    WHERE (fresh.n_a, fresh.n_b, fresh.n_both_good, fresh.n_both_bad)
          IS DISTINCT FROM (known.n_a, known.n_b, known.n_both_good, known.n_both_bad)
""")

# A million pairs have a few hundred different counts. Numpy judges each of these once, and the rows never leave the server.
_DISTINCT_SQL = """
    SELECT DISTINCT n_a, n_b, n_both_good, n_both_bad FROM scoring_changed
    WHERE n_a + n_b + n_both_good + n_both_bad > 0
"""
_REPLACE_SQL = """
    ON CONFLICT ON CONSTRAINT consensus_once_per_pair_question_method DO UPDATE SET
        computed_at = excluded.computed_at, label = excluded.label,
        n_a = excluded.n_a, n_b = excluded.n_b, n_both_good = excluded.n_both_good, n_both_bad = excluded.n_both_bad,
        p_a = excluded.p_a, p_b = excluded.p_b, p_both_good = excluded.p_both_good, p_both_bad = excluded.p_both_bad,
        confidence = excluded.confidence, agreement = excluded.agreement
"""
_UPSERT_SQL = f"""
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
    {_REPLACE_SQL}
"""  # noqa: S608 - no value of a user's is in it
_DELETE_SQL = """
    DELETE FROM annotator_consensus consensus USING scoring_changed changed
    WHERE consensus.question_id = changed.question_id AND consensus.pair_id = changed.pair_id AND consensus.method = %(method)s
      AND changed.n_a + changed.n_b + changed.n_both_good + changed.n_both_bad = 0
"""

# --- Dawid–Skene

# In the same order whenever it is read, so that the same votes give the same numbers to the last bit.
_VOTES_SQL = sql.SQL("""
    SELECT pair_id, member_id, (array_position({choices}::text[], choice::text) - 1)::int2
    FROM counted_vote
    WHERE question_id = {question} AND choice = ANY({choices}::text[])
    ORDER BY pair_id, member_id, id
""")
_KNOWN_SQL = sql.SQL("""
    SELECT pair_id, n_a::int2, n_b::int2, n_both_good::int2, n_both_bad::int2, p_a, p_b, p_both_good, p_both_bad,
           (array_position({labels}::text[], label::text) - 1)::int2
    FROM annotator_consensus WHERE question_id = {question} AND method = {method} ORDER BY pair_id
""")
_NUMBERS = [f"n_{choice}" for choice in Choice.values] + [f"p_{choice}" for choice in Choice.values]
_UPSERT_ROWS_SQL = f"""
    INSERT INTO annotator_consensus
        (question_id, method, computed_at, pair_id, n_a, n_b, n_both_good, n_both_bad,
         p_a, p_b, p_both_good, p_both_bad, label, confidence, agreement)
    SELECT %(question)s, %(method)s, %(now)s, fresh.* FROM unnest(
        %(pair)s::bigint[], %(n_a)s::int[], %(n_b)s::int[], %(n_both_good)s::int[], %(n_both_bad)s::int[],
        %(p_a)s::float8[], %(p_b)s::float8[], %(p_both_good)s::float8[], %(p_both_bad)s::float8[],
        %(label)s::text[], %(confidence)s::float8[], %(agreement)s::float8[]
    ) AS fresh
    {_REPLACE_SQL}
"""  # noqa: S608


def counts_sql(question_ids: list[int], pair_ids: Collection[int] | None = None) -> sql.Composed:
    """A query for the counted votes: question_id, pair_id, n_a, n_b, n_both_good, n_both_bad. Pairs without any are left out.

    Of these pairs alone, where they are given.
    """
    return _COUNTS_SQL.format(questions=sql.Literal(question_ids), is_asked=_is_among(pair_ids))


def _is_among(pair_ids: Collection[int] | None) -> sql.Composable:
    return sql.SQL("true") if pair_ids is None else sql.SQL("pair_id = ANY({})").format(sql.Literal(sorted(pair_ids)))


def campaigns_to_score() -> QuerySet[Campaign]:
    """Campaigns with something to do: votes that changed, pairs that may have all their votes or have lost some, and
    Dawid–Skene, where it is behind the votes or no longer used."""
    pairs = Pair.objects.filter(campaign=OuterRef("pk"), gold_choice__isnull=True)
    full = pairs.filter(state=PairState.OPEN, seats_taken=F("votes_wanted"))
    short = pairs.filter(state=PairState.SETTLED, seats_taken__lt=F("votes_wanted"))
    reopened = Assignment.objects.open().filter(kind=AssignmentKind.REGULAR, pair__state=PairState.SETTLED)
    uses_dawid_skene = Q(consensus_method=ConsensusMethod.DAWID_SKENE)
    is_behind = Q(scoring__dawid_skene_changes__isnull=True) | ~Q(scoring__dawid_skene_changes=F("scoring__changes"))
    return Campaign.objects.exclude(state=CampaignState.DRAFT).filter(
        Q(pk__in=UnscoredAssignment.objects.values("assignment__campaign"))
        | Exists(full)
        | Exists(short)
        | Q(pk__in=reopened.values("campaign"))
        | (uses_dawid_skene & is_behind)
        | (~uses_dawid_skene & Q(scoring__dawid_skene_changes__isnull=False))
    )


def score_campaign(*, campaign: Campaign, now: datetime | None = None) -> int:
    """Bring the consensus on every pair and question up to date with the votes, by every method the campaign has. Returns how
    many pairs have one for the primary question.

    Counts all votes, whatever was noted of them. Writes only what changed, and removes the consensus of pairs whose last vote
    was voided. Two at once come one after the other, so that the older count never overwrites the newer.
    """
    _score(campaign, now or timezone.now(), counts_all=True)
    return Consensus.objects.filter(question__campaign=campaign, question__position=0, method=METHOD).count()


def score_changes(*, campaign: Campaign, now: datetime | None = None) -> int:
    """The same where votes changed since it was scored last, and at the cost of these. Returns how many pairs were counted.

    Dawid–Skene, which cannot be had in parts, is left for later while it was run lately.
    """
    return _score(campaign, now or timezone.now(), counts_all=False)


@transaction.atomic
def _score(campaign: Campaign, now: datetime, *, counts_all: bool) -> int:
    wait_for_turn(Space.SCORING, campaign.pk)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_CHANGES_SQL, [campaign.pk])  # what is noted from here on is for the next time
        changed = {pair_id for (pair_id,) in cursor.fetchall()}
    scoring = _scoring_of(campaign)
    questions = list(campaign.questions.order_by("position"))
    wanted = None if counts_all or len(changed) > CHANGED_PAIRS_MAX else changed
    written = _score_by_majority(questions, wanted, now) if wanted is None or wanted else 0
    if written or changed:
        scoring.changes += written + len(changed)
        scoring.save(update_fields=["changes"])
    if campaign.consensus_method != ConsensusMethod.DAWID_SKENE:
        _forget_dawid_skene(scoring, questions)
    elif scoring.dawid_skene_changes != scoring.changes and (counts_all or _is_rested(scoring, now)):
        _score_all_by_dawid_skene(scoring, questions, now)
    return len(changed)


def _scoring_of(campaign: Campaign) -> CampaignScoring:
    """The campaign's row, made where there is none. The caller holds the lock, so nobody else makes it meanwhile."""
    known = CampaignScoring.objects.filter(campaign=campaign).first()
    return known or CampaignScoring.objects.create(campaign=campaign)


def _score_by_majority(questions: list[Question], pair_ids: Collection[int] | None, now: datetime) -> int:
    """Returns how many rows were written or removed."""
    question_ids = [question.pk for question in questions]
    with connection.cursor() as cursor:
        changed = _CHANGED_SQL.format(
            counts=counts_sql(question_ids, pair_ids),
            questions=sql.Literal(question_ids),
            method=sql.Literal(METHOD.value),
            is_asked=_is_among(pair_ids),
        )
        cursor.execute(changed)
        written = cursor.rowcount
        cursor.execute(_DISTINCT_SQL)
        counts = cursor.fetchall()
        if counts:
            cursor.execute(_UPSERT_SQL, {"method": METHOD, "now": now, **_verdicts(counts)})
        cursor.execute(_DELETE_SQL, {"method": METHOD})
        cursor.execute("DROP TABLE scoring_changed")
    return int(written)


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


def _is_rested(scoring: CampaignScoring, now: datetime) -> bool:
    pause = timedelta(seconds=DAWID_SKENE_PAUSE * scoring.dawid_skene_seconds)
    return scoring.dawid_skene_at is None or now - scoring.dawid_skene_at >= pause


def _forget_dawid_skene(scoring: CampaignScoring, questions: list[Question]) -> None:
    """Where the campaign no longer uses it: what nobody keeps up to date is not to be read."""
    if scoring.dawid_skene_changes is not None:
        Consensus.objects.filter(question__in=questions, method=ConsensusMethod.DAWID_SKENE).delete()
        scoring.dawid_skene_changes = scoring.dawid_skene_at = None
        scoring.save(update_fields=["dawid_skene_changes", "dawid_skene_at"])


def _score_all_by_dawid_skene(scoring: CampaignScoring, questions: list[Question], now: datetime) -> None:
    """From the soft majority each time, never from the last result: that is nearer, but then what came out would hang on
    when it was asked, and the same votes would not give the same labels."""
    start = time.perf_counter()
    for question in questions:
        _score_by_dawid_skene(question, now)
    scoring.dawid_skene_changes, scoring.dawid_skene_at = scoring.changes, now
    scoring.dawid_skene_seconds = time.perf_counter() - start
    scoring.save(update_fields=["dawid_skene_changes", "dawid_skene_at", "dawid_skene_seconds"])


def _score_by_dawid_skene(question: Question, now: datetime) -> None:
    """Writes the rows that changed, and removes those of pairs without votes."""
    fresh = dawid_skene_of(question)
    query = _KNOWN_SQL.format(
        labels=sql.Literal(LABELS), question=sql.Literal(question.pk), method=sql.Literal(ConsensusMethod.DAWID_SKENE.value)
    )
    counts, shares = {f"n_{choice}": "int2" for choice in Choice.values}, {f"p_{choice}": "float8" for choice in Choice.values}
    known = read_columns(query, {"pair": "int8", **counts, **shares, "label": "int2"})
    at = np.searchsorted(known["pair"], fresh["pair"])
    at[at == len(known["pair"])] = 0
    is_same = (known["pair"][at] == fresh["pair"]) if len(known["pair"]) else np.zeros(len(at), dtype=np.bool_)
    for name in [*_NUMBERS, "label"]:
        is_same[is_same] = known[name][at[is_same]] == fresh[name][is_same]
    rows = {name: column[~is_same].tolist() for name, column in fresh.items()}
    rows["label"] = [LABELS[code] for code in rows["label"]]
    rows["agreement"] = [None if np.isnan(share) else share for share in rows["agreement"]]
    gone = np.setdiff1d(known["pair"], fresh["pair"]).tolist()
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT_ROWS_SQL, {"question": question.pk, "method": ConsensusMethod.DAWID_SKENE, "now": now, **rows})
    Consensus.objects.filter(question=question, method=ConsensusMethod.DAWID_SKENE, pair__in=gone).delete()


def dawid_skene_of(question: Question) -> dict[str, np.ndarray]:
    """The columns of a consensus by Dawid–Skene, with `label` as codes of LABELS, for each `pair` with a counted vote."""
    choices = [choice for choice in Choice.values if choice in question.choices]
    query = _VOTES_SQL.format(choices=sql.Literal(choices), question=sql.Literal(question.pk))
    votes = read_columns(query, {"pair": "int8", "member": "int8", "choice": "int2"})
    pair, task = np.unique(votes["pair"], return_inverse=True)
    member, annotator = np.unique(votes["member"], return_inverse=True)
    result = dawid_skene(
        task,
        annotator,
        votes["choice"],
        n_tasks=len(pair),
        n_annotators=len(member),
        n_choices=len(choices),
        smoothing=SMOOTHING,
    )
    codes = [Choice.values.index(choice) for choice in choices]
    counts, posterior = np.zeros((len(pair), len(Choice.values)), np.int64), np.zeros((len(pair), len(Choice.values)))
    np.add.at(counts, (task, np.array(codes)[votes["choice"]]), 1)
    posterior[:, codes] = np.round(result.posterior, DECIMALS)
    return {
        "pair": pair,
        **{f"n_{choice}": counts[:, code] for code, choice in enumerate(Choice.values)},
        **{f"p_{choice}": posterior[:, code] for code, choice in enumerate(Choice.values)},
        "label": np.array([*codes, len(Choice.values)])[result.label],
        "confidence": posterior.max(axis=1, initial=0.0),
        "agreement": majority_of_counts(counts).agreement,
    }
