"""What the card says of a release, counted while its rows pass: all of one snapshot, so the same votes give the same card."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annotator.choices import AssignmentKind, Choice
from annotator.consensus.agreement import krippendorff_alpha_of_counts
from annotator.consensus.codes import Ints
from annotator.releasing.dataset.configs import LABEL, has_winner
from annotator.releasing.dataset.snapshot import Snapshot

RESAMPLES = 1000  # of the bootstrap whose interval is that of alpha; the seed is fixed
DIGITS = 6  # of figures that are kept
COUNT_BITS = 15  # of one count where four share a number


@dataclass(frozen=True)
class VoteCount:
    """How many votes are alike in what the card tells apart."""

    question: str
    kind: str
    void_reason: str | None
    guideline_version: int | None
    annotator_id: str
    votes: int


VOTE_KEYS = [field.name for field in dataclasses.fields(VoteCount) if field.name != "votes"]


@dataclass
class Facts:
    """What the card says about a campaign, all of it as it was in the snapshot."""

    slug: str
    name: str
    description: str
    questions: list[dict[str, Any]]  # slug, text, choices; the first is primary
    guidelines: list[dict[str, Any]]  # version, text
    consents: list[dict[str, Any]] = field(default_factory=list)  # version, text, people
    licence: str = ""
    citation: str = ""
    method: str = "majority"
    shares: list[float] = field(default_factory=lambda: [0.8, 0.1, 0.1])
    rules: dict[str, Any] = field(default_factory=dict)  # of the campaign, by the names of its columns
    prompts: int = 0
    generators: list[str] = field(default_factory=list)
    languages: dict[str, list[int]] = field(default_factory=dict)  # → pairs, votes; "" where none is stated
    categories: dict[str, list[int]] = field(default_factory=dict)
    pairs: int = 0
    gold_pairs: int = 0
    held_pairs: int = 0
    held_with_winner: int = 0
    without_generators: int = 0  # pairs that no leaderboard can use: a generator is not stated, or both are the same
    overlap: dict[str, int] = field(default_factory=dict)  # votes on a pair → pairs; JSON knows only text as keys
    labels: dict[str, dict[str, int]] = field(default_factory=dict)  # question → label → pairs
    agreement: float | None = None  # mean over the pairs with two votes or more
    alphas: dict[str, dict[str, Any]] = field(default_factory=dict)  # question → alpha, lower, upper, pairs, votes
    votes: list[VoteCount] = field(default_factory=list)
    first_vote: str = ""  # the day of the first vote that counts, as 2026-01-31
    last_vote: str = ""
    decided_votes: int = 0  # counted ones on the primary question for one of the images
    left_votes: int = 0  # of these, for the image on the left
    gold: dict[str, int] = field(default_factory=dict)  # votes, right, people
    repeats: dict[str, int] = field(default_factory=dict)  # votes, same
    review_rules: list[dict[str, Any]] = field(default_factory=list)  # outcome, measure, threshold, minimum; those in force
    acts: list[dict[str, Any]] = field(default_factory=list)  # kind, acts, by_rule, people
    crowd_people: int = 0  # of those whose votes count
    machines: dict[str, int] = field(default_factory=dict)  # members, votes
    standings: list[dict[str, Any]] = field(default_factory=list)  # the rows of the leaderboard
    no_standings: str = ""  # why there are none

    @property
    def secondary_questions(self) -> list[str]:
        """The slugs of the questions after the first."""
        return [question["slug"] for question in self.questions[1:]]

    @property
    def primary(self) -> str:
        return self.questions[0]["slug"] if self.questions else ""

    @property
    def counted(self) -> list[VoteCount]:
        """What makes labels of the primary question."""
        return [count for count in self.votes if count.question == self.primary and is_live_regular(count)]

    @property
    def votes_by_annotator(self) -> list[int]:
        """Of those that count, the most first."""
        votes = Counter[str]()
        for count in self.counted:
            votes[count.annotator_id] += count.votes
        return sorted(votes.values(), reverse=True)

    @classmethod
    def load(cls, saved: dict[str, Any]) -> Facts:
        return cls(**{**saved, "votes": [VoteCount(**count) for count in saved["votes"]]})


def is_live_regular(count: VoteCount) -> bool:
    return count.kind == AssignmentKind.REGULAR and count.void_reason is None


RULES = (
    "pairing_rule",
    "votes_wanted",
    "votes_max",
    "stop_confidence",
    "gold_rate",
    "repeat_rate",
    "limit_per_day",
    "limit_total",
    "limit_share",
)


def facts_of(snapshot: Snapshot) -> Facts:
    """What is asked of the database for the card alone."""
    campaign = snapshot.campaign
    facts = Facts(
        slug=campaign["slug"],
        name=campaign["name"],
        description=campaign["description"],
        licence=campaign["licence"],
        citation=campaign["citation"],
        method=campaign["consensus_method"],
        shares=list(snapshot.shares),
        rules={name: campaign[name] for name in RULES},
        questions=[{key: question[key] for key in ("slug", "text", "choices")} for question in snapshot.questions],
        guidelines=snapshot.query(
            "SELECT version, text FROM annotator_guideline"
            " WHERE campaign_id = {own} AND published_at IS NOT NULL ORDER BY version"
        ),
        consents=snapshot.query(
            "SELECT said.version, said.text, (SELECT count(*) FROM annotator_consent consent"
            " JOIN annotator_member member ON member.id = consent.member_id"
            " WHERE consent.text_id = said.id AND {is_released}) AS people"
            " FROM annotator_consenttext said WHERE said.campaign_id = {own} ORDER BY said.version"
        ),
    )
    [facts.gold] = snapshot.query(_GOLD_SQL)
    [facts.repeats] = snapshot.query(_REPEATS_SQL)
    [facts.machines] = snapshot.query(_MACHINES_SQL)
    facts.review_rules = snapshot.query(
        "SELECT outcome, measure, threshold, minimum FROM annotator_reviewrule"
        " WHERE campaign_id = {own} AND enabled ORDER BY outcome, measure"
    )
    facts.acts = snapshot.query(_ACTS_SQL)
    [people] = snapshot.query(_PEOPLE_SQL)
    facts.prompts, facts.crowd_people = people["prompts"], people["crowd_people"]
    return facts


# Gold pairs that are in review count for nobody, and so not here.
_GOLD_SQL = """
    SELECT count(*) AS votes, count(*) FILTER (WHERE vote.choice = pair.gold_choice) AS right,
           count(DISTINCT member.id) AS people
    FROM annotator_vote vote
    JOIN annotator_question question ON question.id = vote.question_id AND question.position = 0
    JOIN annotator_assignment seat ON seat.id = vote.assignment_id AND seat.kind = 'gold'
    JOIN annotator_member member ON member.id = seat.member_id
    JOIN annotator_pair pair ON pair.id = seat.pair_id
    WHERE question.campaign_id = {own} AND vote.void_reason IS NULL AND {is_released}
          AND pair.gold_choice IS NOT NULL AND pair.gold_in_review_since IS NULL
"""
_REPEATS_SQL = """
    SELECT count(*) AS votes, count(*) FILTER (WHERE again.choice = vote.choice) AS same
    FROM annotator_vote again
    JOIN annotator_question question ON question.id = again.question_id AND question.position = 0
    JOIN annotator_assignment repeat ON repeat.id = again.assignment_id AND repeat.kind = 'repeat'
    JOIN annotator_assignment seat
      ON seat.member_id = repeat.member_id AND seat.pair_id = repeat.pair_id AND seat.kind = 'regular'
    JOIN annotator_vote vote
      ON vote.assignment_id = seat.id AND vote.question_id = again.question_id AND vote.void_reason IS NULL
    JOIN annotator_member member ON member.id = repeat.member_id
    WHERE question.campaign_id = {own} AND again.void_reason IS NULL AND {is_released}
"""
_MACHINES_SQL = """
    SELECT count(DISTINCT member.id) AS members, count(*) AS votes
    FROM annotator_vote vote
    JOIN annotator_assignment seat ON seat.id = vote.assignment_id
    JOIN annotator_member member ON member.id = seat.member_id AND member.kind = 'machine'
    WHERE member.campaign_id = {own} AND member.state <> 'withdrawn' AND vote.void_reason IS NULL
"""
_ACTS_SQL = """
    SELECT act.kind, count(*) AS acts, count(act.rule_id) AS by_rule, count(DISTINCT member.id) AS people
    FROM annotator_act act JOIN annotator_member member ON member.id = act.member_id
    WHERE member.campaign_id = {own} AND {is_released} GROUP BY act.kind ORDER BY act.kind
"""
_PEOPLE_SQL = """
    SELECT (SELECT count(DISTINCT prompt_id) FROM annotator_pair WHERE campaign_id = {own}) AS prompts,
           (SELECT count(*) FROM annotator_crowdidentity identity
            JOIN annotator_member member ON member.id = identity.member_id
            WHERE identity.campaign_id = {own} AND {is_released} AND EXISTS (
                SELECT FROM annotator_assignment seat WHERE seat.member_id = member.id AND seat.state = 'answered'
            )) AS crowd_people
"""


class VoteTally:
    """Counts the votes on their way, so that the card speaks of the very votes in the files."""

    def __init__(self, primary: str) -> None:
        self.primary = primary
        self.counts: Counter[tuple[Any, ...]] = Counter()
        self.decided = self.left = 0
        self.times: list[Any] = []

    def add(self, batch: pa.RecordBatch) -> None:
        counted = pa.Table.from_batches([batch]).group_by(VOTE_KEYS, use_threads=False).aggregate([([], "count_all")])
        columns = [counted[key].to_pylist() for key in VOTE_KEYS]
        self.counts.update(dict(zip(zip(*columns, strict=True), counted["count_all"].to_pylist(), strict=True)))
        is_counted = pc.and_(
            pc.and_(pc.equal(batch["kind"], AssignmentKind.REGULAR.value), pc.is_null(batch["void_reason"])),
            pc.equal(batch["question"], self.primary),
        )
        mask = is_counted.to_numpy(zero_copy_only=False)
        choice = batch["choice"].to_numpy()[mask]
        a_on_left = batch["a_on_left"].to_numpy(zero_copy_only=False)[mask]
        self.decided += int((choice < 2).sum())
        self.left += int(((choice == 0) & a_on_left).sum() + ((choice == 1) & ~a_on_left).sum())
        if mask.any():
            times = pc.min_max(batch["created_at"].filter(is_counted)).as_py()
            self.times = [min([*self.times, times["min"]]), max([*self.times, times["max"]])]

    def write(self, facts: Facts) -> None:
        kinds = sorted(self.counts, key=lambda kind: [(value is not None, value) for value in kind])
        facts.votes = [VoteCount(**dict(zip(VOTE_KEYS, kind, strict=True)), votes=self.counts[kind]) for kind in kinds]
        facts.decided_votes, facts.left_votes = self.decided, self.left
        facts.first_vote, facts.last_vote = [time.date().isoformat() for time in self.times] or ["", ""]


class PairTally:
    """What the card says of the pairs, counted while they pass, and what the leaderboard is made of."""

    def __init__(self, questions: Sequence[str]) -> None:
        self.suffixes = {slug: f"_{slug}" if place else "" for place, slug in enumerate(questions)}
        self.overlap: Counter[int] = Counter()
        self.labels = {slug: Counter[int | None]() for slug in questions}
        self.counts = {slug: Counter[int]() for slug in questions}  # four counts in one number → pairs
        self.names = {name: defaultdict[str, list[int]](lambda: [0, 0]) for name in ("language", "category")}
        self.met: dict[tuple[str, str], Ints] = {}  # generator a, generator b → votes by choice
        self.generators: set[str] = set()
        self.gold = self.held = self.held_with_winner = self.rated = self.without_generators = 0
        self.agreement = 0.0

    def add(self, judged: pa.RecordBatch) -> None:
        self.overlap.update(value_counts(judged["n_votes"]))
        for slug, suffix in self.suffixes.items():
            self.labels[slug].update(value_counts(judged[f"label{suffix}"]))
            packed, times = np.unique(packed_counts(judged, suffix), return_counts=True)
            self.counts[slug].update(dict(zip(packed.tolist(), times.tolist(), strict=True)))
        self.gold += pc.sum(judged["is_gold"], min_count=0).as_py()
        self.held += pc.sum(judged["is_held"], min_count=0).as_py()
        self.held_with_winner += pc.sum(pc.and_(judged["is_held"], has_winner(judged)), min_count=0).as_py()
        self.agreement += pc.sum(judged["agreement"], min_count=0).as_py()
        self.rated += pc.count(judged["agreement"]).as_py()
        self._add_names(pa.Table.from_batches([judged]))

    def _add_names(self, judged: pa.Table) -> None:
        for name, known in self.names.items():
            counted = judged.group_by([name], use_threads=False).aggregate([([], "count_all"), ("n_votes", "sum")])
            for row in counted.to_pylist():
                known[row[name] or ""][0] += row["count_all"]
                known[row[name] or ""][1] += row["n_votes_sum"]
        sums = [(f"n_{choice}", "sum") for choice in Choice.values]
        counted = judged.group_by(["generator_a", "generator_b"], use_threads=False).aggregate([([], "count_all"), *sums])
        for row in counted.to_pylist():
            makers = (row["generator_a"], row["generator_b"])
            self.generators.update(maker for maker in makers if maker is not None)
            if None in makers or makers[0] == makers[1]:
                self.without_generators += row["count_all"]
            else:
                votes = np.array([row[f"n_{choice}_sum"] for choice in Choice.values])
                self.met[makers] = self.met.get(makers, 0) + votes

    def write(self, facts: Facts) -> None:
        facts.pairs = self.overlap.total()
        facts.gold_pairs, facts.held_pairs, facts.held_with_winner = self.gold, self.held, self.held_with_winner
        facts.without_generators = self.without_generators
        facts.overlap = {str(votes): self.overlap[votes] for votes in sorted(self.overlap)}
        facts.labels = {
            slug: {label: labels[code] for code, label in enumerate(LABEL["names"])} for slug, labels in self.labels.items()
        }
        facts.agreement = round(self.agreement / self.rated, DIGITS) if self.rated else None
        facts.alphas = {slug: alpha_of(counts) for slug, counts in self.counts.items()}
        facts.generators = sorted(self.generators)
        facts.languages, facts.categories = ({key: its[key] for key in sorted(its)} for its in self.names.values())


def value_counts(column: pa.Array) -> dict[Any, int]:
    counts = pc.value_counts(column)
    return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))


def packed_counts(judged: pa.RecordBatch, suffix: str) -> Ints:
    """The votes by choice of each pair, as one number: there are a few hundred different ones among a million pairs."""
    packed = np.zeros(judged.num_rows, dtype=np.int64)
    for choice in Choice.values:
        packed = (packed << COUNT_BITS) | judged[f"n_{choice}{suffix}"].to_numpy().astype(np.int64)
    return packed


def alpha_of(counts: Counter[int]) -> dict[str, Any]:
    """Krippendorff's alpha with its interval; null where it is not defined."""
    places = np.arange(len(Choice.values))[::-1] * COUNT_BITS
    packed = np.array(sorted(counts), dtype=np.int64)
    kinds = (packed[:, None] >> places) & (2**COUNT_BITS - 1)
    times = np.array([counts[each] for each in packed.tolist()], dtype=np.int64)
    alpha = krippendorff_alpha_of_counts(np.repeat(kinds, times, axis=0), resamples=RESAMPLES, seed=0)
    figures = {"alpha": alpha.alpha, "lower": alpha.lower, "upper": alpha.upper}
    said = {name: None if np.isnan(figure) else round(float(figure), DIGITS) for name, figure in figures.items()}
    return {**said, "pairs": alpha.n_tasks, "votes": alpha.n_votes}
