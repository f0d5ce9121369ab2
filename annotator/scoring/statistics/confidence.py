"""How sure labels are, what that rests on, and how often it has come true in this campaign."""

from __future__ import annotations

import numpy as np

from annotator.consensus.calibration import held_out_check, reliability
from annotator.consensus.codes import Ints
from annotator.consensus.majority import majority_of_counts
from annotator.consensus.posterior import Prior, summary_of
from annotator.consensus.stopping import expected_saving, knows_enough
from annotator.scoring.confidence import asked_counts, confidence_of, fit_question
from annotator.scoring.statistics import schema_confidence as doc
from annotator.scoring.statistics.load import CHOICES, CampaignData
from annotator.scoring.statistics.rounding import DIGITS, number

SURE = 0.9
VOTES_EXPECTED_MAX = 15  # more may fall in too many ways to look at all


def confidence_of_questions(data: CampaignData) -> list[doc.Confidence]:
    """One per question."""
    return [_of_question(data, place) for place in range(len(data.questions))]


def _of_question(data: CampaignData, place: int) -> doc.Confidence:
    slug, asked = data.questions[place]
    prior, counts = data.priors[place], data.counts[place]
    counts = counts[counts.sum(axis=1) > 0]
    found = confidence_of(prior, counts, majority_of_counts(counts).label, asked)
    summary = summary_of(prior)
    names = [choice for choice in CHOICES if choice in asked]
    return doc.Confidence(
        question=slug,
        pairs=len(counts),
        mean=number(float(found.confidence.mean())) if len(counts) else None,
        share_sure=number(float(np.mean(found.confidence >= SURE))) if len(counts) else None,
        prior=doc.PopulationSplit(
            pairs_with_two_votes=prior.repeated,
            mean_split=[doc.ChoiceShare(*row) for row in zip(names, np.round(summary.split, DIGITS).tolist(), strict=True)],
            agreement=round(summary.agreement, DIGITS),
            with_the_first=round(summary.typical, DIGITS),
            nearly_even=round(summary.nearly_even, DIGITS),
        ),
        expected=_expected(data, prior) if place == 0 else None,
        calibration=calibration_of(data, place),
    )


def _expected(data: CampaignData, prior: Prior) -> doc.ExpectedSaving | None:
    """What the stopping rule should do on pairs like these; None with fixed overlap."""
    if not data.overlap.is_adaptive or data.overlap.votes_max > VOTES_EXPECTED_MAX:
        return None
    overlap = data.overlap
    found = expected_saving(
        prior, votes_min=overlap.votes_wanted, votes_max=overlap.votes_max, stop_confidence=overlap.stop_confidence
    )
    return doc.ExpectedSaving(
        is_known=knows_enough(prior),
        votes_per_pair=round(found.votes, DIGITS),
        stopped_early=round(found.stopped, DIGITS),
        saving=round(found.saving, DIGITS),
    )


def calibration_of(data: CampaignData, place: int) -> doc.Calibration | None:
    """The first votes of pairs against their other votes. Of the pairs whose number of votes does not hang on what people
    answered: the audit pairs, or with fixed overlap all. None where there are none with other votes."""
    known, others, prior = _halves(data, place)
    if not (others.sum(axis=1) > 0).any():
        return None
    table = reliability(*held_out_check(prior, known, others))
    filled = np.flatnonzero(table.n)
    return doc.Calibration(
        pairs=int(table.n.sum()),
        votes_known=_votes_known(data),
        rows=[
            doc.CalibrationRow(
                low=round(float(table.low[row]), DIGITS),
                high=round(float(table.high[row]), DIGITS),
                pairs=int(table.n[row]),
                said=number(float(table.confidence[row])),
                came_true=number(float(table.right[row])),
                lower=round(float(table.lower[row]), DIGITS),
                upper=round(float(table.upper[row]), DIGITS),
            )
            for row in filled.tolist()
        ],
    )


def _votes_known(data: CampaignData) -> int:
    wanted = data.overlap.votes_wanted
    return wanted if data.overlap.is_adaptive else (wanted + 1) // 2


def _halves(data: CampaignData, place: int) -> tuple[Ints, Ints, Prior]:
    """Per pair: the first votes, the others, and the prior that the first votes of all pairs speak for."""
    _, asked = data.questions[place]
    first, whole = data.counts_below(place, _votes_known(data)), data.counts[place]
    if data.overlap.is_adaptive:
        is_used = data.pairs.is_audit
    else:
        whole, is_used = data.counts_below(place, data.overlap.votes_wanted), np.ones(len(data.pairs), dtype=np.bool_)
    known, others = asked_counts(first[is_used], asked), asked_counts((whole - first)[is_used], asked)
    return known, others, fit_question(first, asked)
