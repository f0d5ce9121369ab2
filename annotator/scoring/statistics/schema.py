"""The statistics of a campaign as a document: what the REST API answers, the managers' page shows and a dataset card may quote.

Its JSON has these names. They are a public contract, described in docs/rest.md: add to them, and change them only on purpose.
A number that is not defined is null. Intervals are of 95 %. People and machines appear by their `public_id` alone.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Rate:
    """`k` of `n`, with the exact (Clopper–Pearson) interval."""

    k: int
    n: int
    rate: float | None
    lower: float
    upper: float


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's alpha over the pairs with two votes or more, with its bootstrap interval over pairs."""

    alpha: float | None
    lower: float | None
    upper: float | None
    pairs: int
    votes: int


@dataclass(frozen=True)
class Progress:
    """How far the campaign is. Votes are counted ones: live and regular, of people, on the first question."""

    pairs: int
    pairs_gold: int
    pairs_settled: int
    pairs_held: int
    votes: int
    votes_wanted: int
    share: float
    annotators: int
    machines: int


@dataclass(frozen=True)
class Day:
    """A day (UTC) with votes."""

    day: str
    votes: int
    annotators: int


@dataclass(frozen=True)
class Throughput:
    """How fast votes come in, and how long people take."""

    votes_last_hour: int
    votes_last_day: int
    days: list[Day]  # the last 30 with votes, the newest first
    median_elapsed_ms: float | None  # of the annotators' medians
    median_votes_per_hour: float | None  # of the annotators' votes in each hour in which they voted


@dataclass(frozen=True)
class CategoryAgreement:
    """Agreement on the pairs of a category of prompts."""

    category: str
    agreement: Agreement


@dataclass(frozen=True)
class QuestionAgreement:
    """Agreement on a question."""

    question: str
    agreement: Agreement
    categories: list[CategoryAgreement]


@dataclass(frozen=True)
class Gold:
    """Answers to gold pairs that are not under review, and an annotator's second answers to pairs that came to them again."""

    pairs: int  # with an answer
    annotators: int
    accuracy: Rate
    repeats_alike: Rate


@dataclass(frozen=True)
class GeneratorSides:
    """How often a generator's image was taken where it was on the left, and on the right."""

    generator: str
    on_left: Rate
    on_right: Rate
    side_effect: float | None  # half their difference


@dataclass(frozen=True)
class Position:
    """Of the votes for one image, those for the left one."""

    left: Rate
    p_value: float  # that the side makes no difference
    ties: int  # votes that are left out
    generators: list[GeneratorSides]


@dataclass(frozen=True)
class Concentration:
    """How far few people decide."""

    annotators: int
    gini: float | None
    top_1_share: float | None
    top_5_share: float | None
    top_10_share: float | None
    effective_annotators: float | None  # as many as would be as concentrated, all voting alike: 1 / Σ share²


@dataclass(frozen=True)
class Annotator:
    """One of those who voted, the busiest first."""

    annotator: str
    votes: int
    share: float
    median_elapsed_ms: float | None
    votes_per_hour: float | None
    left: Rate
    labels_changed: int  # pairs whose label would be another without them
    labels_lost: int  # pairs that only they judged


@dataclass(frozen=True)
class LeaveOneOut:
    """What becomes of the labels without one of the annotators."""

    pairs: int
    most_changed: int
    most_changed_share: float | None
    pairs_that_hang_on_one: int  # at least one annotator's leaving would change the label


@dataclass(frozen=True)
class Coverage:
    """What there is of a category or a language; "" is of the prompts without one."""

    name: str
    prompts: int
    pairs: int
    settled: int
    votes: int


@dataclass(frozen=True)
class Distribution:
    """Five numbers."""

    smallest: int
    tenth: float
    median: float
    ninetieth: float
    largest: int


@dataclass(frozen=True)
class NearDuplicates:
    """Prompts whose texts are nearly the same."""

    similarity: float  # Jaccard, of runs of characters, from which on two are
    prompts: int  # with at least one such other
    groups: int
    examples: list[list[str]]  # texts of the largest groups


@dataclass(frozen=True)
class Prompts:
    """How different the prompts are."""

    prompts: int
    characters: Distribution | None
    words: Distribution | None
    categories: int
    category_entropy: float | None  # bits
    category_evenness: float | None  # of the entropy that as many categories could have
    near_duplicates: NearDuplicates | None  # null in a release, which has no use for them


@dataclass(frozen=True)
class WinRate:
    """How a generator did against all others, on the prompts of a category or (null) on all. `rate` is of wins and losses."""

    generator: str
    category: str | None
    wins: Rate
    ties: int


@dataclass(frozen=True)
class Ranked:
    """A generator with its Bradley–Terry score. Scores are null where `refusal` says why."""

    generator: str
    score: float | None
    lower: float | None
    upper: float | None
    n_comparisons: int
    n_wins: int
    n_losses: int
    n_ties: int


@dataclass(frozen=True)
class Leaderboard:
    """The generators, the best first. Ties count as half a win for each."""

    refusal: str | None
    generators: list[Ranked]


@dataclass(frozen=True)
class Cycle:
    """Three generators of which each beats the next, and the last the first."""

    generators: list[str]
    margin: int  # votes by which the least clear of the three was won


@dataclass(frozen=True)
class Cycles:
    """What no ranking can show."""

    cycles: int
    triads: int  # threes of which every two are decided
    listed: list[Cycle]


@dataclass(frozen=True)
class Machine:
    """A machine's votes beside the label of the people's, where that is no tie."""

    machine: str
    votes: int
    agreement: Rate


@dataclass(frozen=True)
class NearIdentical:
    """Pairs whose two images look nearly the same."""

    distance: int  # bits of the perceptual hashes that may differ
    pairs: int
    pairs_compared: int  # whose images have hashes


@dataclass(frozen=True)
class Group:
    """Those who described themselves alike."""

    group: str
    people: int
    votes: int
    both_bad: Rate
    with_the_others: Rate  # votes for the label that the pair has without them


@dataclass(frozen=True)
class Groups:
    """Self-described groups of at least `people_min`. Smaller ones are left out, and what would tell them by subtraction."""

    question: str
    people_min: int
    groups: list[Group]
    suppressed: int


@dataclass(frozen=True)
class Statistics:
    """Everything, at one moment."""

    campaign: str
    computed_at: str | None  # null: not yet
    votes_counted: int
    consensus_method: str
    progress: Progress
    throughput: Throughput
    agreement: list[QuestionAgreement]
    gold: Gold
    position: Position
    concentration: Concentration
    leave_one_out: LeaveOneOut
    annotators: list[Annotator]
    annotators_listed_max: int
    categories: list[Coverage]
    languages: list[Coverage]
    prompts: Prompts
    win_rates: list[WinRate]
    leaderboard: Leaderboard
    cycles: Cycles
    machines: list[Machine]
    near_identical: NearIdentical
    groups: Groups | None = field(default=None)

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)
