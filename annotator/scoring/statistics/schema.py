"""The statistics of a campaign as a document: the REST API, the managers' page and the dataset card show it.

Its JSON has these names. They are a public contract, described in docs/rest.md: add to them, and change them only on purpose.
An undefined number is null. Intervals are 95 % intervals. People and machines appear only by their `public_id`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from annotator.scoring.statistics.schema_confidence import Confidence
from annotator.scoring.statistics.schema_history import History, Rate, Throughput
from annotator.scoring.statistics.schema_leaderboards import Cycles, Leaderboard, Meetings


@dataclass(frozen=True)
class Estimate:
    """A figure with its bootstrap interval over prompts, of agreement over annotators too. No interval if there are votes on
    fewer than two prompts."""

    value: float | None
    lower: float | None
    upper: float | None


FIRST_VOTES = "first_votes"  # the first votes of every pair, as many as the rule `votes_wanted` says
AUDIT_PAIRS = "audit_pairs"  # all votes of the pairs of the audit share


@dataclass(frozen=True)
class Agreement:
    """How far people agree: `alpha` is Krippendorff's, nominal, over the pairs with two of these votes or more.

    Intervals are over prompts and annotators: how far a figure would differ with others of both.
    """

    alpha: float | None
    lower: float | None
    upper: float | None
    pairs: int
    votes: int
    votes_used: str  # of which votes all of this is: FIRST_VOTES or AUDIT_PAIRS
    votes_per_pair: int  # at most this many of a pair, in the order in which they were given
    prompts: int
    ordinal: Estimate  # alpha for a < tie < b
    same_answer: Estimate  # how often two votes on a pair are the same; mean over pairs
    unanimous: Rate  # of the pairs with votes_per_pair votes; the wider of the exact interval and the bootstrap
    leading_share: Estimate  # of those pairs: the mean share of the leading answer
    entropy: Estimate  # of those pairs: the mean entropy of the shares, in bits


@dataclass(frozen=True)
class Progress:
    """The progress of the campaign. Votes are live regular votes of people on the first question."""

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
class CategoryAgreement:
    """Agreement on the pairs of one prompt category."""

    category: str
    agreement: Agreement


@dataclass(frozen=True)
class QuestionAgreement:
    """Agreement on one question."""

    question: str
    agreement: Agreement
    categories: list[CategoryAgreement]
    audit: Agreement | None  # null with fixed overlap, and without audit pairs


@dataclass(frozen=True)
class Overlap:
    """How many votes pairs get by the campaign's rules, and what came of it. Overlap is adaptive if votes_max is the larger."""

    votes_wanted: int
    votes_max: int
    stop_confidence: float
    pairs_beyond: int  # with more counted votes than votes_wanted
    pairs_stopped_early: int  # settled by the stopping rule with fewer than votes_max
    pairs_audit: int
    votes_spared: int  # votes_max less the votes of the pairs that were stopped early


@dataclass(frozen=True)
class Stopping:
    """What the stopping rule, as it is now, saves and costs on the audit pairs that have all their votes: where it would have
    stopped them, and whether the label would have been another."""

    audit_pairs: int
    audit_pairs_complete: int
    votes_per_pair: Estimate  # with the rule
    votes_saved: Estimate  # as a share of votes_max on every pair
    stopped_early: Rate  # of the complete audit pairs
    label_differs: Rate  # of those: the label at the stop is not that of all votes


@dataclass(frozen=True)
class Gold:
    """Accuracy on gold pairs that are not in review, and consistency on repeated pairs."""

    pairs: int  # with at least one answer
    annotators: int
    accuracy: Rate
    repeats_alike: Rate


@dataclass(frozen=True)
class GeneratorSides:
    """How often a generator's image won on the left, and on the right."""

    generator: str
    on_left: Rate
    on_right: Rate
    side_effect: float | None  # half their difference


@dataclass(frozen=True)
class Position:
    """Side bias: the share of the left image among the first votes of each pair for one image. Intervals are over prompts and
    annotators."""

    left: Rate
    p_value: float  # of the hypothesis that the side makes no difference
    ties: int  # votes not counted here
    generators: list[GeneratorSides]


@dataclass(frozen=True)
class Concentration:
    """How unevenly the votes are spread over annotators."""

    annotators: int
    gini: float | None
    top_1_share: float | None
    top_5_share: float | None
    top_10_share: float | None
    effective_annotators: float | None  # the number of equally active annotators with the same concentration: 1 / Σ share²


@dataclass(frozen=True)
class Annotator:
    """One annotator. The list starts with the most active."""

    annotator: str
    votes: int
    share: float
    median_elapsed_ms: float | None
    votes_per_hour: float | None
    left: Rate
    labels_changed: int  # pairs whose label would change without them
    labels_lost: int  # pairs that only they judged


@dataclass(frozen=True)
class LeaveOneOut:
    """How labels change when one annotator is left out."""

    pairs: int
    most_changed: int
    most_changed_share: float | None
    pairs_that_hang_on_one: int  # pairs whose label changes without one of the annotators


@dataclass(frozen=True)
class Coverage:
    """Counts for one category or language. The name "" stands for prompts without one."""

    name: str
    prompts: int
    pairs: int
    settled: int
    votes: int


@dataclass(frozen=True)
class Distribution:
    """A distribution in five numbers."""

    smallest: int
    tenth: float
    median: float
    ninetieth: float
    largest: int


@dataclass(frozen=True)
class NearDuplicates:
    """Prompts with nearly the same text."""

    similarity: float  # the smallest Jaccard similarity of character n-grams that counts
    prompts: int  # with at least one near duplicate
    groups: int
    examples: list[list[str]]  # texts of the largest groups


@dataclass(frozen=True)
class Prompts:
    """The number and variety of prompts."""

    prompts: int
    characters: Distribution | None
    words: Distribution | None
    categories: int
    category_entropy: float | None  # bits
    category_evenness: float | None  # entropy as a share of the largest possible
    near_duplicates: NearDuplicates | None  # null in a release


@dataclass(frozen=True)
class WinRate:
    """A generator's wins against all others, in one category or (null) in all. `rate` is wins / (wins + losses).

    Of the first votes of each pair, as many as `votes_wanted`; the interval is over prompts and annotators.
    """

    generator: str
    category: str | None
    wins: Rate
    ties: int


@dataclass(frozen=True)
class Machine:
    """A machine's agreement with the labels of people, without ties."""

    machine: str
    votes: int
    agreement: Rate


@dataclass(frozen=True)
class NearIdentical:
    """Pairs with two nearly identical images."""

    distance: int  # the most bits in which the perceptual hashes differ
    pairs: int
    pairs_compared: int  # pairs whose images both have hashes


@dataclass(frozen=True)
class Group:
    """The annotators who gave the same answer to the demographic question."""

    group: str
    people: int
    votes: int
    both_bad: Rate
    with_the_others: Rate  # votes that match the label of the other annotators


@dataclass(frozen=True)
class Groups:
    """Demographic groups of at least `people_min` people. Smaller groups, and groups that would reveal them, are left out."""

    question: str
    people_min: int
    groups: list[Group]
    suppressed: int


@dataclass(frozen=True)
class Planning:
    """What the votes on pairs of two known generators tell about how many are needed; see annotator/consensus/planning.py."""

    votes: int
    pairs: int
    prompts: int
    generators: int
    people: float  # as many with equally many votes would average as well
    information: float  # p (1 - p) of a vote
    variance: float  # of a vote
    pair_share: float  # of it, between pairs of images
    image_share: float  # of that, what an image takes into all its pairs
    taste_share: float  # of the variance, one person's taste on all prompts
    agreement: float  # how often two people agree on a pair, where both name a winner
    assumed: list[str]  # which of these the votes do not tell


@dataclass(frozen=True)
class HeldOut:
    method: str
    log_likelihood: float | None  # mean of a held-out vote, natural logarithm; the highest is chosen; null: nothing to hold out


@dataclass(frozen=True)
class LabelMethod:
    """How the labels of a question came about, by a label method that needs all votes at once."""

    question: str
    method: str  # that made the labels: with `auto`, the one it chose
    converged: bool  # false: it stopped before it had settled, and labels may be wrong
    iterations: int
    reason: str  # why `auto` chose it; empty otherwise
    held_out: list[HeldOut]  # with `auto`, of each method it tried


@dataclass(frozen=True)
class TasteGroup:
    """People who agree with one another more than with the other groups. Shares are of answers for an image."""

    people: int
    annotators: list[str]
    agreement_within: float | None
    agreement_with_others: float | None


@dataclass(frozen=True)
class Tastes:
    """Possible groups of annotators with different tastes, the largest first. Without evidence there are none."""

    compared: int  # annotators with enough votes on pairs that others judged too
    p_value: float | None  # of there being one taste only
    groups: list[TasteGroup]
    in_none: int  # annotators who were compared and are in no group, where there are groups


@dataclass(frozen=True)
class Statistics:
    """All statistics of a campaign at one moment."""

    campaign: str
    computed_at: str | None  # null: not yet
    votes_counted: int
    consensus_method: str
    progress: Progress
    throughput: Throughput
    overlap: Overlap
    agreement: list[QuestionAgreement]
    stopping: Stopping | None  # null with fixed overlap, and where `information_gain` says which pairs get more votes
    confidence: list[Confidence]
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
    leaderboard: Leaderboard  # on the first question and all prompts
    leaderboards: list[Leaderboard]  # of every question, on all prompts and then by category
    cycles: Cycles
    meetings: Meetings
    machines: list[Machine]
    near_identical: NearIdentical
    tastes: Tastes
    groups: Groups | None = field(default=None)
    label_methods: list[LabelMethod] = field(default_factory=list)  # per question; none for the majority
    planning: Planning | None = field(default=None)  # null: no votes that differ
    history: History = field(default_factory=History)

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)
