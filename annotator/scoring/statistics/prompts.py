"""What the prompts and pairs are of: coverage, lengths, and what is nearly the same."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from annotator.consensus.codes import Ints
from annotator.models.material import NEAR_IDENTICAL_DISTANCE
from annotator.scoring.statistics import schema as doc
from annotator.scoring.statistics.load import NONE, SETTLED, CampaignData, Pairs
from annotator.scoring.statistics.near_duplicates import SIMILARITY, near_duplicates
from annotator.scoring.statistics.rounding import number

CATEGORIES_LISTED = 50  # in tables that have a row per category; coverage lists more
COVERAGE_LISTED = 500
EXAMPLES_LISTED, EXAMPLE_TEXTS, EXAMPLE_LENGTH = 10, 5, 300


def largest(names: Sequence[str], prompt_of_pair: Ints, limit: int = CATEGORIES_LISTED) -> list[str]:
    """The names with most pairs, those without a name left out."""
    of_prompt = np.bincount(prompt_of_pair, minlength=len(names)).tolist()
    pairs: Counter[str] = Counter()
    for name, its in zip(names, of_prompt, strict=True):
        if name:
            pairs[name] += its
    return sorted(pairs, key=lambda name: (-pairs[name], name))[:limit]


def codes_of(names: Sequence[str], among: Sequence[str]) -> Ints:
    """The place of each name in the list, or NONE."""
    place = {name: code for code, name in enumerate(among)}
    return np.array([place.get(name, NONE) for name in names], dtype=np.int64)


def coverage_of(data: CampaignData, names: Sequence[str]) -> list[doc.Coverage]:
    shown = largest(names, data.pairs.prompt, COVERAGE_LISTED)
    if "" in names:
        shown.append("")
    code = codes_of(names, shown)
    of_pair = code[data.pairs.prompt]
    votes = data.primary_counts.sum(axis=1)

    def of_each(which: Ints, weights: Ints | None = None) -> list[int]:
        is_shown = which != NONE
        sums = np.bincount(which[is_shown], None if weights is None else weights[is_shown], minlength=len(shown))
        return [int(value) for value in sums]

    rows = zip(
        shown,
        of_each(code),
        of_each(of_pair),
        of_each(of_pair, (data.pairs.state == SETTLED).astype(np.int64)),
        of_each(of_pair, votes),
        strict=True,
    )
    return [doc.Coverage(*row) for row in rows]


def prompts_of(data: CampaignData, *, compares_texts: bool) -> doc.Prompts:
    """`near_duplicates` only where texts are compared: of a hundred thousand it takes seconds, and memory."""
    texts, categories = data.prompts.texts, Counter(name for name in data.prompts.category if name)
    entropy = entropy_of(list(categories.values()))
    return doc.Prompts(
        prompts=len(texts),
        characters=_distribution([len(text) for text in texts]),
        words=_distribution([len(text.split()) for text in texts]),
        categories=len(categories),
        category_entropy=entropy,
        category_evenness=number(entropy / math.log2(len(categories))) if entropy is not None and len(categories) > 1 else None,
        near_duplicates=_near_duplicates(texts) if compares_texts else None,
    )


def _near_duplicates(texts: Sequence[str]) -> doc.NearDuplicates:
    groups = near_duplicates(texts)
    return doc.NearDuplicates(
        similarity=SIMILARITY,
        prompts=sum(len(group) for group in groups),
        groups=len(groups),
        examples=[[texts[place][:EXAMPLE_LENGTH] for place in group[:EXAMPLE_TEXTS]] for group in groups[:EXAMPLES_LISTED]],
    )


def entropy_of(counts: Sequence[int]) -> float | None:
    """In bits; None where nothing is counted."""
    if not counts:
        return None
    share = np.array(counts) / sum(counts)
    return number(float(-(share * np.log2(share)).sum()) + 0.0)


def _distribution(lengths: Sequence[int]) -> doc.Distribution | None:
    if not lengths:
        return None
    low, tenth, middle, ninetieth, high = np.quantile(lengths, [0, 0.1, 0.5, 0.9, 1]).tolist()
    return doc.Distribution(int(low), tenth, middle, ninetieth, int(high))


def near_identical_of(pairs: Pairs) -> doc.NearIdentical:
    is_compared = pairs.distance != NONE
    return doc.NearIdentical(
        distance=NEAR_IDENTICAL_DISTANCE,
        pairs=int((is_compared & (pairs.distance <= NEAR_IDENTICAL_DISTANCE)).sum()),
        pairs_compared=int(is_compared.sum()),
    )
