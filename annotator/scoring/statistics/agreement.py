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

from annotator.consensus.bias import share_of
from annotator.consensus.bootstrap import Bootstrap, bootstrap
from annotator.consensus.codes import Bools, Ints
from annotator.consensus.two_way import Clusters, added_variance, not_foretold, slopes_of, variances_by, widened
from annotator.scoring.statistics import schema as doc
from annotator.scoring.statistics.agreement_figures import figures_of, sums_of
from annotator.scoring.statistics.load import CHOICES, NONE, CampaignData
from annotator.scoring.statistics.prompts import codes_of
from annotator.scoring.statistics.rounding import estimate_of, number, rate_over_prompts, rates_of

RESAMPLES = 1000
# All intervals rest on how much prompts differ. With fewer prompts than this, that itself is known to a tenth at best.
FEW_PROMPTS = 50
LARGEST = np.array([1.0, 1.0, 1.0, 1.0, 1.0, np.log2(len(CHOICES))])  # of each figure


def overlap_of(data: CampaignData) -> doc.Overlap:
    overlap = data.overlap
    votes_of_stopped = data.primary_counts.sum(axis=1)[data.stopped_early]
    return doc.Overlap(
        votes_wanted=overlap.votes_wanted,
        votes_max=overlap.votes_max,
        stop_confidence=overlap.stop_confidence,
        pairs_beyond=int((data.primary_counts.sum(axis=1) > overlap.votes_wanted).sum()),
        pairs_stopped_early=int(data.stopped_early.sum()),
        pairs_audit=int(data.pairs.is_audit.sum()),
        votes_spared=int((overlap.votes_max - votes_of_stopped).sum()),
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
        measured = [_measure(data, place, first, part, doc.FIRST_VOTES, wanted) for part in parts]
        if has_audit:
            measured.append(_measure(data, place, data.counts_below(place, most), data.pairs.is_audit, doc.AUDIT_PAIRS, most))
        overall, *others = _described(measured)
        by_category = [doc.CategoryAgreement(name, figures) for name, figures in zip(categories, others, strict=False)]
        questions.append(doc.QuestionAgreement(slug, overall, by_category, audit=others[-1] if has_audit else None))
    return questions


def _measure(data: CampaignData, place: int, counts: Ints, which: Bools, votes_used: str, votes_per_pair: int) -> Measured:
    """`counts` are of votes of which a pair has at most `votes_per_pair`, (pairs, choices); `which` are the pairs."""
    votes = counts.sum(axis=1)
    used = np.flatnonzero(which & (votes >= 2))
    counts, votes, prompt = counts[used], votes[used], data.pairs.prompt[used]
    is_full = votes >= votes_per_pair
    # A million pairs have a few hundred different counts.
    code = counts @ (votes_per_pair + 1) ** np.arange(len(CHOICES))
    _, first, kind = np.unique(code, return_index=True, return_inverse=True)
    sums = sums_of(counts[first], is_full[first])
    found = bootstrap(sums[kind], figures_of, cluster=prompt, resamples=RESAMPLES)
    kind_of: Ints = np.full(len(data.pairs), NONE, dtype=np.int32)
    kind_of[used] = kind
    return Measured(
        found=_over_people(data, place, found, kind_of, counts[first], is_full[first], votes_per_pair),
        unanimous=int((is_full & (counts.max(axis=1, initial=0) == votes)).sum()),
        full=int(is_full.sum()),
        pairs=len(counts),
        votes=int(votes.sum()),
        prompts=int(np.count_nonzero(np.bincount(prompt))),
        votes_used=votes_used,
        votes_per_pair=votes_per_pair,
    )


def _over_people(
    data: CampaignData, place: int, found: Bootstrap, kind_of: Ints, kinds: Ints, is_full: Bools, votes_per_pair: int
) -> Bootstrap:
    """Intervals over prompts, as much wider as people add to the variance. `kind_of` pairs are the `kinds` of counts, or NONE.

    A person has to do with what their pairs add to a figure. Most of that is about the pairs, and the other votes tell it too: it
    is taken off as far as they foretell it, so that what is left says more of the person. On average that takes off nothing of
    the variance between people.
    """
    votes, order = data.counted_on(place), data.by_prompt[place]
    order = order[(kind_of[votes.pair[order]] != NONE) & (votes.rank[order] < votes_per_pair)]
    clusters = Clusters(data.pairs.prompt[votes.pair[order]], votes.member[order])
    cell = kind_of[votes.pair[order]] * len(CHOICES) + votes.choice[order]
    number = np.bincount(kind_of[kind_of != NONE], minlength=len(kinds))
    sums = sums_of(kinds, is_full)
    slopes = slopes_of(figures_of, number @ sums)
    # By kind and choice of the vote: of all votes on the pair, and of the others.
    whole = np.repeat(sums @ slopes.T, len(CHOICES), axis=0)
    less = np.maximum(kinds[:, None] - np.eye(len(CHOICES), dtype=np.int64), 0).reshape(-1, len(CHOICES))
    others = sums_of(less, np.repeat(is_full, len(CHOICES))) @ slopes.T
    of_vote = not_foretold(whole, others, np.bincount(cell, minlength=len(whole)))
    added = [added_variance(column[cell], clusters) for column in of_vote.T]
    by_prompt = variances_by(data.pairs.prompt[kind_of != NONE], (sums @ slopes.T)[kind_of[kind_of != NONE]])
    return widened(found, by_prompt, added, largest=LARGEST)


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
