"""A campaign's votes, pairs, people and prompts as columns of codes, read once for all statistics and for a release's labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from annotator.choices import AssignmentKind, Choice, Label, MemberKind, MemberState, PairingRule, PairState, VoidReason
from annotator.consensus.agreement import rank_in_task
from annotator.consensus.codes import Bools, Floats, Ints
from annotator.consensus.majority import count_votes, majority_of_counts
from annotator.consensus.posterior import Prior
from annotator.feeds.vote_columns import CHOICES, KINDS, LIVE, VOIDS, read_votes
from annotator.lib.arrow import Snapshot
from annotator.scoring.confidence import fit_question

STATES = list(PairState.values)
NONE = -1  # the code of what is not there
MICROSECONDS = 1_000_000  # of a second

A, B = CHOICES.index(Choice.A), CHOICES.index(Choice.B)
TIED = len(CHOICES)  # the label of a shared lead
REGULAR, GOLD, REPEAT = (KINDS.index(kind) for kind in (AssignmentKind.REGULAR, AssignmentKind.GOLD, AssignmentKind.REPEAT))
SUSPENDED = 1 + VOIDS.index(VoidReason.SUSPENDED)  # code of `void`
HELD, SETTLED = STATES.index(PairState.HELD), STATES.index(PairState.SETTLED)
assert [*CHOICES, Label.TIE.value] == Label.values

_PAIRS_SQL = """
    SELECT pair.id, pair.prompt_id AS prompt, coalesce(image_a.generator_id, {none}) AS generator_a,
           coalesce(image_b.generator_id, {none}) AS generator_b,
           array_position({states}::text[], seats.state::text)::int2 - 1::int2 AS state,
           coalesce(array_position({choices}::text[], pair.gold_choice::text), 0)::int2 - 1::int2 AS gold,
           pair.gold_in_review_since IS NOT NULL AS in_review, seats.votes_wanted, seats.is_audit,
           coalesce(pair.image_distance, {none})::int2 AS distance, pair.inclusion_probability,
           NOT (campaign.pairing_rule = {information_gain} AND image_a.is_paired_by_rule AND image_b.is_paired_by_rule)
               AS can_stop_early
    FROM annotator_pair pair
    JOIN annotator_pair_seats seats ON seats.id = pair.id
    JOIN annotator_campaign campaign ON campaign.id = pair.campaign_id
    JOIN annotator_image image_a ON image_a.id = pair.image_a_id
    JOIN annotator_image image_b ON image_b.id = pair.image_b_id
    WHERE pair.campaign_id = {campaign}
    ORDER BY pair.id
"""
_OVERLAP_SQL = "SELECT votes_wanted, votes_max, stop_confidence FROM annotator_campaign WHERE id = {campaign}"
_IMAGES_SQL = """
    WITH paired AS (
        SELECT image_a_id AS id FROM annotator_pair WHERE campaign_id = {campaign}
        UNION SELECT image_b_id FROM annotator_pair WHERE campaign_id = {campaign}
    )
    SELECT prompt.id AS prompt, count(*) AS images, count(*) FILTER (WHERE paired.id IS NULL) AS without_pairs
    FROM annotator_prompt prompt
    JOIN annotator_image image ON image.prompt_id = prompt.id
    LEFT JOIN paired ON paired.id = image.id
    WHERE prompt.campaign_id = {campaign}
    GROUP BY prompt.id
"""
_MEMBERS_SQL = """
    SELECT member.id, member.public_id, member.kind = {machine} AS is_machine, said.option
    FROM annotator_member member LEFT JOIN annotator_selfdescription said ON said.member_id = member.id
    WHERE member.campaign_id = {campaign} AND member.state <> {withdrawn} ORDER BY member.id
"""


@dataclass(frozen=True)
class Votes:
    """One row per vote. `pair` and `member` are places in those columns, the rest are codes of the lists above.

    There may be millions, so each column is as narrow as it can be: widen one before doing sums with it.
    """

    id: Ints
    question: Ints
    pair: Ints
    member: Ints
    choice: Ints
    a_on_left: Bools
    kind: Ints
    elapsed_ms: Ints  # NONE where it is not known
    at: Ints  # seconds since 1970
    rank: Ints  # of a vote that counts: its place among those of its pair and question as they were given, from 0; else NONE

    def where(self, is_wanted: Bools) -> Votes:
        number = int(np.count_nonzero(is_wanted))
        wanted = slice(number) if is_wanted[:number].all() else is_wanted  # the first ones are no copy
        return Votes(**{name: column[wanted] for name, column in vars(self).items()})

    def __len__(self) -> int:
        return len(self.pair)


@dataclass(frozen=True)
class Pairs:
    """One row per pair, by id. `prompt`, and the generators where they are known, are places in those lists."""

    id: Ints
    prompt: Ints
    generator_a: Ints
    generator_b: Ints
    state: Ints
    gold: Ints  # code of the known answer, or NONE
    in_review: Bools
    votes_wanted: Ints
    distance: Ints  # of the perceptual hashes, or NONE
    is_audit: Bools
    inclusion_probability: Floats  # with which the pairing rule drew the pair, over 0 and up to 1
    can_stop_early: Bools  # by the stopping rule; a pair of `information_gain` gets its further votes by that rule instead

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True)
class Prompts:
    """One entry per prompt."""

    texts: list[str]
    category: list[str]
    language: list[str]
    images: Ints  # how many each has
    images_without_pairs: Ints


@dataclass(frozen=True)
class Overlap:
    """How many votes the campaign's rules give a pair."""

    votes_wanted: int
    votes_max: int
    stop_confidence: float

    @property
    def is_adaptive(self) -> bool:
        return self.votes_max > self.votes_wanted


@dataclass(frozen=True)
class CampaignData:
    """All that statistics are computed from."""

    votes: Votes  # those first that make labels of the primary question: of these there are most
    void_votes: Votes  # of people, that would make labels of the primary question had no suspension made them void
    pairs: Pairs
    overlap: Overlap
    prompts: Prompts
    questions: list[tuple[str, list[str]]]  # slug, and the choices it has; the first is primary
    members: list[str]  # public_id
    member_ids: Ints
    is_machine: Bools
    generators: list[str]
    group_of: Ints  # per member: code of the option they described themselves by, or NONE
    group_question: str
    group_options: list[str]
    group_people_min: int

    def is_counted(self, place: int) -> Bools:
        """Whether each vote makes labels of the question at this place."""
        return _is_counted(self.votes.kind, self.is_machine[self.votes.member], self.votes.question, place)

    @cached_property
    def counted(self) -> Votes:
        """The votes that make labels of the primary question."""
        return self.votes.where(self.is_counted(0))

    def counted_on(self, place: int) -> Votes:
        """The votes that make labels of the question at this place."""
        return self.counted if place == 0 else self.votes.where(self.is_counted(place))

    @cached_property
    def by_prompt(self) -> list[Ints]:
        """Of each question: its counted votes in the order of prompts, and of people within them, as places in `counted_on`.

        All that takes votes on one prompt, or of one person, as dependent needs them so."""
        votes = (self.counted_on(place) for place in range(len(self.questions)))
        people = max(len(self.members), 1)
        keys = (self.pairs.prompt[its.pair].astype(np.int64) * people + its.member for its in votes)
        return [np.argsort(key, kind="stable").astype(np.int32) for key in keys]

    @cached_property
    def counts(self) -> list[Ints]:
        """Of each question: its counted votes per pair and choice."""
        each = (self.counted_on(place) for place in range(len(self.questions)))
        return [count_votes(its.pair, its.choice, n_tasks=len(self.pairs), n_choices=len(CHOICES)) for its in each]

    @cached_property
    def priors(self) -> list[Prior]:
        """Of each question: how the population splits on pairs, by all counted votes."""
        return [fit_question(counts, asked) for counts, (_, asked) in zip(self.counts, self.questions, strict=True)]

    @cached_property
    def first_counts(self) -> list[Ints]:
        """Of each question: per pair and choice, the first of its counted votes, as many as the campaign wants of every pair.

        What people say has no part in whether these are there, as it has in the later votes of adaptive overlap.
        """
        return [self.counts_below(place, self.overlap.votes_wanted) for place in range(len(self.questions))]

    def counts_below(self, place: int, rank: int) -> Ints:
        """The counted votes on the question at this place that are among the first `rank` of their pair: (pairs, choices)."""
        its = self.votes.where(self.is_counted(place) & (self.votes.rank < rank))
        return count_votes(its.pair, its.choice, n_tasks=len(self.pairs), n_choices=len(CHOICES))

    @property
    def first_votes(self) -> Ints:
        """The ids of the votes in `first_counts`, sorted."""
        return np.sort(self.votes.id[(self.votes.rank >= 0) & (self.votes.rank < self.overlap.votes_wanted)])

    @cached_property
    def stopped_early(self) -> Bools:
        """Of each pair, whether the stopping rule settled it before it had the most votes."""
        settled = self.pairs.state == SETTLED
        is_short = self.primary_counts.sum(axis=1) < self.overlap.votes_max
        return settled & is_short & self.pairs.can_stop_early & ~self.pairs.is_audit & self.overlap.is_adaptive

    @cached_property
    def primary_counts(self) -> Ints:
        return self.counts[0] if self.counts else np.zeros((len(self.pairs), len(CHOICES)), dtype=np.int64)

    @cached_property
    def label(self) -> Ints:
        """Of each pair, by majority on the primary question."""
        return majority_of_counts(self.primary_counts).label


def load_campaign_data(snapshot: Snapshot, campaign_id: int) -> CampaignData:
    known = {"campaign": campaign_id, "choices": CHOICES, "none": NONE, "withdrawn": MemberState.WITHDRAWN.value}
    questions = snapshot.table(
        "SELECT id, slug, choices FROM annotator_question WHERE campaign_id = {campaign} ORDER BY position", **known
    ).to_pylist()
    members = snapshot.table(_MEMBERS_SQL, machine=MemberKind.MACHINE.value, **known)
    generators = snapshot.table("SELECT id, name FROM annotator_generator WHERE campaign_id = {campaign} ORDER BY name", **known)
    prompts = snapshot.table(
        "SELECT id, text, category, language FROM annotator_prompt WHERE campaign_id = {campaign} ORDER BY id", **known
    )
    pairs = snapshot.columns(_PAIRS_SQL, states=STATES, information_gain=PairingRule.INFORMATION_GAIN.value, **known)
    [overlap] = snapshot.table(_OVERLAP_SQL, **known).to_pylist()
    member_ids, is_machine = (members[name].to_numpy() for name in ("id", "is_machine"))
    votes, void_votes = _votes(snapshot, campaign_id, [question["id"] for question in questions], member_ids, is_machine)
    votes["rank"] = _ranks(votes, is_machine, len(questions))
    void_votes["rank"] = np.full(len(void_votes["pair"]), NONE, dtype=np.int16)
    for its in (votes, void_votes):
        its["pair"] = _places(its["pair"], pairs["id"])
        its["at"] //= MICROSECONDS
    order = np.argsort(~_is_counted(votes["kind"], is_machine[votes["member"]], votes["question"], 0), kind="stable")
    for name in votes:
        votes[name] = votes[name][order]
    pairs["prompt"] = _places(pairs["prompt"], prompts["id"].to_numpy())
    for slot in ("generator_a", "generator_b"):
        pairs[slot] = _places(pairs[slot], generators["id"].to_numpy())
    return CampaignData(
        votes=Votes(**votes),
        void_votes=Votes(**void_votes),
        pairs=Pairs(**pairs),
        overlap=Overlap(**overlap),
        prompts=Prompts(
            texts=prompts["text"].to_pylist(),
            category=prompts["category"].to_pylist(),
            language=prompts["language"].to_pylist(),
            **_images(snapshot.columns(_IMAGES_SQL, **known), prompts["id"].to_numpy()),
        ),
        questions=[(question["slug"], question["choices"]) for question in questions],
        members=members["public_id"].to_pylist(),
        member_ids=member_ids,
        is_machine=is_machine,
        generators=generators["name"].to_pylist(),
        **_groups(snapshot, campaign_id, members["option"].to_pylist()),
    )


def _votes(
    snapshot: Snapshot, campaign_id: int, questions: list[int], members: Ints, is_machine: Bools
) -> tuple[dict[str, Any], dict[str, Any]]:
    """As the view `live_vote` has them, of every kind and question, and of machines too; and `CampaignData.void_votes`."""
    votes = read_votes(snapshot, campaign_id)
    votes["member"] = _places(votes["member"], members)
    votes["question"] = _places(votes["question"], np.array(questions)).astype(np.int16)
    void, is_known = votes.pop("void"), votes["member"] != NONE
    is_void = np.flatnonzero((void == SUSPENDED) & is_known)
    is_void = is_void[_is_counted(votes["kind"][is_void], is_machine[votes["member"][is_void]], votes["question"][is_void], 0)]
    void_votes = {name: column[is_void] for name, column in votes.items()}
    is_live = (void == LIVE) & is_known
    for name in votes:
        votes[name] = votes[name][is_live]
    return votes, void_votes


def _ranks(votes: dict[str, Ints], is_machine: Bools, questions: int) -> Ints:
    """The place of each counted vote among those of its pair and question, in the order in which they were given."""
    ranks: Ints = np.full(len(votes["pair"]), NONE, dtype=np.int16)
    for place in range(questions):
        its = np.flatnonzero(_is_counted(votes["kind"], is_machine[votes["member"]], votes["question"], place))
        its = its[np.lexsort([votes["id"][its], votes["at"][its]])]
        ranks[its] = rank_in_task(votes["pair"][its])
    return ranks


def _is_counted(kind: Ints, is_machine: Bools, question: Ints, place: int) -> Bools:
    """Regular votes of people are."""
    return (kind == REGULAR) & ~is_machine & (question == place)


FIXED = Overlap(votes_wanted=1, votes_max=1, stop_confidence=1.0)


def empty(overlap: Overlap = FIXED) -> CampaignData:
    """Of a campaign of which nothing has been read yet."""
    none, no = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
    nothing = Votes(none, none, none, none, none, no, none, none, none, none)
    return CampaignData(
        votes=nothing,
        void_votes=nothing,
        pairs=Pairs(none, none, none, none, none, none, no, none, none, no, np.zeros(0), no),
        overlap=overlap,
        prompts=Prompts([], [], [], none, none),
        questions=[],
        members=[],
        member_ids=none,
        is_machine=no,
        generators=[],
        group_of=none,
        group_question="",
        group_options=[],
        group_people_min=0,
    )


def _images(rows: dict[str, np.ndarray], prompts: Ints) -> dict[str, Ints]:
    """Of each prompt: its images, and those that are in no pair."""
    at = _places(rows["prompt"], prompts)
    counts = {"images": np.zeros(len(prompts), dtype=np.int64), "images_without_pairs": np.zeros(len(prompts), dtype=np.int64)}
    counts["images"][at], counts["images_without_pairs"][at] = rows["images"], rows["without_pairs"]
    return counts


def _groups(snapshot: Snapshot, campaign_id: int, described: list[str | None]) -> dict[str, Any]:
    """How members described themselves, where the campaign asks. What is no option any more was never said."""
    asked = snapshot.table(
        "SELECT text, options, people_min FROM annotator_groupquestion WHERE campaign_id = {campaign}", campaign=campaign_id
    ).to_pylist()
    question: dict[str, Any] = asked[0] if asked else {"text": "", "options": [], "people_min": 0}
    code = {option: place for place, option in enumerate(question["options"])}
    return {
        "group_of": np.array([code.get(option or "", NONE) for option in described], dtype=np.int64),
        "group_question": question["text"],
        "group_options": question["options"],
        "group_people_min": question["people_min"],
    }


def _places(values: Ints, among: Ints) -> Ints:
    """Where each value is in the list, or NONE."""
    order = np.argsort(among, kind="stable")
    found = np.searchsorted(among, values, sorter=order)
    at = order.astype(np.int32)[np.minimum(found, len(among) - 1)] if len(among) else np.zeros(len(values), dtype=np.int32)
    is_there = among[at] == values if len(among) else np.zeros(len(values), dtype=np.bool_)
    return np.where(is_there, at, np.int32(NONE))
