"""How far people agree: on the first votes of every pair, and on all votes of the audit pairs.

With adaptive overlap, votes on a pair stop when they agree. Over all of them coin flips look like agreement, so no figure here is
of all votes: the first `votes_wanted` of a pair are there whatever people say, and audit pairs get `votes_max` whatever people
say. Votes are ordered by when they were given, and only those that count now are among them: where one was undone, or voided
because its annotator was suspended, the next one moves up, or the one that replaces it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from annotator.choices import Choice
from annotator.consensus.agreement import Level, alpha_of_sums, alpha_sums
from annotator.consensus.bias import share_of
from annotator.consensus.bootstrap import Bootstrap, bootstrap
from annotator.consensus.codes import Bools, Floats, Ints
from annotator.consensus.majority import majority_of_counts
from annotator.scoring.statistics import schema as doc
from annotator.scoring.statistics.load import CHOICES, CampaignData
from annotator.scoring.statistics.prompts import codes_of
from annotator.scoring.statistics.rounding import estimate_of, number, rate_over_prompts, rates_of

RESAMPLES = 1000
# All intervals rest on how much prompts differ. With fewer prompts than this, that itself is known to a tenth at best.
FEW_PROMPTS = 50
# From one end to the other. Both ties are as far from either image.
ORDER = ([Choice.A], [Choice.BOTH_GOOD, Choice.BOTH_BAD], [Choice.B])
NOMINAL_SUMS, ORDINAL_SUMS = len(CHOICES) + 1, len(ORDER) * (len(ORDER) + 1) // 2


def overlap_of(data: CampaignData) -> doc.Overlap:
    overlap = data.overlap
    return doc.Overlap(
        votes_wanted=overlap.votes_wanted,
        votes_max=overlap.votes_max,
        stop_confidence=overlap.stop_confidence,
        pairs_beyond=int((data.primary_counts.sum(axis=1) > overlap.votes_wanted).sum()),
        pairs_stopped_early=int(data.stopped_early.sum()),
        pairs_audit=int(data.pairs.is_audit.sum()),
    )


class Measured(NamedTuple):
    """Agreement on some pairs, but for the exact interval of a rate, which is found for many at once."""

    found: Bootstrap
    unanimous: int
    full: int  # pairs with votes_per_pair votes
    pairs: int
    votes: int
    prompts: int
    votes_used: str
    votes_per_pair: int


def agreement_of(data: CampaignData, categories: Sequence[str]) -> list[doc.QuestionAgreement]:
    """Of each question, and of each of its categories of prompts."""
    category_of = codes_of(data.prompts.category, categories)[data.pairs.prompt]
    wanted, most = data.overlap.votes_wanted, data.overlap.votes_max
    has_audit = data.overlap.is_adaptive and data.pairs.is_audit.any()
    questions = []
    for place, (slug, _) in enumerate(data.questions):
        first = data.first_counts[place]
        parts = [np.ones(len(data.pairs), dtype=np.bool_), *(category_of == code for code in range(len(categories)))]
        measured = [_measure(data, first, part, doc.FIRST_VOTES, wanted) for part in parts]
        if has_audit:
            measured.append(_measure(data, data.counts_below(place, most), data.pairs.is_audit, doc.AUDIT_PAIRS, most))
        overall, *others = _described(measured)
        by_category = [doc.CategoryAgreement(name, figures) for name, figures in zip(categories, others, strict=False)]
        questions.append(doc.QuestionAgreement(slug, overall, by_category, audit=others[-1] if has_audit else None))
    return questions


def _measure(data: CampaignData, counts: Ints, which: Bools, votes_used: str, votes_per_pair: int) -> Measured:
    """`counts` are of votes of which a pair has at most `votes_per_pair`, (pairs, choices); `which` are the pairs."""
    votes = counts.sum(axis=1)
    is_used = which & (votes >= 2)
    counts, votes, prompt = counts[is_used], votes[is_used], data.pairs.prompt[is_used]
    is_full = votes >= votes_per_pair
    return Measured(
        found=bootstrap(_sums(counts, is_full), _figures, cluster=prompt, resamples=RESAMPLES),
        unanimous=int((is_full & (counts.max(axis=1, initial=0) == votes)).sum()),
        full=int(is_full.sum()),
        pairs=len(counts),
        votes=int(votes.sum()),
        prompts=len(np.unique(prompt)),
        votes_used=votes_used,
        votes_per_pair=votes_per_pair,
    )


def _described(measured: Sequence[Measured]) -> list[doc.Agreement]:
    exact = rates_of(share_of([each.unanimous for each in measured], [each.full for each in measured]))
    return [
        doc.Agreement(
            alpha=number(each.found.value[0]),
            lower=number(each.found.lower[0]),
            upper=number(each.found.upper[0]),
            pairs=each.pairs,
            votes=each.votes,
            votes_used=each.votes_used,
            votes_per_pair=each.votes_per_pair,
            prompts=each.prompts,
            ordinal=estimate_of(each.found, 1),
            same_answer=estimate_of(each.found, 2),
            unanimous=rate_over_prompts(unanimous, each.found, 3),
            leading_share=estimate_of(each.found, 4),
            entropy=estimate_of(each.found, 5),
        )
        for each, unanimous in zip(measured, exact, strict=True)
    ]


def _sums(counts: Ints, is_full: Bools) -> Floats:
    """What each pair adds to the totals of `_figures`. Shares are of full pairs, because they depend on the number of votes."""
    ordered = np.stack([counts[:, [CHOICES.index(choice) for choice in same]].sum(axis=1) for same in ORDER], axis=1)
    majority = majority_of_counts(counts)
    full = is_full.astype(np.float64)
    logs = np.log2(majority.shares, out=np.zeros(majority.shares.shape), where=majority.shares > 0)
    of_pair = [
        majority.agreement,
        np.ones(len(counts)),
        full * (counts.max(axis=1, initial=0) == counts.sum(axis=1)),
        full * majority.confidence,
        full * -(majority.shares * logs).sum(axis=1),
        full,
    ]
    return np.concatenate(
        [alpha_sums(counts, Level.NOMINAL), alpha_sums(ordered, Level.ORDINAL), np.stack(of_pair, axis=1)], axis=1
    )


def _figures(totals: Floats) -> Floats:
    """Alpha, ordinal alpha, how often two votes are the same, share of unanimous pairs, leading share, entropy."""
    nominal, ordinal, rest = np.split(totals, [NOMINAL_SUMS, NOMINAL_SUMS + ORDINAL_SUMS], axis=1)
    same, pairs, unanimous, leading, entropy, full = rest.T
    with np.errstate(divide="ignore", invalid="ignore"):
        means = [same / pairs, unanimous / full, leading / full, entropy / full]
    alphas = [alpha_of_sums(nominal, len(CHOICES), Level.NOMINAL), alpha_of_sums(ordinal, len(ORDER), Level.ORDINAL)]
    return np.stack([*alphas, *means], axis=1)
