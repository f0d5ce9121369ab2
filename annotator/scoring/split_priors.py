"""The prior of each question's posterior: when it is fitted again, and what for. `consensus_writer` does it under its lock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from django.db import connection

from annotator.choices import Choice, ConsensusMethod
from annotator.consensus.posterior import Prior, from_document, to_document
from annotator.lib.raw_sql import read_sql
from annotator.models import Question, SplitPrior
from annotator.scoring.confidence import fit_question

# Share of the votes by which their number must have changed: below it, the prior hardly moves.
NEWS = 0.1

SPLITS_SQL = read_sql(__file__, "splits")


def prior_of(question: Question) -> Prior | None:
    """The prior that the question's consensus was computed with; None before there is one."""
    kept = SplitPrior.objects.filter(question=question).first()
    return None if kept is None else from_document(kept.document)


def fit_what_is_due(
    questions: Sequence[Question], changes: dict[int, int], *, fits_all: bool, now: datetime
) -> tuple[dict[int, Prior], list[Question]]:
    """The prior of each question by id, and the questions whose prior was fitted again.

    `changes` is by how many the votes of each question have grown since its prior was looked at last. Reads the temporary table
    of changed counts, which must be there.
    """
    kept = {each.question_id: each for each in SplitPrior.objects.filter(question__in=questions)}
    priors, due = {}, []
    for question in questions:
        known = kept.get(question.pk)
        prior = None if known is None else from_document(known.document)
        if known is None or prior is None:
            due.append(question)
            continue
        known.votes_now += changes.get(question.pk, 0)
        priors[question.pk] = prior
        if fits_all or abs(known.votes_now - prior.votes) > NEWS * prior.votes:
            due.append(question)
        elif changes.get(question.pk):
            known.save(update_fields=["votes_now"])
    if not due:
        return priors, []
    splits = _splits(due)
    for question in due:
        rows = splits[question.pk]
        counts = np.array([row[:-1] for row in rows], dtype=np.int64).reshape(-1, len(Choice.values))
        prior = fit_question(counts, question.choices, frequency=np.array([row[-1] for row in rows], dtype=np.int64))
        SplitPrior.objects.update_or_create(
            question=question, defaults={"document": to_document(prior), "votes_now": int(prior.votes), "fitted_at": now}
        )
        # As it will be read again, so that what is written now is what is written then.
        priors[question.pk] = from_document(to_document(prior)) or prior
    return priors, due


def _splits(questions: Sequence[Question]) -> dict[int, list[tuple[int, ...]]]:
    """The different counts of each question by id, the last number being how many pairs have them."""
    found = defaultdict(list)
    with connection.cursor() as cursor:
        ids = [question.pk for question in questions]
        cursor.execute(SPLITS_SQL, {"questions": ids, "method": ConsensusMethod.MAJORITY})
        for question_id, *row in cursor.fetchall():
            found[question_id].append(tuple(row))
    return found
