"""The part of the statistics document on how sure labels are; `schema` has the rest, and the rules for all of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChoiceShare:
    choice: str
    share: float


@dataclass(frozen=True)
class PopulationSplit:
    """How the population is estimated to split on pairs: what confidence rests on."""

    pairs_with_two_votes: int  # or more; only these tell about agreement
    mean_split: list[ChoiceShare]
    agreement: float  # chance that two people agree on a pair
    with_the_first: float  # share of the population that is with the most common answer, on average
    nearly_even: float  # share of pairs on which the most common answer leads by 0.1 or less


@dataclass(frozen=True)
class ExpectedSaving:
    """What the stopping rule is expected to do on pairs like those so far."""

    is_known: bool  # whether enough pairs have two votes for pairs to stop early
    votes_per_pair: float
    stopped_early: float  # share of pairs
    saving: float  # share of the votes of a fixed overlap with the same accuracy; 0: it saves none


@dataclass(frozen=True)
class CalibrationRow:
    """The pairs of which a probability in a tenth of the scale was said."""

    low: float
    high: float
    pairs: int
    said: float | None  # mean probability
    came_true: float | None
    lower: float
    upper: float


@dataclass(frozen=True)
class Calibration:
    """Whether probabilities came true: by the first `votes_known` votes of a pair, that its label is the most common answer among
    its other votes. With adaptive overlap of the audit pairs, else of all."""

    pairs: int
    votes_known: int
    rows: list[CalibrationRow]


@dataclass(frozen=True)
class Confidence:
    """How sure the labels of a question are, by majority: the probability that each is what most of the population would say."""

    question: str
    pairs: int  # with votes
    mean: float | None
    share_sure: float | None  # of pairs with a confidence of 0.9 or more
    prior: PopulationSplit
    expected: ExpectedSaving | None  # of the first question; null with fixed overlap
    calibration: Calibration | None  # null where no pair has other votes to check it by
