"""Care: whether somebody's answers depend on the images, whatever their taste; a sequential test against guessing.

Who disagrees with most people may guess, or may look closely and prefer something else. Only the first is to be stopped. So
what is tested is not agreement but this: *careful*, as an annotator of any taste is,

    a vote       P(l) = Σ_k C_k G'_kl, with C_k what the votes of the others say of the pair (trust.py), and G' the confusion
                 matrix G of the campaign for somebody who prefers the other image on a share s of the pairs, answers ties with
                 an image in a share d of them, and guesses in a share e: every s, d, e of `TASTES`
    gold         right with any probability from `GOLD_LEAST` on
    a repeat     the same as before with any probability from `REPEAT_LEAST` on

against *guessing*, where the answer has nothing to do with the pair, and may have all to do with the side it is shown on: by the
shares of the campaign's answers, evenly, the opposite of what is right, or by shares of the annotator's own (Dirichlet).

    log odds = max over the careful of log P(answers | careful) - log Σ over the guessing of weight × P(answers | guessing)

Whatever their taste, somebody careful ever falls below -x with probability e^-x at most, however long they go on and however
often one looks: for each single way to be careful the ratio of the two is a martingale, and the maximum makes it only larger (A.
Wald's test with J. Ville's inequality). Somebody who prefers the opposite on half of the pairs is as likely to be careful as to
guess by their votes, and what tells is gold and repeats.

That holds where C and G are right. So that nobody is stopped by a wrong model of the others, own checks have the last word: `own`
is the same log odds of gold and repeats alone. Where a campaign has gold or repeats, `log_odds` is never below 0 before an
annotator has answered `CHECKS_MIN` of them, has failed the first two, or has answered `WAIT_MAX` pairs; and never while `own`
speaks for care.

`recent` looks for those who begin well and tire. It adds up the odds of all changes from careful to guessing after each
`BLOCK` answers: among the first `BLOCKS` of them, somebody careful ever falls below -x with probability BLOCKS e^-x at most.

A. Wald, "Sequential tests of statistical hypotheses", Annals of Mathematical Statistics 16 (1945). J. Ville, "Étude critique de
la notion de collectif" (1939). A. Ramdas, P. Grünwald, V. Vovk and G. Shafer, "Game-theoretic statistics and safe anytime-valid
inference", Statistical Science 38 (2023), for composite hypotheses. J. Shin, A. Ramdas and A. Rinaldo, "E-detectors", New England
Journal of Statistics in Data Science 2 (2024), for the sum over changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from annotator.consensus.codes import Bools, Floats, Ints, checked_codes, totals
from annotator.consensus.trust import Answers, Model, Trust

OPPOSITE = (0.0, 0.15, 0.3, 0.4, 0.5, 0.6)
TIES = ((0.0, 0.0), (0.0, 0.25), (0.5, 0.05), (1.0, 0.05))  # ties answered with an image, answers guessed
TASTES = [(opposite, *ties) for opposite, ties in product(OPPOSITE, TIES)]
GOLD_LEAST = 0.8
REPEAT_LEAST = 0.7
MOST = 0.98
CHECKS_MIN, WAIT_MAX = 3, 40  # gold and repeats to wait for, and answers after which to wait no longer
CLEAR_CHECKS, CLEAR = 2, -1.5  # so many are enough where `own` is as low: both failed
BLOCK, BLOCKS = 10, 50
CAREER = BLOCK * BLOCKS
AGAINST_GOLD = 0.1  # of gold, by somebody who means to answer the opposite
HABIT = 0.5  # of an answer of each kind beforehand, in the Dirichlet of one's own habits
GUESSES = np.array([0.4, 0.2, 0.1, 0.3])  # the weights of the ways to guess, in the order above
GUESSING = 3  # of these with a probability of their own for each answer
EVIDENCE = len(TASTES) + 6 + 2 * GUESSING + 4  # columns, with four choices
SMALLEST = 1e-4
IMAGES = 2  # the first choices are for an image, `a` and `b`; the others are ties


class Care(NamedTuple):
    """Per annotator, log odds of care against guessing. Without answers: 0."""

    log_odds: Floats
    recent: Floats  # 0 or less
    own: Floats  # of gold and repeats alone
    checks: Ints  # gold and repeats
    answers: Ints  # that are used


def care(
    answers: Answers, others: Trust, *, is_left: ArrayLike, n_annotators: int, n_tasks: int, has_checks: bool | None = None
) -> Care:
    """`others` is what trust() found in the same answers; `is_left` is 1 where the chosen image was on the left.

    `has_checks` says whether the campaign has gold or repeats; None: where there are any among the answers.

    Raises ValueError for codes out of range or columns of different lengths.
    """
    n_choices = len(others.shares)
    limits = {"annotator": n_annotators, "task": n_tasks, "choice": n_choices, "known": n_choices + 1, "first": n_choices + 1}
    shifted = answers._replace(known=np.asarray(answers.known) + 1, first=np.asarray(answers.first) + 1)
    checked = checked_codes(limits | {"counts": 2, "is_left": 2}, **shifted._asdict(), is_left=is_left)
    annotator, _, choice, known, first, counts, left = checked
    seen = Seen(choice, known - 1, first - 1, left, others.likely)
    rows = np.flatnonzero((counts == 1) & seen.is_used)
    by = annotator[rows]
    order = np.argsort(by, kind="stable")
    rows, by = rows[order], by[order]
    if has_checks is None:
        has_checks = bool(((seen.known >= 0) | (seen.first >= 0)).any())
    sizes = np.bincount(by, minlength=n_annotators)
    blocks = -(-sizes // BLOCK)
    nth = np.arange(len(by)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    block = np.repeat(np.cumsum(blocks) - blocks, sizes) + nth // BLOCK
    return care_of(evidence_by(block, int(blocks.sum()), seen.where(rows), others.model), blocks, has_checks=has_checks)


class Seen(NamedTuple):
    """Answers, a column each."""

    choice: Ints
    known: Ints
    first: Ints
    left: Ints
    likely: Floats  # as in Trust

    @property
    def is_used(self) -> Bools:
        """An answer tells something if it is a check, or others voted on the pair."""
        return (self.known >= 0) | (self.first >= 0) | ~np.isnan(self.likely[0])

    def where(self, rows: Ints) -> Seen:
        choice, known, first, left, likely = self
        return Seen(choice[rows], known[rows], first[rows], left[rows], likely[:, rows])


def evidence_by(block: Ints, n_blocks: int, seen: Seen, model: Model) -> Floats:
    """What the answers, all of which are used, say of care, summed up over each block: (blocks, columns of `_Sums`)."""
    return np.stack([totals(block, column, n_blocks) for column in _evidence(seen, model)], axis=1)


def care_of(blocks: Floats, sizes: Ints, *, has_checks: bool) -> Care:
    """From the evidence of blocks of answers, those of each annotator together and in order; `sizes` is how many each has.

    What is before the first block of an annotator is taken to be no change; so the first may be longer than others.
    """
    n_annotators = len(sizes)
    owner = np.repeat(np.arange(n_annotators), sizes)
    start = np.cumsum(sizes) - sizes
    is_whole = np.zeros(len(owner), dtype=np.bool_)
    is_whole[start[sizes > 0]] = True
    # All that came from a block on.
    until = np.concatenate([np.zeros((1, blocks.shape[1])), np.cumsum(blocks, axis=0)])
    stretch = until[np.repeat(start + sizes, sizes)] - until[:-1]
    found = _odds(_Sums(stretch), has_checks)

    def of_whole(column: Floats) -> Floats:
        values = np.zeros(n_annotators)
        values[owner[is_whole]] = column[is_whole]
        return values

    # What is above 0 is no sign of a change, and neither is a stretch without checks: both are left out.
    is_change = ~is_whole & (found.log_odds < 0)
    odds = np.bincount(owner[is_change], weights=np.exp(np.minimum(-found.log_odds[is_change], 700)), minlength=n_annotators)
    return Care(
        log_odds=of_whole(found.log_odds),
        recent=-np.log(np.maximum(odds, 1.0)),
        own=of_whole(found.own),
        checks=np.rint(of_whole(found.checks)).astype(np.int64),
        answers=np.rint(of_whole(found.answers)).astype(np.int64),
    )


class _Odds(NamedTuple):
    """Per stretch."""

    log_odds: Floats
    own: Floats
    checks: Floats
    answers: Floats


class _Sums:
    """The columns of evidence by their names, of stretches."""

    def __init__(self, sums: Floats) -> None:
        columns = iter(sums.T)
        self.tastes = np.stack([next(columns) for _ in TASTES])
        self.gold, self.gold_hits, self.again, self.again_hits, self.among, self.answers = (next(columns) for _ in range(6))
        self.guesses = np.stack([next(columns) for _ in range(GUESSING)])
        self.guesses_of_checks = np.stack([next(columns) for _ in range(GUESSING)])
        self.habits = np.stack(list(columns))


def _evidence(seen: Seen, model: Model) -> Iterator[Floats]:
    is_gold, is_again = seen.known >= 0, seen.first >= 0
    is_check = is_gold | is_again
    is_again = is_again & ~is_gold
    shares = np.maximum(model.shares, SMALLEST)
    yield from _votes(seen, ~is_check, model)
    for is_one, wanted in ((is_gold, seen.known), (is_again, seen.first)):
        yield is_one.astype(np.float64)
        yield (is_one & (seen.choice == wanted)).astype(np.float64)
    among = np.where(is_gold, _among_the_others(seen.choice, seen.known, shares), 0.0)
    yield among + np.where(is_again, _among_the_others(seen.choice, seen.first, shares), 0.0)
    yield np.ones(len(seen.choice))
    guesses = _guesses(seen, shares, model)
    yield from guesses
    yield from (np.where(is_check, guess, 0.0) for guess in guesses)
    what = np.where(seen.choice < IMAGES, np.where(seen.left == 1, 0, 1), seen.choice)
    yield from ((what == one).astype(np.float64) for one in range(len(shares)))


def _odds(sums: _Sums, has_checks: bool) -> _Odds:
    own = _checks(sums.gold_hits, sums.gold, GOLD_LEAST) + _checks(sums.again_hits, sums.again, REPEAT_LEAST) + sums.among
    of_all = np.concatenate([sums.guesses, [_habit(sums.habits)]])
    all_odds = sums.tastes.max(axis=0) + own - _log_mean(of_all, GUESSES)
    own_odds = own - _log_mean(sums.guesses_of_checks, GUESSES[:-1])
    checks = sums.gold + sums.again
    # Sums that are kept and changed are right to some digits after the point: half a check tells them apart.
    is_clear = (checks > CLEAR_CHECKS - 0.5) & (own_odds <= CLEAR)
    is_waiting = (checks < CHECKS_MIN - 0.5) & ~is_clear & (sums.answers < WAIT_MAX - 0.5) & has_checks
    is_spared = is_waiting | ((own_odds >= 0) & (checks > 0.5))
    return _Odds(np.where(is_spared, np.maximum(all_odds, 0.0), all_odds), own_odds, checks, sums.answers)


def _log_mean(logs: Floats, weights: Floats) -> Floats:
    highest = logs.max(axis=0)
    return np.asarray(highest + np.log(weights @ np.exp(logs - highest) / weights.sum()))


def _checks(hits: Floats, n: Floats, least: float) -> Floats:
    """The log-likelihood of hits and misses at the likeliest rate from `least` on."""
    rate = np.clip(hits / np.maximum(n, 1), least, MOST)
    return np.asarray(hits * np.log(rate) + (n - hits) * np.log1p(-rate))


def _among_the_others(choice: Ints, wanted: Ints, shares: Floats) -> Floats:
    """Which of the other answers a miss is, by their shares: its log probability. Of a hit: 0."""
    rest = np.maximum(1 - shares[wanted], SMALLEST)
    return np.where(choice == wanted, 0.0, np.log(shares[choice] / rest))


def _votes(seen: Seen, is_vote: Bools, model: Model) -> Iterator[Floats]:
    """The log-likelihood of each vote, by each taste."""
    at = np.flatnonzero(is_vote)
    likely, said = seen.likely[:, at], seen.choice[at]
    for opposite, ties, guessed in TASTES:
        matrix = confusion_of(model, opposite=opposite, ties=ties, guessed=guessed)
        of_rows = np.zeros(len(seen.choice))
        of_rows[at] = np.log(np.maximum((likely * matrix[:, said]).sum(axis=0), SMALLEST))
        yield of_rows


def confusion_of(others: Trust | Model, *, opposite: float, ties: float, guessed: float) -> Floats:
    """The confusion matrix of a careful annotator of another taste, of shape (choices, choices).

    On a share `opposite` of pairs they prefer the other image, a share `ties` of ties they answer with an image, and a share
    `guessed` of answers they guess.
    """
    matrix = others.confusion.copy()
    matrix[:, :IMAGES] += ties * matrix[:, IMAGES:].sum(axis=1, keepdims=True) / IMAGES
    matrix[:, IMAGES:] *= 1 - ties
    matrix[:IMAGES] = (1 - opposite) * matrix[:IMAGES] + opposite * matrix[:IMAGES][::-1]
    return np.asarray((1 - guessed) * matrix + guessed * others.shares)


def _guesses(seen: Seen, shares: Floats, model: Model) -> list[Floats]:
    """The log probability of each answer by those who guess: as all answer, evenly, and the opposite of what is right."""
    n_choices = len(shares)
    of_choice = shares.copy()
    of_choice[:IMAGES] = shares[:IMAGES].mean()  # an image is on either side as often
    opposite = np.arange(n_choices)
    opposite[:IMAGES] = opposite[:IMAGES][::-1]
    opposite[IMAGES:] = opposite[IMAGES:][::-1]
    confusion = model.confusion[opposite]
    against = np.log(np.maximum((seen.likely * confusion[:, seen.choice]).sum(axis=0), SMALLEST))
    is_gold, is_again = seen.known >= 0, seen.first >= 0
    is_hit = seen.choice == seen.known
    gold = np.where(is_hit, np.log(AGAINST_GOLD), np.log(1 - AGAINST_GOLD) + _among_the_others(seen.choice, seen.known, shares))
    is_same = seen.choice == seen.first
    again = np.where(is_same, np.log(REPEAT_LEAST), np.log(1 - REPEAT_LEAST) + _among_the_others(seen.choice, seen.first, shares))
    against = np.where(is_gold, gold, np.where(is_again, again, against))
    return [np.log(of_choice)[seen.choice], np.full(len(seen.choice), -np.log(n_choices)), against]


def _habit(counts: Floats) -> Floats:
    """The log probability of the answers by habits of one's own: left, right and each tie, whatever the pair."""
    whole, n_choices = np.rint(counts), len(counts)
    rising = scipy.special.gammaln(HABIT + whole) - scipy.special.gammaln(HABIT)
    rising_all = scipy.special.gammaln(n_choices * HABIT + whole.sum(axis=0)) - scipy.special.gammaln(n_choices * HABIT)
    return np.asarray(rising.sum(axis=0) - rising_all)
