"""From columns to the document: every number of the statistics. Pure; each function makes one part."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from annotator.choices import AssignmentKind, Choice, Label, PairState
from annotator.consensus.agreement import krippendorff_alpha_of_counts
from annotator.consensus.bias import position_bias, share_of
from annotator.consensus.bradley_terry import LEFT, RIGHT, TIE, NotConnected, bradley_terry_of_counts, count_comparisons
from annotator.consensus.codes import Bools, Floats, Ints
from annotator.consensus.cycles import find_cycles
from annotator.consensus.majority import NO_LABEL, count_votes, majority_of_counts
from annotator.models.material import NEAR_IDENTICAL_DISTANCE
from annotator.scoring.statistics import schema as doc
from annotator.scoring.statistics.groups import groups_of
from annotator.scoring.statistics.load import CHOICES, KINDS, NONE, STATES, Material, Pairs, Votes
from annotator.scoring.statistics.near_duplicates import SIMILARITY, near_duplicates
from annotator.scoring.statistics.rounding import DIGITS, gini, number, rate_of, rates_of

HOUR, DAY = 3600, 86400  # seconds
RESAMPLES = 1000
ANNOTATORS_LISTED = 1000
CATEGORIES_LISTED = 50  # in tables that have a row per category; coverage lists more
COVERAGE_LISTED = 500
DAYS_LISTED = 30
CYCLES_LISTED = 20
EXAMPLES_LISTED, EXAMPLE_TEXTS, EXAMPLE_LENGTH = 10, 5, 300

A, B = CHOICES.index(Choice.A), CHOICES.index(Choice.B)
TIED = len(CHOICES)  # the label of a shared lead
REGULAR, GOLD, REPEAT = (KINDS.index(kind) for kind in (AssignmentKind.REGULAR, AssignmentKind.GOLD, AssignmentKind.REPEAT))
HELD, SETTLED = STATES.index(PairState.HELD), STATES.index(PairState.SETTLED)
assert [*CHOICES, Label.TIE.value] == Label.values


class Counted:
    """The votes that make labels: live and regular, of people, on the primary question."""

    def __init__(self, material: Material) -> None:
        its = material.votes
        is_human = ~material.is_machine[its.member] if len(its) else np.zeros(0, dtype=np.bool_)
        self.regular = its.where((its.kind == REGULAR) & is_human)
        self.votes = self.regular.where(self.regular.question == 0)
        n_pairs = len(material.pairs)
        self.counts = count_votes(self.votes.pair, self.votes.choice, n_tasks=n_pairs, n_choices=len(CHOICES))
        self.label = majority_of_counts(self.counts).label


def statistics_from(material: Material, *, campaign: str, consensus_method: str, now: datetime | None) -> doc.Statistics:
    """Everything, of these columns. `now` is when they were read."""
    counted = Counted(material)
    annotators = _annotators(material, counted)
    return doc.Statistics(
        campaign=campaign,
        computed_at=None if now is None else now.isoformat(),
        votes_counted=len(counted.votes),
        consensus_method=consensus_method,
        progress=_progress(material, counted),
        throughput=_throughput(counted, annotators, now),
        agreement=_agreement(material, counted),
        gold=_gold(material),
        position=_position(material, counted),
        concentration=_concentration(counted),
        leave_one_out=_leave_one_out(counted),
        annotators=annotators[:ANNOTATORS_LISTED],
        annotators_listed_max=ANNOTATORS_LISTED,
        categories=_coverage(material, counted, material.prompts.category),
        languages=_coverage(material, counted, material.prompts.language),
        prompts=_prompts(material),
        win_rates=_win_rates(material, counted),
        leaderboard=_leaderboard(material, counted),
        cycles=_cycles(material, counted),
        machines=_machines(material, counted),
        near_identical=_near_identical(material.pairs),
        groups=groups_of(material, counted.votes, counted.counts),
    )


# --- progress and pace


def _progress(material: Material, counted: Counted) -> doc.Progress:
    pairs = material.pairs
    collects = (pairs.state != HELD) & (pairs.gold == NONE)
    wanted = int(pairs.votes_wanted[collects].sum())
    votes = int(counted.counts[collects].sum())
    return doc.Progress(
        pairs=len(pairs),
        pairs_gold=int((pairs.gold != NONE).sum()),
        pairs_settled=int((pairs.state == SETTLED).sum()),
        pairs_held=int((pairs.state == HELD).sum()),
        votes=votes,
        votes_wanted=wanted,
        share=round(min(votes / wanted, 1.0), DIGITS) if wanted else 0.0,
        annotators=len(np.unique(counted.votes.member)),
        machines=int(material.is_machine.sum()),
    )


def _throughput(counted: Counted, annotators: Sequence[doc.Annotator], now: datetime | None) -> doc.Throughput:
    votes = counted.votes
    until = now.timestamp() if now else 0.0
    day, at = np.unique(votes.at // DAY, return_inverse=True)
    people = np.bincount(np.unique(np.stack([at, votes.member]), axis=1)[0], minlength=len(day)).tolist()
    dates = [datetime.fromtimestamp(number * DAY, UTC).date().isoformat() for number in day.tolist()]
    days = [doc.Day(*row) for row in zip(dates, np.bincount(at, minlength=len(day)).tolist(), people, strict=True)]
    return doc.Throughput(
        votes_last_hour=int((votes.at > until - HOUR).sum()),
        votes_last_day=int((votes.at > until - DAY).sum()),
        days=days[::-1][:DAYS_LISTED],
        median_elapsed_ms=_median([row.median_elapsed_ms for row in annotators]),
        median_votes_per_hour=_median([row.votes_per_hour for row in annotators]),
    )


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return number(float(np.median(known))) if known else None


# --- people


def _annotators(material: Material, counted: Counted) -> list[doc.Annotator]:
    """All who voted, the busiest first."""
    votes, size = counted.votes, len(material.members)
    of_each = np.bincount(votes.member, minlength=size)
    medians = medians_of(votes.member, votes.elapsed_ms, size)
    hours = np.unique(np.stack([votes.member, votes.at // HOUR]), axis=1)[0]
    per_hour = np.divide(of_each, np.bincount(hours, minlength=size), out=np.full(size, np.nan), where=of_each > 0)
    is_decided = (votes.choice == A) | (votes.choice == B)
    is_left = is_decided & ((votes.choice == A) == votes.a_on_left)
    n_left, n_decided = (np.bincount(votes.member[which], minlength=size) for which in (is_left, is_decided))
    left = rates_of(share_of(n_left, n_decided))
    changed, lost, _ = labels_without(votes, counted)
    of_changed, of_lost = (np.bincount(votes.member[which], minlength=size) for which in (changed, lost))
    busiest = sorted(np.flatnonzero(of_each).tolist(), key=lambda place: (-of_each[place], material.members[place]))
    return [
        doc.Annotator(
            annotator=material.members[place],
            votes=int(of_each[place]),
            share=round(int(of_each[place]) / len(votes), DIGITS),
            median_elapsed_ms=number(medians[place]),
            votes_per_hour=number(per_hour[place]),
            left=left[place],
            labels_changed=int(of_changed[place]),
            labels_lost=int(of_lost[place]),
        )
        for place in busiest
    ]


def medians_of(group: Ints, values: Ints, size: int) -> Floats:
    """The median of the values of each group of 0 … size - 1, without those that are NONE; NaN for a group without any."""
    is_known = values != NONE
    group, values = group[is_known], values[is_known]
    values = values[np.lexsort([values, group])]
    count = np.bincount(group, minlength=size)
    first = np.cumsum(count) - count
    some = count > 0
    middle = np.full(size, np.nan)
    low, high = first + np.maximum(count - 1, 0) // 2, first + count // 2
    middle[some] = (values[low[some]] + values[high[some]]) / 2
    return middle


def labels_without(votes: Votes, counted: Counted) -> tuple[Bools, Bools, Ints]:
    """Of each vote: whether its pair would have another label without it, whether it would have none, and which it would have.

    An annotator has one vote on a pair, so that leaving the annotator out is leaving out each of their votes by itself.
    """
    counts = counted.counts[votes.pair]
    counts[np.arange(len(votes)), votes.choice] -= 1
    without = majority_of_counts(counts).label
    lost = without == NO_LABEL
    return (without != counted.label[votes.pair]) & ~lost, lost, without


def _leave_one_out(counted: Counted) -> doc.LeaveOneOut:
    votes = counted.votes
    changed, _, _ = labels_without(votes, counted)
    pairs = int((counted.label != NO_LABEL).sum())
    most = int(np.bincount(votes.member[changed]).max(initial=0))
    return doc.LeaveOneOut(
        pairs=pairs,
        most_changed=most,
        most_changed_share=round(most / pairs, DIGITS) if pairs else None,
        pairs_that_hang_on_one=len(np.unique(votes.pair[changed])),
    )


def _concentration(counted: Counted) -> doc.Concentration:
    votes = np.sort(np.bincount(counted.votes.member))[::-1]
    votes = votes[votes > 0]
    if not len(votes):
        return doc.Concentration(0, None, None, None, None, None)
    share = votes / votes.sum()
    return doc.Concentration(
        annotators=len(votes),
        gini=number(gini(votes)),
        top_1_share=number(share[:1].sum()),
        top_5_share=number(share[:5].sum()),
        top_10_share=number(share[:10].sum()),
        effective_annotators=number(1 / (share**2).sum()),
    )


def _gold(material: Material) -> doc.Gold:
    votes, pairs = material.votes, material.pairs
    is_human = ~material.is_machine[votes.member] if len(votes) else np.zeros(0, dtype=np.bool_)
    its = votes.where(is_human & (votes.question == 0))
    asked = its.where((its.kind == GOLD) & (pairs.gold[its.pair] != NONE) & ~pairs.in_review[its.pair])
    right = int((asked.choice == pairs.gold[asked.pair]).sum())
    return doc.Gold(
        pairs=len(np.unique(asked.pair)),
        annotators=len(np.unique(asked.member)),
        accuracy=rate_of(right, len(asked)),
        repeats_alike=_repeats(its),
    )


def _repeats(votes: Votes) -> doc.Rate:
    """Repeats beside the same annotator's regular vote on the pair."""
    size = int(votes.pair.max(initial=0)) + 1
    regular, again = votes.where(votes.kind == REGULAR), votes.where(votes.kind == REPEAT)
    key = regular.member * size + regular.pair
    order = np.argsort(key)
    wanted = again.member * size + again.pair
    at = np.minimum(np.searchsorted(key[order], wanted), max(len(key) - 1, 0))
    if not len(key):
        return rate_of(0, 0)
    is_there = key[order][at] == wanted
    return rate_of(int((regular.choice[order][at] == again.choice)[is_there].sum()), int(is_there.sum()))


# --- agreement


def _agreement(material: Material, counted: Counted) -> list[doc.QuestionAgreement]:
    categories = largest(material.prompts.category, material.pairs.prompt)
    category_of = _codes(material.prompts.category, categories)[material.pairs.prompt]
    result = []
    for position, (slug, _) in enumerate(material.questions):
        its = counted.regular.where(counted.regular.question == position)
        counts = count_votes(its.pair, its.choice, n_tasks=len(material.pairs), n_choices=len(CHOICES))
        result.append(
            doc.QuestionAgreement(
                question=slug,
                agreement=_alpha(counts),
                categories=[
                    doc.CategoryAgreement(name, _alpha(counts[category_of == code])) for code, name in enumerate(categories)
                ],
            )
        )
    return result


def _alpha(counts: Ints) -> doc.Agreement:
    alpha = krippendorff_alpha_of_counts(counts, resamples=RESAMPLES)
    return doc.Agreement(number(alpha.alpha), number(alpha.lower), number(alpha.upper), alpha.n_tasks, alpha.n_votes)


# --- generators


def _sides(material: Material, counted: Counted) -> tuple[Ints, Ints, Ints]:
    """Of each counted vote: the generator on the left, the one on the right (NONE where unknown), and the side that won."""
    votes, pairs = counted.votes, material.pairs
    of_a, of_b = pairs.generator_a[votes.pair], pairs.generator_b[votes.pair]
    is_decided = (votes.choice == A) | (votes.choice == B)
    winner = np.where(is_decided, np.where((votes.choice == A) == votes.a_on_left, LEFT, RIGHT), TIE)
    return np.where(votes.a_on_left, of_a, of_b), np.where(votes.a_on_left, of_b, of_a), winner


def _compared(material: Material, counted: Counted) -> tuple[Ints, Ints, Ints, Ints]:
    """The same of the votes between two different known generators, and their pairs."""
    left, right, winner = _sides(material, counted)
    is_compared = (left != NONE) & (right != NONE) & (left != right)
    return left[is_compared], right[is_compared], winner[is_compared], counted.votes.pair[is_compared]


def _position(material: Material, counted: Counted) -> doc.Position:
    left, right, winner = _sides(material, counted)
    size = len(material.generators)
    unknown = size  # a code for the images of no known generator, which is not shown
    bias = position_bias(
        counted.votes.member,
        np.where(left == NONE, unknown, left),
        np.where(right == NONE, unknown, right),
        winner,
        n_annotators=len(material.members),
        n_generators=size + 1,
    )
    on_left, on_right = rates_of(bias.on_left), rates_of(bias.on_right)
    return doc.Position(
        left=rates_of(bias.overall)[0],
        p_value=float(bias.overall.p_value[0]),
        ties=bias.ties,
        generators=[
            doc.GeneratorSides(name, on_left[code], on_right[code], number(bias.side_effect[code]))
            for code, name in enumerate(material.generators)
        ],
    )


def _win_rates(material: Material, counted: Counted) -> list[doc.WinRate]:
    """Of every generator, on all prompts and by category, where it was compared."""
    left, right, winner, pair = _compared(material, counted)
    size = len(material.generators)
    categories = largest(material.prompts.category, material.pairs.prompt)
    category_of = _codes(material.prompts.category, categories)[material.pairs.prompt][pair]
    names: list[str | None] = [None, *categories]
    rows = []
    for place, name in enumerate(names):
        among = slice(None) if name is None else category_of == place - 1
        wins, tied = count_comparisons(left[among], right[among], winner[among], n_generators=size)
        met = wins.sum(axis=0) + wins.sum(axis=1)
        rates = rates_of(share_of(wins.sum(axis=1), met))
        ties = tied.sum(axis=1)
        rows += [
            doc.WinRate(material.generators[code], name, rates[code], int(ties[code]))
            for code in range(size)
            if met[code] + ties[code]
        ]
    return rows


def _leaderboard(material: Material, counted: Counted) -> doc.Leaderboard:
    """Bradley–Terry over the generators that were compared."""
    left, right, winner, _ = _compared(material, counted)
    seen, codes = np.unique(np.concatenate([left, right]), return_inverse=True)
    names = [material.generators[code] for code in seen.tolist()]
    wins, tied = count_comparisons(codes[: len(left)], codes[len(left) :], winner, n_generators=len(seen))
    refusal = None
    score = lower = upper = np.full(len(seen), np.nan)
    try:
        fit = bradley_terry_of_counts(wins, tied, names=names)
        score, lower, upper = fit.score, fit.lower, fit.upper
    except NotConnected as error:
        refusal = f"There is no ranking: {error}."
    rows = [
        doc.Ranked(
            generator=name,
            score=number(score[code]),
            lower=number(lower[code]),
            upper=number(upper[code]),
            n_comparisons=int(wins[code].sum() + wins[:, code].sum() + tied[code].sum()),
            n_wins=int(wins[code].sum()),
            n_losses=int(wins[:, code].sum()),
            n_ties=int(tied[code].sum()),
        )
        for code, name in enumerate(names)
    ]
    return doc.Leaderboard(refusal, sorted(rows, key=lambda row: (-(row.score or 0.0), -row.n_wins, row.generator)))


def _cycles(material: Material, counted: Counted) -> doc.Cycles:
    left, right, winner, _ = _compared(material, counted)
    found = find_cycles(left, right, winner, n_generators=len(material.generators), listed_max=CYCLES_LISTED)
    return doc.Cycles(
        cycles=int(found.counts.sum()),
        triads=int(found.triads.sum()),
        listed=[
            doc.Cycle([material.generators[code] for code in three], margin)
            for three, margin in zip(found.generators.tolist(), found.margin.tolist(), strict=True)
        ],
    )


# --- pairs and prompts


def largest(names: Sequence[str], prompt_of_pair: Ints, limit: int = CATEGORIES_LISTED) -> list[str]:
    """The names with most pairs, those without a name left out."""
    of_prompt = np.bincount(prompt_of_pair, minlength=len(names)).tolist()
    pairs: Counter[str] = Counter()
    for name, its in zip(names, of_prompt, strict=True):
        if name:
            pairs[name] += its
    return sorted(pairs, key=lambda name: (-pairs[name], name))[:limit]


def _codes(names: Sequence[str], among: Sequence[str]) -> Ints:
    """The place of each name in the list, or NONE."""
    place = {name: code for code, name in enumerate(among)}
    return np.array([place.get(name, NONE) for name in names], dtype=np.int64)


def _coverage(material: Material, counted: Counted, names: Sequence[str]) -> list[doc.Coverage]:
    shown = largest(names, material.pairs.prompt, COVERAGE_LISTED)
    if "" in names:
        shown.append("")
    code = _codes(names, shown)
    of_pair = code[material.pairs.prompt]
    votes = counted.counts.sum(axis=1)

    def of_each(which: Ints, weights: Ints | None = None) -> list[int]:
        is_shown = which != NONE
        sums = np.bincount(which[is_shown], None if weights is None else weights[is_shown], minlength=len(shown))
        return [int(value) for value in sums]

    rows = zip(
        shown,
        of_each(code),
        of_each(of_pair),
        of_each(of_pair, (material.pairs.state == SETTLED).astype(np.int64)),
        of_each(of_pair, votes),
        strict=True,
    )
    return [doc.Coverage(*row) for row in rows]


def _prompts(material: Material) -> doc.Prompts:
    texts, categories = material.prompts.texts, Counter(name for name in material.prompts.category if name)
    groups = near_duplicates(texts)
    entropy = entropy_of(list(categories.values()))
    return doc.Prompts(
        prompts=len(texts),
        characters=_distribution([len(text) for text in texts]),
        words=_distribution([len(text.split()) for text in texts]),
        categories=len(categories),
        category_entropy=entropy,
        category_evenness=number(entropy / math.log2(len(categories))) if entropy is not None and len(categories) > 1 else None,
        near_duplicates=doc.NearDuplicates(
            similarity=SIMILARITY,
            prompts=sum(len(group) for group in groups),
            groups=len(groups),
            examples=[[texts[place][:EXAMPLE_LENGTH] for place in group[:EXAMPLE_TEXTS]] for group in groups[:EXAMPLES_LISTED]],
        ),
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


def _near_identical(pairs: Pairs) -> doc.NearIdentical:
    is_compared = pairs.distance != NONE
    return doc.NearIdentical(
        distance=NEAR_IDENTICAL_DISTANCE,
        pairs=int((is_compared & (pairs.distance <= NEAR_IDENTICAL_DISTANCE)).sum()),
        pairs_compared=int(is_compared.sum()),
    )


# --- machines


def _machines(material: Material, counted: Counted) -> list[doc.Machine]:
    """Each machine's votes beside the people's labels; those on pairs without one, or with a tie, are compared with nothing."""
    votes = material.votes
    its = votes.where(material.is_machine[votes.member] & (votes.question == 0)) if len(votes) else votes
    label = counted.label[its.pair]
    is_compared = (label != NO_LABEL) & (label != TIED)
    size = len(material.members)
    cast = np.bincount(its.member, minlength=size)
    agreed = rates_of(
        share_of(
            np.bincount(its.member[is_compared & (label == its.choice)], minlength=size),
            np.bincount(its.member[is_compared], minlength=size),
        )
    )
    machines = np.flatnonzero(material.is_machine).tolist()
    return [doc.Machine(material.members[place], int(cast[place]), agreed[place]) for place in machines]
