"""Consensus by the label methods that need all votes of a question at once: when they are due, what they write, and how it came
about. `consensus_writer` calls them, in its transaction and under its lock."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from django.db import connection

from annotator.choices import Choice, ConsensusMethod
from annotator.consensus.majority import majority_of_counts
from annotator.consensus.posterior import Prior
from annotator.lib.arrow import Snapshot, snapshot
from annotator.lib.raw_sql import read_sql
from annotator.models import CampaignScoring, CampaignStatistics, Consensus, LabelFit, Question
from annotator.scoring.confidence import confidence_of, fit_question
from annotator.scoring.labels import CHOICES, LABELS, CampaignLabels, Fit, labels_by
from annotator.scoring.split_priors import prior_of

MAJORITY = ConsensusMethod.MAJORITY
# They look at all votes whatever changed. At this many times what it took last, it is 5 % of one core at most.
PAUSE = 20
DECIMALS = 5  # of a probability that is kept: EM stops at 1e-6, and what comes after it would make rows anew each time

UPSERT_ROWS_SQL = read_sql(__file__, "upsert_labels")
COPY_MAJORITY_SQL = read_sql(__file__, "copy_majority")

_VOTES_SQL = """
    SELECT pair_id AS pair, member_id AS member, (array_position({choices}::text[], choice::text) - 1)::int2 AS choice
    FROM counted_vote WHERE question_id = {question}
"""
_KNOWN_SQL = """
    SELECT pair_id AS pair, n_a, n_b, n_both_good, n_both_bad, p_a, p_b, p_both_good, p_both_bad,
           confidence, (array_position({labels}::text[], label::text) - 1)::int2 AS label
    FROM annotator_consensus WHERE question_id = {question} AND method = {method} ORDER BY pair_id
"""
_NUMBERS = [f"n_{choice}" for choice in Choice.values] + [f"p_{choice}" for choice in Choice.values]


def is_rested(scoring: CampaignScoring, now: datetime) -> bool:
    pause = timedelta(seconds=PAUSE * scoring.dawid_skene_seconds)
    return scoring.dawid_skene_at is None or now - scoring.dawid_skene_at >= pause


def is_behind(scoring: CampaignScoring) -> bool:
    """Whether votes have changed since."""
    return scoring.dawid_skene_changes is None or scoring.dawid_skene_changes != scoring.changes


def forget_others(scoring: CampaignScoring, questions: list[Question], method: ConsensusMethod) -> None:
    """Where the campaign has another method now: what nobody keeps up to date is not to be read."""
    if scoring.dawid_skene_changes is None or scoring.fitted_method == method:
        return
    Consensus.objects.filter(question__in=questions).exclude(method__in=[MAJORITY, method]).delete()
    LabelFit.objects.filter(question__in=questions).delete()
    scoring.fitted_method, scoring.dawid_skene_changes, scoring.dawid_skene_at = "", None, None
    scoring.save(update_fields=["fitted_method", "dawid_skene_changes", "dawid_skene_at"])


def fit_all(scoring: CampaignScoring, questions: list[Question], method: ConsensusMethod, now: datetime) -> None:
    """Without regard to the last result each time: from there it is nearer, but then what came out would hang on when it was
    asked, and the same votes would not give the same labels."""
    start = time.perf_counter()
    with snapshot() as votes:
        for question in questions:
            _score_by(method, votes, question, now)
    scoring.fitted_method, scoring.dawid_skene_changes, scoring.dawid_skene_at = method, scoring.changes, now
    scoring.dawid_skene_seconds = time.perf_counter() - start
    scoring.save(update_fields=["fitted_method", "dawid_skene_changes", "dawid_skene_at", "dawid_skene_seconds"])


def _score_by(method: ConsensusMethod, votes: Snapshot, question: Question, now: datetime) -> None:
    """Writes the rows that changed, and removes those of pairs without votes."""
    labels = labels_of(method, votes, question)
    if labels.fit.method == MAJORITY:  # `auto` chose it, and the majority has been counted
        with connection.cursor() as cursor:
            cursor.execute(COPY_MAJORITY_SQL, {"question": question.pk, "method": method, "majority": MAJORITY, "now": now})
        majority = Consensus.objects.filter(question=question, method=MAJORITY)
        Consensus.objects.filter(question=question, method=method).exclude(pair__in=majority.values("pair")).delete()
    else:
        _write_labels(method, votes, question, columns_of(labels, _prior(question, labels), question.choices), now)
    _note_fit(question, labels.fit, now)


def _write_labels(
    method: ConsensusMethod, votes: Snapshot, question: Question, fresh: dict[str, np.ndarray], now: datetime
) -> None:
    known = votes.columns(_KNOWN_SQL, labels=LABELS, question=question.pk, method=method.value)
    at = np.searchsorted(known["pair"], fresh["pair"])
    at[at == len(known["pair"])] = 0
    is_same = (known["pair"][at] == fresh["pair"]) if len(known["pair"]) else np.zeros(len(at), dtype=np.bool_)
    for name in [*_NUMBERS, "confidence", "label"]:
        is_same[is_same] = known[name][at[is_same]] == fresh[name][is_same]
    rows = {name: column[~is_same].tolist() for name, column in fresh.items()}
    rows["label"] = [LABELS[code] for code in rows["label"]]
    rows["agreement"] = [None if np.isnan(share) else share for share in rows["agreement"]]
    gone = np.setdiff1d(known["pair"], fresh["pair"]).tolist()
    with connection.cursor() as cursor:
        cursor.execute(UPSERT_ROWS_SQL, {"question": question.pk, "method": method, "now": now, **rows})
    Consensus.objects.filter(question=question, method=method, pair__in=gone).delete()


def _prior(question: Question, labels: CampaignLabels) -> Prior:
    return prior_of(question) or fit_question(labels.counts, question.choices)


def _note_fit(question: Question, fit: Fit, now: datetime) -> None:
    """How the labels came about. The statistics show it, so they are due again where that is news."""
    news = {"method": fit.method, "converged": fit.converged, "reason": fit.reason}
    if LabelFit.objects.filter(question=question, **news).exists():
        return
    LabelFit.objects.update_or_create(
        question=question, defaults={**news, "iterations": fit.iterations, "held_out": fit.held_out, "computed_at": now}
    )
    CampaignStatistics.objects.filter(campaign=question.campaign_id).update(is_outdated=True)


def labels_of(method: ConsensusMethod, votes: Snapshot, question: Question) -> CampaignLabels:
    """By the counted votes of a question; a row for each pair that has one."""
    counted = votes.columns(_VOTES_SQL, choices=CHOICES, question=question.pk)
    return labels_by(method, **counted, asked=question.choices)


def columns_of(labels: CampaignLabels, prior: Prior, asked: Sequence[str]) -> dict[str, np.ndarray]:
    """The columns of Consensus, with `label` as codes of LABELS. The soft label is the method's. Its probability of the label
    rests on what it believes of the annotators, and is mostly too high: confidence is that of the population's answer."""
    posterior = np.round(labels.posterior, DECIMALS)
    found = confidence_of(prior, labels.counts, labels.label, asked)
    return {
        "pair": labels.pair,
        **{f"n_{choice}": labels.counts[:, code] for code, choice in enumerate(CHOICES)},
        **{f"p_{choice}": posterior[:, code] for code, choice in enumerate(CHOICES)},
        "label": labels.label,
        "share": found.share,
        "confidence": np.round(found.confidence, DECIMALS),
        "agreement": majority_of_counts(labels.counts).agreement,
    }
