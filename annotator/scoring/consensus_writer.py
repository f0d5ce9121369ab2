"""From votes to consensus: the only writer of Consensus rows, with `label_fits` for the methods that need all votes at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from annotator.choices import AssignmentKind, CampaignState, Choice, ConsensusMethod, PairState
from annotator.consensus.majority import majority_of_counts
from annotator.consensus.posterior import Prior
from annotator.lib.advisory_locks import Space, lock_until_commit
from annotator.lib.planner_statistics import analyze_what_changed
from annotator.lib.raw_sql import read_sql
from annotator.models import Assignment, Campaign, CampaignScoring, Consensus, PairSeats, Question, SplitPrior, UnscoredAssignment
from annotator.models import pair_seats as lines
from annotator.scoring import label_fits
from annotator.scoring.confidence import confidence_of
from annotator.scoring.labels import LABELS
from annotator.scoring.split_priors import fit_what_is_due

METHOD = ConsensusMethod.MAJORITY  # is always written: quality/gold.py reads it, and its counts tell which pairs changed

# Beyond a quarter of the pairs it is as fast to count all; and a few are counted by themselves anyway.
CHANGED_SHARE_MAX, CHANGED_PAIRS_MIN = 0.25, 20_000

COUNTS_SQL = read_sql(__file__, "counts")
CHANGED_SQL = read_sql(__file__, "changed_pairs")
UPSERT_SQL = read_sql(__file__, "upsert_verdicts")
RESCORE_SQL = read_sql(__file__, "rescore_verdicts")
DECIMALS = 5  # of a probability that is kept: what comes after it would make rows anew each time a prior is fitted

# Takes away the notes of the campaign, and says which pairs they are about. `+ 0`: of a campaign that is younger than the
# planner's statistics it expects one seat, and would read all notes for each of them.
_TAKE_CHANGES_SQL = """
    DELETE FROM annotator_unscoredassignment unscored
    USING annotator_assignment seat
    WHERE seat.id = unscored.assignment_id AND seat.campaign_id + 0 = %s
    RETURNING seat.pair_id
"""


_DISTINCT_SQL = """
    SELECT DISTINCT question_id, n_a, n_b, n_both_good, n_both_bad FROM scoring_changed
    WHERE n_a + n_b + n_both_good + n_both_bad > 0
"""
_GROWN_SQL = """
    SELECT question_id, sum(n_a + n_b + n_both_good + n_both_bad - n_before)::bigint FROM scoring_changed GROUP BY question_id
"""
_KNOWN_COUNTS_SQL = """
    SELECT DISTINCT question_id, n_a, n_b, n_both_good, n_both_bad FROM annotator_consensus
    WHERE question_id = ANY(%(questions)s) AND method = %(method)s
"""
_DELETE_SQL = """
    DELETE FROM annotator_consensus consensus USING scoring_changed changed
    WHERE consensus.question_id = changed.question_id AND consensus.pair_id = changed.pair_id AND consensus.method = %(method)s
      AND changed.n_a + changed.n_b + changed.n_both_good + changed.n_both_bad = 0
"""


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
    get more, and a label method beside the majority that is behind the votes or no longer used."""
    pairs = PairSeats.objects.filter(of_campaign=OuterRef("pk"))
    full_or_short = pairs.filter(line__in=[lines.FULL, lines.SHORT])
    short_audit = pairs.filter(line=lines.AUDIT, rank__lt=OuterRef("votes_max"))  # `rank` is `votes_wanted` there
    reopened = Assignment.objects.open().filter(kind=AssignmentKind.REGULAR, pair__state=PairState.SETTLED)
    needs_fit = ~Q(consensus_method=METHOD)
    is_behind = (
        Q(scoring__dawid_skene_changes__isnull=True)
        | ~Q(scoring__dawid_skene_changes=F("scoring__changes"))
        | ~Q(scoring__fitted_method=F("consensus_method"))
    )
    return Campaign.objects.exclude(state=CampaignState.DRAFT).filter(
        Q(pk__in=UnscoredAssignment.objects.values("assignment__campaign"))
        | Exists(full_or_short)
        | (Q(votes_max__gt=F("votes_wanted")) & Exists(short_audit))
        | Q(pk__in=reopened.values("campaign"))
        | (needs_fit & is_behind)
        | (~needs_fit & Q(scoring__dawid_skene_changes__isnull=False))
        | (Q(scoring__isnull=False) & Exists(_without_prior(campaign=OuterRef("pk"))))
    )


def _without_prior(**which: Any) -> QuerySet[Question]:
    return Question.objects.filter(**which).exclude(pk__in=SplitPrior.objects.values("question"))


def score_campaign(*, campaign: Campaign, now: datetime | None = None) -> int:
    """Bring the consensus on every pair and question up to date with the votes, by every method the campaign has. Returns how
    many pairs have one for the primary question.

    Counts all votes, whatever was noted of them. Writes only what changed, and removes the consensus of pairs whose last vote
    was voided. Two at once come one after the other, so that the older count never overwrites the newer.
    """
    analyze_what_changed()
    _score(campaign, now or timezone.now(), counts_all=True, rests=False)
    return Consensus.objects.filter(question__campaign=campaign, question__position=0, method=METHOD).count()


def score_changes(*, campaign: Campaign, now: datetime | None = None) -> int:
    """The same where votes changed since it was scored last, and at the cost of these. Returns how many pairs were counted.

    A method that cannot be had in parts is left for later while it was run lately.
    """
    analyze_what_changed()
    return _score(campaign, now or timezone.now(), counts_all=False, rests=True)


def score_at_once(*, campaign: Campaign, now: datetime | None = None) -> None:
    """The same, with no method left for later: for a release, which says what the votes of this moment amount to."""
    analyze_what_changed()
    _score(campaign, now or timezone.now(), counts_all=False, rests=False)


@transaction.atomic
def _score(campaign: Campaign, now: datetime, *, counts_all: bool, rests: bool) -> int:
    lock_until_commit(Space.SCORING, campaign.pk)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_CHANGES_SQL, [campaign.pk])  # what is noted from here on is for the next time
        changed = {pair_id for (pair_id,) in cursor.fetchall()}
    scoring = _scoring_of(campaign)
    questions = list(campaign.questions.order_by("position"))
    wanted = None if counts_all or _is_most(campaign, len(changed)) else changed
    has_priors = not _without_prior(campaign=campaign).exists()
    written = _score_by_majority(questions, wanted, now) if wanted is None or wanted or not has_priors else 0
    if written or changed:
        scoring.changes += written + len(changed)
        scoring.save(update_fields=["changes"])
    method = ConsensusMethod(campaign.consensus_method)
    label_fits.forget_others(scoring, questions, method)
    if method != METHOD and label_fits.is_behind(scoring) and (not rests or label_fits.is_rested(scoring, now)):
        label_fits.fit_all(scoring, questions, method, now)
    return len(changed)


def _is_most(campaign: Campaign, changed: int) -> bool:
    return changed > CHANGED_PAIRS_MIN and changed > CHANGED_SHARE_MAX * campaign.pairs.count()


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
        cursor.execute(_GROWN_SQL)
        grown = {question_id: int(votes) for question_id, votes in cursor.fetchall()}
        priors, refitted = fit_what_is_due(questions, grown, fits_all=pair_ids is None, now=now)
        cursor.execute(_DISTINCT_SQL)
        counts = cursor.fetchall()
        if counts:
            cursor.execute(UPSERT_SQL, {"method": METHOD, "now": now, **_verdicts(counts, questions, priors)})
        cursor.execute(_DELETE_SQL, {"method": METHOD})
        cursor.execute("DROP TABLE scoring_changed")
        if refitted:
            cursor.execute(_KNOWN_COUNTS_SQL, {"questions": [question.pk for question in refitted], "method": METHOD})
            counts = cursor.fetchall()
            cursor.execute(RESCORE_SQL, {"method": METHOD, "now": now, **_verdicts(counts, questions, priors)})
            written += cursor.rowcount
    return int(written)


def _verdicts(counts: list[tuple[int, ...]], questions: list[Question], priors: dict[int, Prior]) -> dict[str, list[Any]]:
    """The columns of a consensus for each row of a question's id and counts."""
    table = np.array(counts, dtype=np.int64).reshape(-1, 1 + len(Choice.values))
    result = majority_of_counts(table[:, 1:])
    p, confidence, share = (np.zeros(shape) for shape in (result.counts.shape, len(table), len(table)))
    for question in questions:
        of_question = table[:, 0] == question.pk
        if of_question.any():
            found = confidence_of(priors[question.pk], table[of_question, 1:], result.label[of_question], question.choices)
            p[of_question], confidence[of_question], share[of_question] = found
    return {
        "question": table[:, 0].tolist(),
        **{f"n_{choice}": result.counts[:, code].tolist() for code, choice in enumerate(Choice.values)},
        **{f"p_{choice}": np.round(p[:, code], DECIMALS).tolist() for code, choice in enumerate(Choice.values)},
        "label": [LABELS[code] for code in result.label],
        "share": share.tolist(),
        "confidence": np.round(confidence, DECIMALS).tolist(),
        "agreement": [None if np.isnan(share) else share for share in result.agreement.tolist()],
    }
