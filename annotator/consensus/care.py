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

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.codes import Bools, Floats, Ints, checked_codes
from annotator.consensus.trust import Answers, Trust

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
    known, first = known - 1, first - 1
    is_used = (counts == 1) & ((known >= 0) | (first >= 0) | ~np.isnan(others.likely[0]))
    rows = np.flatnonzero(is_used)
    rows = rows[np.argsort(annotator[rows], kind="stable")]
    if has_checks is None:
        has_checks = bool(((known >= 0) | (first >= 0)).any())
    stretch = _Stretches(annotator[rows], n_annotators)
    seen = _Seen(choice[rows], known[rows], first[rows], left[rows], others.likely[:, rows], others)
    found = _odds(seen, stretch, has_checks)
    is_whole = stretch.is_whole
    result = {name: np.zeros(n_annotators) for name in ("log_odds", "own", "recent")}
    owner = stretch.annotator
    result["log_odds"][owner[is_whole]] = found.log_odds[is_whole]
    result["own"][owner[is_whole]] = found.own[is_whole]
    # What is above 0 is no sign of a change, and neither is a stretch without checks: both are left out.
    is_change = ~is_whole & (found.log_odds < 0)
    odds = np.bincount(owner[is_change], weights=np.exp(np.minimum(-found.log_odds[is_change], 700)), minlength=n_annotators)
    result["recent"] = -np.log(np.maximum(odds, 1.0))
    checks = np.zeros(n_annotators, dtype=np.int64)
    checks[owner[is_whole]] = found.checks[is_whole]
    return Care(checks=checks, answers=stretch.sizes, **result)


class _Stretches:
    """The answers of each annotator, and what is left of them after each BLOCK: rows `start` to `end`, sorted by annotator."""

    def __init__(self, by: Ints, n_annotators: int) -> None:
        self.sizes: Ints = np.bincount(by, minlength=n_annotators)
        ends = np.cumsum(self.sizes)
        stretches = -(-self.sizes // BLOCK)
        self.annotator: Ints = np.repeat(np.arange(n_annotators), stretches)
        nth = np.arange(len(self.annotator)) - np.repeat(np.cumsum(stretches) - stretches, stretches)
        self.is_whole: Bools = nth == 0
        self.end: Ints = ends[self.annotator]
        self.start: Ints = (ends - self.sizes)[self.annotator] + BLOCK * nth

    def total(self, of_rows: Floats) -> Floats:
        """The sum of a column over each stretch."""
        reached = np.concatenate([[0.0], np.cumsum(of_rows)])
        return np.asarray(reached[self.end] - reached[self.start])


class _Seen(NamedTuple):
    """The answers that are used, sorted by annotator."""

    choice: Ints
    known: Ints
    first: Ints
    left: Ints
    likely: Floats
    others: Trust


class _Odds(NamedTuple):
    """Per stretch."""

    log_odds: Floats
    own: Floats
    checks: Floats


def _odds(seen: _Seen, stretch: _Stretches, has_checks: bool) -> _Odds:
    is_gold, is_again = seen.known >= 0, seen.first >= 0
    is_check = is_gold | is_again
    shares = np.maximum(seen.others.shares, SMALLEST)
    own = np.zeros(len(stretch.start))
    for is_one, wanted, least in ((is_gold, seen.known, GOLD_LEAST), (is_again & ~is_gold, seen.first, REPEAT_LEAST)):
        own += _checks(is_one, is_one & (seen.choice == wanted), least, stretch)
        own += stretch.total(np.where(is_one, _among_the_others(seen.choice, wanted, shares), 0.0))
    votes = _votes(seen, ~is_check, stretch)
    guesses = _guesses(seen, shares)
    habit = _habit(seen, stretch)
    of_all = np.stack([*(stretch.total(guess) for guess in guesses), habit])
    of_checks = np.stack([stretch.total(np.where(is_check, guess, 0.0)) for guess in guesses])
    all_odds = votes + own - _log_mean(of_all, GUESSES)
    own_odds = own - _log_mean(of_checks, GUESSES[:-1])
    checks = stretch.total(is_check.astype(np.float64))
    is_clear = (checks >= CLEAR_CHECKS) & (own_odds <= CLEAR)
    is_waiting = (checks < CHECKS_MIN) & ~is_clear & (stretch.end - stretch.start < WAIT_MAX) & has_checks
    is_spared = is_waiting | ((own_odds >= 0) & (checks > 0))
    return _Odds(np.where(is_spared, np.maximum(all_odds, 0.0), all_odds), own_odds, checks)


def _log_mean(logs: Floats, weights: Floats) -> Floats:
    highest = logs.max(axis=0)
    return np.asarray(highest + np.log(weights @ np.exp(logs - highest) / weights.sum()))


def _checks(is_one: Bools, is_hit: Bools, least: float, stretch: _Stretches) -> Floats:
    """The log-likelihood of hits and misses at the likeliest rate from `least` on."""
    hits, n = stretch.total(is_hit.astype(np.float64)), stretch.total(is_one.astype(np.float64))
    rate = np.clip(hits / np.maximum(n, 1), least, MOST)
    return np.asarray(hits * np.log(rate) + (n - hits) * np.log1p(-rate))


def _among_the_others(choice: Ints, wanted: Ints, shares: Floats) -> Floats:
    """Which of the other answers a miss is, by their shares: its log probability. Of a hit: 0."""
    rest = np.maximum(1 - shares[wanted], SMALLEST)
    return np.where(choice == wanted, 0.0, np.log(shares[choice] / rest))


def _votes(seen: _Seen, is_vote: Bools, stretch: _Stretches) -> Floats:
    """The log-likelihood of the votes with the likeliest taste of each stretch."""
    at = np.flatnonzero(is_vote)
    likely, said = seen.likely[:, at], seen.choice[at]
    best = np.full(len(stretch.start), -np.inf)
    of_rows = np.zeros(len(seen.choice))
    for opposite, ties, guessed in TASTES:
        matrix = confusion_of(seen.others, opposite=opposite, ties=ties, guessed=guessed)
        of_rows[at] = np.log(np.maximum((likely * matrix[:, said]).sum(axis=0), SMALLEST))
        best = np.maximum(best, stretch.total(of_rows))
    return best


def confusion_of(others: Trust, *, opposite: float, ties: float, guessed: float) -> Floats:
    """The confusion matrix of a careful annotator of another taste, of shape (choices, choices).

    On a share `opposite` of pairs they prefer the other image, a share `ties` of ties they answer with an image, and a share
    `guessed` of answers they guess.
    """
    matrix = others.confusion.copy()
    matrix[:, :IMAGES] += ties * matrix[:, IMAGES:].sum(axis=1, keepdims=True) / IMAGES
    matrix[:, IMAGES:] *= 1 - ties
    matrix[:IMAGES] = (1 - opposite) * matrix[:IMAGES] + opposite * matrix[:IMAGES][::-1]
    return np.asarray((1 - guessed) * matrix + guessed * others.shares)


def _guesses(seen: _Seen, shares: Floats) -> list[Floats]:
    """The log probability of each answer by those who guess: as all answer, evenly, and the opposite of what is right."""
    n_choices = len(shares)
    of_choice = shares.copy()
    of_choice[:IMAGES] = shares[:IMAGES].mean()  # an image is on either side as often
    opposite = np.arange(n_choices)
    opposite[:IMAGES] = opposite[:IMAGES][::-1]
    opposite[IMAGES:] = opposite[IMAGES:][::-1]
    confusion = seen.others.confusion[opposite]
    against = np.log(np.maximum((seen.likely * confusion[:, seen.choice]).sum(axis=0), SMALLEST))
    is_gold, is_again = seen.known >= 0, seen.first >= 0
    is_hit = seen.choice == seen.known
    gold = np.where(is_hit, np.log(AGAINST_GOLD), np.log(1 - AGAINST_GOLD) + _among_the_others(seen.choice, seen.known, shares))
    is_same = seen.choice == seen.first
    again = np.where(is_same, np.log(REPEAT_LEAST), np.log(1 - REPEAT_LEAST) + _among_the_others(seen.choice, seen.first, shares))
    against = np.where(is_gold, gold, np.where(is_again, again, against))
    return [np.log(of_choice)[seen.choice], np.full(len(seen.choice), -np.log(n_choices)), against]


def _habit(seen: _Seen, stretch: _Stretches) -> Floats:
    """The log probability of the answers by habits of one's own: left, right and each tie, whatever the pair."""
    n_choices = len(seen.others.shares)
    what = np.where(seen.choice < IMAGES, np.where(seen.left == 1, 0, 1), seen.choice)
    rising = np.concatenate([[0.0], np.cumsum(np.log(HABIT + np.arange(len(what))))])
    rising_all = np.concatenate([[0.0], np.cumsum(np.log(n_choices * HABIT + np.arange(len(what))))])
    counts = np.stack([stretch.total((what == one).astype(np.float64)) for one in range(n_choices)]).astype(np.int64)
    return np.asarray(rising[counts].sum(axis=0) - rising_all[counts.sum(axis=0)])
