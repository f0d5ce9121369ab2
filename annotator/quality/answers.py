"""What people answered, as annotator metrics look at it: which answer counts, what was right, who it is held against."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from annotator.choices import AssignmentKind
from annotator.consensus.codes import Bools, Ints, is_first_vote
from annotator.consensus.trust import NONE
from annotator.feeds.vote_columns import CHOICES, KINDS, LIVE, UNDONE, Columns
from annotator.lib.arrow import Snapshot

A, B = 0, 1  # the choices for one image
NEVER = -1  # as the time of a fresh start: none
REGULAR, GOLD, REPEAT = 0, 1, 2  # as the kind of an answer
KIND_OF = {
    KINDS.index(kind): code for code, kind in enumerate((AssignmentKind.REGULAR, AssignmentKind.GOLD, AssignmentKind.REPEAT))
}

# Everybody who may have voted as a person, and since when their answers are held for or against them (in microseconds).
_PEOPLE_SQL = """
    SELECT member.id, member.state IN ('active', 'paused') AS counts,
           coalesce((extract(epoch FROM stats.counted_since) * 1000000)::bigint, -1) AS since
    FROM annotator_member member LEFT JOIN annotator_standing stats ON stats.member_id = member.id
    WHERE member.campaign_id = {campaign} AND member.kind = 'human' AND member.state <> 'withdrawn' ORDER BY member.id
"""
_OTHERS_SQL = """
    SELECT id FROM annotator_member WHERE campaign_id = {campaign} AND (kind <> 'human' OR state = 'withdrawn') ORDER BY id
"""
# A gold answer without a known choice is one on a pair that is in review, or gold no more: it says nothing.
_GOLD_SQL = """
    SELECT id, (array_position({choices}::text[], gold_choice::text) - 1)::int2 AS choice FROM annotator_pair
    WHERE campaign_id = {campaign} AND gold_choice IS NOT NULL AND gold_in_review_since IS NULL ORDER BY id
"""


class Given(NamedTuple):
    """The answers of a campaign, one per row and in their order; each of shape (answers,)."""

    member: Ints  # the ids of members
    pair: Ints  # the ids of pairs
    choice: Ints
    kind: Ints
    known: Ints  # the right choice, of gold that counts; else NONE
    is_left: Ints  # 1 where the chosen image was on the left; of ties, anything
    speed: Ints  # 1: too fast, 0: not, NONE: not measured
    counts: Ints  # 1 where it is held for or against its member
    id: Ints = np.zeros(0, dtype=np.int64)  # of the votes


class People(NamedTuple):
    """Everybody who may have voted as a person, by id."""

    id: Ints
    counts: Bools  # they are at work or paused
    since: Ints  # microseconds since 1970: what they answered until then is not held against them


class Gold(NamedTuple):
    """Gold pairs that count, by id, and their known choices."""

    id: Ints
    choice: Ints


def read_others(snapshot: Snapshot, campaign_id: int) -> Ints:
    """The ids of members who are no person, or withdrew."""
    return np.asarray(snapshot.columns(_OTHERS_SQL, campaign=campaign_id)["id"])


def read_people(snapshot: Snapshot, campaign_id: int) -> People:
    return People(**snapshot.columns(_PEOPLE_SQL, campaign=campaign_id))


def read_gold(snapshot: Snapshot, campaign_id: int) -> Gold:
    return Gold(**snapshot.columns(_GOLD_SQL, campaign=campaign_id, choices=CHOICES))


def answers_of(votes: Columns, people: People, gold: Gold, too_fast_ms: int) -> Given:
    """The votes on the primary question that tell something, in their order.

    Of gold and repeats the first answer counts, though it was taken back: as soon as an answer is there, a warning, a suspension
    or a manager's word may depend on it, and who has had one could correct themselves, or skip the pair. Undo is the same for
    every pair, and so tells nothing.
    """
    kind: np.ndarray = np.full(len(KINDS), NONE, dtype=np.int8)
    kind[list(KIND_OF)] = list(KIND_OF.values())
    kind = kind[votes["kind"]]
    person, is_person = found_in(votes["member"], people.id)
    is_live = votes["void"] == LIVE
    is_used = is_person & is_live & (kind == REGULAR)
    is_check = is_person & ((kind == GOLD) | (kind == REPEAT))
    # Somebody has a pair once as gold, and once as a repeat.
    checks = np.concatenate([np.flatnonzero(is_check & (votes["void"] == UNDONE)), np.flatnonzero(is_check & is_live)])
    is_used[checks[is_first_vote(votes["member"][checks], votes["pair"][checks], kind[checks])]] = True
    rows = np.flatnonzero(is_used)
    its = {name: votes[name][rows] for name in ("id", "member", "pair", "choice", "a_on_left", "elapsed_ms", "at")}
    kind, person = kind[rows], person[rows]
    at, is_known = found_in(its["pair"], gold.id)
    is_known &= kind == GOLD
    known: np.ndarray = np.full(len(rows), NONE, dtype=np.int8)
    known[is_known] = gold.choice[at[is_known]]
    return Given(
        member=its["member"],
        pair=its["pair"],
        choice=its["choice"],
        kind=kind,
        known=known,
        is_left=((its["choice"] == A) == its["a_on_left"]).astype(np.int8),
        speed=np.where(its["elapsed_ms"] < 0, NONE, its["elapsed_ms"] < too_fast_ms).astype(np.int8),
        counts=(people.counts[person] & (its["at"] > people.since[person])).astype(np.int8),
        id=its["id"],
    )


def found_in(values: Ints, among: Ints) -> tuple[Ints, Bools]:
    """Where each value is in the sorted list, and whether it is there."""
    at = np.searchsorted(among, values)
    is_there = at < len(among)
    is_there[is_there] = among[at[is_there]] == values[is_there]
    return np.where(is_there, at, 0), is_there
