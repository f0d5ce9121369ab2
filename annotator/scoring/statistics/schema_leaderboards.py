"""The part of the statistics document that compares generators: leaderboards, cycles, and which generators met.

See schema.py, which is the whole of it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ranked:
    """A generator with its Bradley–Terry score. Scores are null if `refusal` is set."""

    generator: str
    score: float | None
    lower: float | None
    upper: float | None
    n_comparisons: int
    n_wins: int
    n_losses: int
    n_ties: int
    standard_error: float | None
    rank_lower: int | None  # the ranks that it may have; all at once are right with 95 % confidence
    rank_upper: int | None
    p_first: float | None  # the probability to have the highest score


@dataclass(frozen=True)
class OrderChange:
    """How many votes would have to go for the lower of two neighbours to be above the upper; null if none were found."""

    upper: str
    lower: str
    votes: int | None
    share: float | None  # of the votes that scores count


@dataclass(frozen=True)
class SideEffect:
    """What being on the left adds to the log-odds of winning. Null where no two generators were seen on both sides."""

    effect: float | None
    lower: float | None
    upper: float | None
    p_value: float | None
    is_unbalanced: bool  # some generator was mostly on one side
    is_used: bool  # scores take it into account


@dataclass(frozen=True)
class DavidsonScore:
    """A generator's score by Davidson's model of ties."""

    generator: str
    score: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class Davidson:
    """Scores by a model in which ties have a probability of their own, and whether they say something else."""

    differs: bool  # in an order, or in some P(i beats j) by more than 0.02
    swapped: list[list[str]]  # neighbours that it orders the other way
    largest_difference: float | None  # of P(i beats j)
    tie_parameter: float | None
    generators: list[DavidsonScore]


@dataclass(frozen=True)
class Leaderboard:
    """The generators, best first, on one question and in one category. A tie counts as half a win for both.

    Row i and column j of a matrix compare generator i with generator j, in the order of `generators`. Matrices are empty if there
    are no scores, or too many generators.
    """

    refusal: str | None
    generators: list[Ranked]
    question: str
    category: str | None  # null: all prompts
    votes: int  # that scores count
    votes_left_out: int  # later votes of pairs that may stop early
    votes_per_pair: int | None  # the first of each pair, if overlap is adaptive; of audit pairs, all. Else null: all
    prompts: int
    annotators: int
    p_beats: list[list[float | None]]  # the probability that a vote prefers i to j
    p_beats_lower: list[list[float | None]]
    p_beats_upper: list[list[float | None]]
    p_above: list[list[float | None]]  # the probability that the score of i is above that of j
    order_changes: list[OrderChange]  # of neighbours, best first; none by category
    side: SideEffect | None  # by category, that of the question
    davidson: Davidson | None  # null without ties, and by category


@dataclass(frozen=True)
class Cycle:
    """Three generators: the first beats the second, the second beats the third, and the third beats the first."""

    generators: list[str]
    margin: int  # the smallest of the three winning margins, in votes


@dataclass(frozen=True)
class Cycles:
    """Cycles of three generators, which no ranking can show."""

    cycles: int
    triads: int  # triples in which each of the three comparisons has a winner
    listed: list[Cycle]


@dataclass(frozen=True)
class Meeting:
    """How often two generators were compared. Gold pairs are not counted."""

    generators: list[str]  # two
    pairs: int
    votes: int


@dataclass(frozen=True)
class CategoryMeetings:
    """The comparisons of generators on the prompts of one category."""

    category: str
    images: int
    images_without_pairs: int
    pairs: int
    votes: int
    met: int  # of two generators each, with votes
    groups: int  # that votes connect; 1: all can be ranked together


@dataclass(frozen=True)
class Meetings:
    """Which generators were compared, and whether the comparisons connect them all, so that one ranking is possible."""

    images: int
    images_without_pairs: int
    generators: int
    possible: int  # ways to choose two generators
    met: int  # of these, with votes
    groups: list[list[str]]  # generators that votes connect, directly or over others; one group: all can be ranked together
    groups_of_pairs: list[list[str]]  # the same once every pair has votes
    listed: list[Meeting]  # the fewest votes first, at most `listed_max`
    listed_max: int
    categories: list[CategoryMeetings]
