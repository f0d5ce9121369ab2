"""From votes to consensus: the only writer of Consensus rows."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from annotator.choices import AssignmentKind, CampaignState, Choice, ConsensusMethod, Label, PairState
from annotator.consensus.majority import majority_of_counts
from annotator.lib.advisory_locks import Space, wait_for_turn
from annotator.lib.arrow import Snapshot, snapshot
from annotator.lib.raw_sql import read_sql
from annotator.models import Assignment, Campaign, CampaignScoring, Consensus, Pair, Question, UnscoredAssignment
from annotator.scoring.labels import CHOICES, dawid_skene_labels

METHOD = ConsensusMethod.MAJORITY  # is always written: quality/gold.py reads it, and its counts tell which pairs changed
LABELS = [*CHOICES, Label.TIE.value]  # by the codes of consensus.majority

# Beyond this many changed pairs it is as fast to count all.
CHANGED_PAIRS_MAX = 20_000
# Dawid–Skene looks at all votes whatever changed. At this many times what it took last, it is 5 % of one core at most.
DAWID_SKENE_PAUSE = 20
DECIMALS = 5  # of a probability that is kept: EM stops at 1e-6, and what comes after it would make rows anew each time


COUNTS_SQL = read_sql(__file__, "counts")
CHANGED_SQL = read_sql(__file__, "changed_pairs")
UPSERT_SQL = read_sql(__file__, "upsert_verdicts")
UPSERT_ROWS_SQL = read_sql(__file__, "upsert_dawid_skene")

# Takes away the notes of the campaign, and says which pairs they are about.
_TAKE_CHANGES_SQL = """
    DELETE FROM annotator_unscoredassignment unscored
    USING annotator_assignment seat
    WHERE seat.id = unscored.assignment_id AND seat.campaign_id = %s
    RETURNING seat.pair_id
"""


_DISTINCT_SQL = """
    SELECT DISTINCT n_a, n_b, n_both_good, n_both_bad FROM scoring_changed
    WHERE n_a + n_b + n_both_good + n_both_bad > 0
"""
_DELETE_SQL = """
    DELETE FROM annotator_consensus consensus USING scoring_changed changed
    WHERE consensus.question_id = changed.question_id AND consensus.pair_id = changed.pair_id AND consensus.method = %(method)s
      AND changed.n_a + changed.n_b + changed.n_both_good + changed.n_both_bad = 0
"""

# --- Dawid–Skene

_VOTES_SQL = """
    SELECT pair_id AS pair, member_id AS member, (array_position({choices}::text[], choice::text) - 1)::int2 AS choice
    FROM counted_vote WHERE question_id = {question}
"""
_KNOWN_SQL = """
    SELECT pair_id AS pair, n_a, n_b, n_both_good, n_both_bad, p_a, p_b, p_both_good, p_both_bad,
           (array_position({labels}::text[], label::text) - 1)::int2 AS label
    FROM annotator_consensus WHERE question_id = {question} AND method = {method} ORDER BY pair_id
"""
_NUMBERS = [f"n_{choice}" for choice in Choice.values] + [f"p_{choice}" for choice in Choice.values]


@dataclass(frozen=True)
class Counts:
    """A row of counts.sql: how many counted votes each choice has on a pair, for one question."""

    question_id: int
    pair_id: int
    n_a: int
    n_b: int
    n_both_good: int
    n_both_bad: int

    @property
    def by_choice(self) -> tuple[int, int, int, int]:
        """In the order of `Choice`."""
        return self.n_a, self.n_b, self.n_both_good, self.n_both_bad


def counts_of(question: Question, pair_ids: Collection[int]) -> list[Counts]:
    """The counted votes of a question on these pairs, by pair. Pairs without any are left out."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS_SQL, {"questions": [question.pk], "pairs": sorted(pair_ids)})
        return [Counts(*row) for row in cursor.fetchall()]


def campaigns_to_score() -> QuerySet[Campaign]:
    """Campaigns with something to do: votes that changed, pairs that may have all their votes or have lost some, audit pairs that
    get more, and Dawid–Skene, where it is behind the votes or no longer used."""
    pairs = Pair.objects.filter(campaign=OuterRef("pk"), gold_choice__isnull=True)
    full = pairs.filter(state=PairState.OPEN, seats_taken=F("votes_wanted"))
    short = pairs.filter(state=PairState.SETTLED, seats_taken__lt=F("votes_wanted"))
    short_audit = pairs.filter(state=PairState.SETTLED, is_audit=True, votes_wanted__lt=OuterRef("votes_max"))
    reopened = Assignment.objects.open().filter(kind=AssignmentKind.REGULAR, pair__state=PairState.SETTLED)
    uses_dawid_skene = Q(consensus_method=ConsensusMethod.DAWID_SKENE)
    is_behind = Q(scoring__dawid_skene_changes__isnull=True) | ~Q(scoring__dawid_skene_changes=F("scoring__changes"))
    return Campaign.objects.exclude(state=CampaignState.DRAFT).filter(
        Q(pk__in=UnscoredAssignment.objects.values("assignment__campaign"))
        | Exists(full)
        | Exists(short)
        | (Q(votes_max__gt=F("votes_wanted")) & Exists(short_audit))
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
        asked = {"questions": question_ids, "method": METHOD, "pairs": None if pair_ids is None else sorted(pair_ids)}
        cursor.execute(CHANGED_SQL, asked)
        written = cursor.rowcount
        cursor.execute(_DISTINCT_SQL)
        counts = cursor.fetchall()
        if counts:
            cursor.execute(UPSERT_SQL, {"method": METHOD, "now": now, **_verdicts(counts)})
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
    with snapshot() as votes:
        for question in questions:
            _score_by_dawid_skene(votes, question, now)
    scoring.dawid_skene_changes, scoring.dawid_skene_at = scoring.changes, now
    scoring.dawid_skene_seconds = time.perf_counter() - start
    scoring.save(update_fields=["dawid_skene_changes", "dawid_skene_at", "dawid_skene_seconds"])


def _score_by_dawid_skene(votes: Snapshot, question: Question, now: datetime) -> None:
    """Writes the rows that changed, and removes those of pairs without votes."""
    fresh = dawid_skene_of(votes, question)
    known = votes.columns(_KNOWN_SQL, labels=LABELS, question=question.pk, method=ConsensusMethod.DAWID_SKENE.value)
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
        cursor.execute(UPSERT_ROWS_SQL, {"question": question.pk, "method": ConsensusMethod.DAWID_SKENE, "now": now, **rows})
    Consensus.objects.filter(question=question, method=ConsensusMethod.DAWID_SKENE, pair__in=gone).delete()


def dawid_skene_of(votes: Snapshot, question: Question) -> dict[str, np.ndarray]:
    """The columns of a consensus by Dawid–Skene, with `label` as codes of LABELS, for each `pair` with a counted vote."""
    counted = votes.columns(_VOTES_SQL, choices=CHOICES, question=question.pk)
    labels = dawid_skene_labels(**counted, asked=question.choices)
    posterior = np.round(labels.posterior, DECIMALS)
    return {
        "pair": labels.pair,
        **{f"n_{choice}": labels.counts[:, code] for code, choice in enumerate(CHOICES)},
        **{f"p_{choice}": posterior[:, code] for code, choice in enumerate(CHOICES)},
        "label": labels.label,
        "confidence": posterior.max(axis=1, initial=0.0),
        "agreement": majority_of_counts(labels.counts).agreement,
    }
