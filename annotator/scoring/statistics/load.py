"""A campaign's votes, pairs, people and prompts as columns of codes, read once for all statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from psycopg import sql

from annotator.choices import AssignmentKind, Choice, MemberKind, MemberState, PairState
from annotator.consensus.codes import Bools, Ints
from annotator.lib.copy_numpy import read_columns
from annotator.models import Campaign, GroupQuestion, Member, Question, SelfDescription

KINDS = list(AssignmentKind.values)
STATES = list(PairState.values)
CHOICES = list(Choice.values)
NONE = -1  # the code of what is not there

# Live votes of those who have not withdrawn, of every kind and question.
_VOTES_SQL = sql.SQL("""
    SELECT array_position({questions}::bigint[], vote.question_id)::int2 - 1::int2, seat.pair_id, seat.member_id,
           array_position({choices}::text[], vote.choice::text)::int2 - 1::int2, seat.a_on_left,
           array_position({kinds}::text[], seat.kind::text)::int2 - 1::int2,
           coalesce(vote.elapsed_ms, -1), extract(epoch FROM vote.created_at)::bigint
    FROM annotator_vote vote
    JOIN annotator_assignment seat ON seat.id = vote.assignment_id
    JOIN annotator_member member ON member.id = seat.member_id
    WHERE vote.question_id = ANY({questions}::bigint[]) AND vote.void_reason IS NULL AND member.state <> {withdrawn}
""")
_VOTE_TYPES = {
    "question": "int2",
    "pair": "int8",
    "member": "int8",
    "choice": "int2",
    "a_on_left": "bool",
    "kind": "int2",
    "elapsed_ms": "int4",
    "at": "int8",
}
_PAIRS_SQL = sql.SQL("""
    SELECT pair.id, pair.prompt_id, coalesce(image_a.generator_id, -1), coalesce(image_b.generator_id, -1),
           array_position({states}::text[], pair.state::text)::int2 - 1::int2,
           coalesce(array_position({choices}::text[], pair.gold_choice::text), 0)::int2 - 1::int2,
           pair.gold_in_review_since IS NOT NULL, pair.votes_wanted, coalesce(pair.image_distance, -1)::int2
    FROM annotator_pair pair
    JOIN annotator_image image_a ON image_a.id = pair.image_a_id
    JOIN annotator_image image_b ON image_b.id = pair.image_b_id
    WHERE pair.campaign_id = {campaign}
    ORDER BY pair.id
""")
_PAIR_TYPES = {
    "pair": "int8",
    "prompt": "int8",
    "generator_a": "int8",
    "generator_b": "int8",
    "state": "int2",
    "gold": "int2",
    "in_review": "bool",
    "votes_wanted": "int2",
    "distance": "int2",
}


@dataclass(frozen=True)
class Votes:
    """One row per vote. `pair` and `member` are places in those columns, the rest are codes of the lists above."""

    question: Ints
    pair: Ints
    member: Ints
    choice: Ints
    a_on_left: Bools
    kind: Ints
    elapsed_ms: Ints  # NONE where it is not known
    at: Ints  # seconds since 1970

    def where(self, is_wanted: Bools) -> Votes:
        return Votes(**{name: column[is_wanted] for name, column in vars(self).items()})

    def __len__(self) -> int:
        return len(self.pair)


@dataclass(frozen=True)
class Pairs:
    """One row per pair. `prompt`, and the generators where they are known, are places in those lists."""

    prompt: Ints
    generator_a: Ints
    generator_b: Ints
    state: Ints
    gold: Ints  # code of the known answer, or NONE
    in_review: Bools
    votes_wanted: Ints
    distance: Ints  # of the perceptual hashes, or NONE

    def __len__(self) -> int:
        return len(self.prompt)


@dataclass(frozen=True)
class Prompts:
    """One entry per prompt."""

    texts: list[str]
    category: list[str]
    language: list[str]


@dataclass(frozen=True)
class Material:
    """All that statistics are computed from."""

    votes: Votes
    pairs: Pairs
    prompts: Prompts
    questions: list[tuple[str, int]]  # slug, and how many choices; the first is primary
    members: list[str]  # public_id
    is_machine: Bools
    generators: list[str]
    group_of: Ints  # per member: code of the option they described themselves by, or NONE
    group_question: str
    group_options: list[str]
    group_people_min: int


def read_material(campaign: Campaign) -> Material:
    questions = list(Question.objects.filter(campaign=campaign).order_by("position"))
    members = list(
        Member.objects.filter(campaign=campaign)
        .exclude(state=MemberState.WITHDRAWN)
        .order_by("pk")
        .values_list("pk", "public_id", "kind")
    )
    generators = list(campaign.generators.order_by("name").values_list("pk", "name"))
    prompts = _prompts(campaign)
    pairs = read_columns(
        _PAIRS_SQL.format(states=sql.Literal(STATES), choices=sql.Literal(CHOICES), campaign=sql.Literal(campaign.pk)),
        _PAIR_TYPES,
    )
    votes = read_columns(
        _VOTES_SQL.format(
            questions=sql.Literal([question.pk for question in questions]),
            choices=sql.Literal(CHOICES),
            kinds=sql.Literal(KINDS),
            withdrawn=sql.Literal(MemberState.WITHDRAWN.value),
        ),
        _VOTE_TYPES,
    )
    pair_ids, member_ids = pairs.pop("pair"), np.array([pk for pk, _, _ in members], dtype=np.int64)
    # What came in between the reads is for the next time.
    votes["pair"], votes["member"] = _places(votes["pair"], pair_ids), _places(votes["member"], member_ids)
    is_known = (votes["pair"] != NONE) & (votes["member"] != NONE)
    generator_ids = np.array([pk for pk, _ in generators], dtype=np.int64)
    pairs["prompt"] = _places(pairs["prompt"], np.array([pk for pk, *_ in prompts], dtype=np.int64))
    for slot in ("generator_a", "generator_b"):
        pairs[slot] = _places(pairs[slot], generator_ids)
    return Material(
        votes=Votes(**votes).where(is_known),
        pairs=Pairs(**pairs),
        prompts=Prompts(
            texts=[text for _, text, _, _ in prompts],
            category=[category for _, _, category, _ in prompts],
            language=[language for _, _, _, language in prompts],
        ),
        questions=[(question.slug, len(question.choices)) for question in questions],
        members=[public_id for _, public_id, _ in members],
        is_machine=np.array([kind == MemberKind.MACHINE for _, _, kind in members], dtype=np.bool_),
        generators=[name for _, name in generators],
        **_groups(campaign, member_ids),
    )


def nothing() -> Material:
    """Of a campaign of which nothing has been read yet."""
    none, no = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
    return Material(
        votes=Votes(none, none, none, none, no, none, none, none),
        pairs=Pairs(none, none, none, none, none, no, none, none),
        prompts=Prompts([], [], []),
        questions=[],
        members=[],
        is_machine=no,
        generators=[],
        group_of=none,
        group_question="",
        group_options=[],
        group_people_min=0,
    )


def _groups(campaign: Campaign, member_ids: Ints) -> dict[str, Any]:
    """How members described themselves, where the campaign asks. What is no option any more was never said."""
    asked = GroupQuestion.objects.filter(campaign=campaign).first()
    options = list(asked.options) if asked else []
    code = {option: place for place, option in enumerate(options)}
    said = dict(SelfDescription.objects.filter(member__campaign=campaign).values_list("member", "option")) if asked else {}
    return {
        "group_of": np.array([code.get(said.get(pk, ""), NONE) for pk in member_ids.tolist()], dtype=np.int64),
        "group_question": asked.text if asked else "",
        "group_options": options,
        "group_people_min": asked.people_min if asked else 0,
    }


def _prompts(campaign: Campaign) -> list[tuple[int, str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, text, category, language FROM annotator_prompt WHERE campaign_id = %s ORDER BY id", [campaign.pk]
        )
        return list(cursor.fetchall())


def _places(values: Ints, among: Ints) -> Ints:
    """Where each value is in the list, or NONE."""
    order = np.argsort(among, kind="stable")
    at = np.minimum(np.searchsorted(among[order], values), max(len(among) - 1, 0))
    if not len(among):
        return np.full(len(values), NONE)
    return np.where(among[order][at] == values, order[at], NONE)
