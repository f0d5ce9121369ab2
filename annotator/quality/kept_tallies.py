"""The tallies of a large campaign, kept from review to review: what changed is added, whatever the size of the campaign.

Up to `FITTED_EACH_TIME` votes all answers are counted each time, and the model is fitted to them; that takes a moment. In a
larger campaign the model stays until `GROWTH` of its votes are new or have changed, or until something else has that tallies
depend on: then all is counted once more. Between that, a review reads the votes that changed, the other answers to their pairs,
and the tallies of who gave these. Whose record a manager reset is counted anew alone.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from annotator.consensus.care import EVIDENCE
from annotator.consensus.codes import Ints
from annotator.consensus.trust import Model
from annotator.feeds.vote_columns import NOT_THERE, Columns, Update, columns_from
from annotator.lib.arrow import Snapshot
from annotator.models import Campaign, ReviewModel, ReviewTally, Vote
from annotator.quality.answers import (
    GOLD,
    KIND_OF,
    NEVER,
    Gold,
    People,
    answers_of,
    found_in,
    read_gold,
    read_others,
    read_people,
)
from annotator.quality.tallies import ANSWERS, N_SUMS, Fit, Tallies, Tally, fit_to

FITTED_EACH_TIME = 20_000  # votes
GROWTH = 0.1
VERSION = 1  # of what is in a tally; grows when consensus/care.py, trust.py or tallies.py count something else
WRITTEN_AT_ONCE = 500

# The votes of each seat by itself (OFFSET keeps it so), and `+ 0` the question not by its index: whatever the planner knows of a
# table that grows, it is not to read all votes.
_NEAR_SQL = """
    FROM (
        SELECT id, member_id, pair_id, kind, a_on_left FROM annotator_assignment
        WHERE pair_id = ANY ({pairs}::bigint[]) AND kind IN ('regular', 'repeat')
        UNION ALL
        SELECT id, member_id, pair_id, kind, a_on_left FROM annotator_assignment
        WHERE pair_id = ANY ({gold}::bigint[]) AND kind = 'gold'
        UNION ALL
        SELECT seat.id, seat.member_id, seat.pair_id, seat.kind, seat.a_on_left
        FROM unnest({gold_pairs}::bigint[], {gold_members}::bigint[]) AS wanted (pair_id, member_id)
        JOIN annotator_assignment seat ON (seat.pair_id, seat.member_id, seat.kind) = (wanted.pair_id, wanted.member_id, 'gold')
    ) AS seat
    CROSS JOIN LATERAL (
        SELECT * FROM annotator_vote WHERE assignment_id = seat.id AND question_id + 0 = {question} OFFSET 0
    ) AS vote
"""
_OF_MEMBER_SQL = """
    FROM annotator_assignment seat
    CROSS JOIN LATERAL (
        SELECT * FROM annotator_vote WHERE assignment_id = seat.id AND question_id + 0 = {question} OFFSET 0
    ) AS vote
    WHERE seat.member_id = {member}
"""
_KNOWN_SQL = """
    SELECT tally.member_id AS member, tally.good, tally.since, tally.answers FROM annotator_reviewtally tally
    JOIN annotator_member member ON member.id = tally.member_id WHERE member.campaign_id = {campaign} ORDER BY 1
"""


@dataclass(frozen=True)
class Measured:
    """`tallies` of everybody, or where `is_all` is not set of those whose answers changed; `others` have one that did not."""

    tallies: Tallies
    others: list[int]
    people: People
    is_all: bool


def count_all(campaign: Campaign, database: Snapshot, update: Update, *, too_fast_ms: int) -> tuple[Tallies, People]:
    """Everybody's, from all answers, by the model that the campaign has, or else by one that is fitted to them."""
    votes = update.votes(questions=_questions(campaign))
    people = read_people(database, campaign.pk)
    kept = ReviewModel.objects.filter(campaign=campaign).first()
    fit = None
    if kept is not None and kept.document["version"] == VERSION:
        fit = _fit_of(kept, database.columns(_KNOWN_SQL, campaign=campaign.pk))
    tallies, _ = _counted(votes, people, read_gold(database, campaign.pk), too_fast_ms, fit)
    return tallies, people


def bring_up_to_date(
    campaign: Campaign,
    database: Snapshot,
    update: Update,
    now: datetime,
    *,
    counts_all: bool = False,
) -> Measured:
    """What has changed since the last review, which is written down for the next one.

    In a transaction, under a lock that was taken before the snapshot. `counts_all`: whatever is known.
    """
    at = _Now(campaign, database)
    kept = ReviewModel.objects.filter(campaign=campaign).first()
    if kept is not None and not counts_all and not update.is_new and at.fits(kept):
        measured = _add_changes(campaign, database, update, at, kept)
        if measured is not None:
            return measured
    votes = update.votes(questions=_questions(campaign))
    tallies, fit = _counted(votes, at.people, at.gold, campaign.too_fast_ms)
    ReviewTally.objects.filter(member__campaign=campaign).delete()
    if len(votes["id"]) < FITTED_EACH_TIME:
        ReviewModel.objects.filter(campaign=campaign).delete()
    else:
        ReviewModel(
            campaign=campaign,
            document=at.document | {"model": _as_json(fit.model)},
            gold=_packed_gold(at.gold),
            votes=len(votes["id"]),
            fitted_at=now,
        ).save()
        _write(tallies, fit, at.people)
    return Measured(tallies, [], at.people, is_all=True)


class _Now:
    """What tallies depend on except votes, in a snapshot."""

    def __init__(self, campaign: Campaign, database: Snapshot) -> None:
        self.people = read_people(database, campaign.pk)
        self.gold = read_gold(database, campaign.pk)
        self.others = read_others(database, campaign.pk)
        self.document: dict[str, Any] = {
            "version": VERSION,
            "question": _questions(campaign),
            "too_fast_ms": campaign.too_fast_ms,
            "others": self.others.tolist(),
        }

    def fits(self, kept: ReviewModel) -> bool:
        """Whether tallies by that model can be brought up to date."""
        same = ("version", "question", "too_fast_ms")
        if any(kept.document[name] != self.document[name] for name in same):
            return False
        # Nobody comes back from these but by a change of the tables by hand.
        return set(kept.document["others"]) <= set(self.document["others"])


def _add_changes(campaign: Campaign, database: Snapshot, update: Update, at: _Now, kept: ReviewModel) -> Measured | None:
    """None where too much has changed."""
    [question] = kept.document["question"]
    changed = update.changed
    kinds = np.isin(changed["kind"], list(KIND_OF))
    is_changed = (changed["question"] == question) & kinds & (update.before != changed["void"])
    rows = np.flatnonzero(is_changed)
    gone = np.setdiff1d(at.others, np.array(kept.document["others"], dtype=np.int64))
    live = Vote.objects.live().filter(assignment__member__in=gone.tolist(), question=question)
    if kept.changes + len(rows) > GROWTH * kept.votes or (len(gone) and live.exists()):
        return None
    its = {name: column[rows] for name, column in changed.items()}
    gold_before = _unpacked_gold(kept.gold)
    is_gold = its["kind"] == _CODE_OF_GOLD
    near = columns_from(
        database,
        _NEAR_SQL,
        question=question,
        pairs=np.unique(its["pair"][~is_gold]).tolist(),
        gold=_differing(gold_before, at.gold).tolist(),
        gold_pairs=its["pair"][is_gold].tolist(),
        gold_members=its["member"][is_gold].tolist(),
    )
    known = database.columns(_KNOWN_SQL, campaign=campaign.pk)
    fit = _fit_of(kept, known)
    everyone = at.people._replace(counts=np.ones(len(at.people.id), dtype=np.bool_))
    new = answers_of(near, everyone, at.gold, campaign.too_fast_ms)
    old = answers_of(_as_before(near, update), _with(everyone, gone), gold_before, campaign.too_fast_ms)
    is_new = (update.before[rows] == NOT_THERE) & found_in(its["member"], at.people.id)[1]
    touched = np.unique(np.concatenate([new.member, old.member, its["member"][is_new]]))
    tallies = _read(touched.tolist())
    tallies.give(its["member"][is_new], its["id"][is_new])
    tallies.plus(old, fit, -1)
    tallies.plus(new, fit, +1)
    for member in _reset(known, at.people).tolist():
        tallies[member] = _counted_of(member, question, database, fit, everyone, at.gold, campaign.too_fast_ms)
    _write(tallies, fit, at.people)
    kept.document |= at.document
    kept.gold, kept.changes = _packed_gold(at.gold), kept.changes + len(rows)
    kept.save(update_fields=["document", "gold", "changes"])
    others = known["member"][(known["answers"] > 0) & ~np.isin(known["member"], list(tallies))]
    return Measured(tallies, others.tolist(), at.people, is_all=False)


def _counted(votes: Columns, people: People, gold: Gold, too_fast_ms: int, fit: Fit | None = None) -> tuple[Tallies, Fit]:
    everyone = people._replace(counts=np.ones(len(people.id), dtype=np.bool_))
    given = answers_of(votes, everyone, gold, too_fast_ms)
    fit = fit or fit_to(given)
    tallies = Tallies()
    is_given = found_in(votes["member"], people.id)[1] & np.isin(votes["kind"], list(KIND_OF))
    tallies.give(votes["member"][is_given], votes["id"][is_given])
    tallies.plus(given, fit)
    return tallies, fit


def _counted_of(member: int, question: int, database: Snapshot, fit: Fit, people: People, gold: Gold, too_fast_ms: int) -> Tally:
    """One member's, from all their answers and the others to the same pairs."""
    own = columns_from(database, _OF_MEMBER_SQL, question=question, member=member)
    own = {name: column[np.isin(own["kind"], list(KIND_OF))] for name, column in own.items()}
    is_gold = own["kind"] == _CODE_OF_GOLD
    pairs = np.unique(own["pair"][~is_gold]).tolist()
    gold_pairs = own["pair"][is_gold].tolist()
    asked = {"pairs": pairs, "gold": [], "gold_pairs": gold_pairs, "gold_members": [member] * len(gold_pairs)}
    near = columns_from(database, _NEAR_SQL, question=question, **asked)
    tallies = Tallies({member: Tally.empty()})
    tallies.give(own["member"], own["id"])
    tallies.plus(answers_of(near, people, gold, too_fast_ms), fit, only=member)
    return tallies[member]


_CODE_OF_GOLD = next(code for code, kind in KIND_OF.items() if kind == GOLD)


def _as_before(near: Columns, update: Update) -> Columns:
    """The same votes as they were at the last review."""
    void = near["void"].copy()
    at, is_changed = found_in(near["id"], update.changed["id"])
    void[is_changed] = update.before[at[is_changed]]
    was_there = void != NOT_THERE
    return {name: column[was_there] for name, column in (near | {"void": void}).items()}


def _with(people: People, gone: Ints) -> People:
    """With those who have withdrawn since."""
    ids = np.concatenate([people.id, gone])
    order = np.argsort(ids)
    nothing = np.full(len(gone), NEVER)
    return People(
        ids[order],
        np.concatenate([people.counts, np.ones(len(gone), dtype=np.bool_)])[order],
        np.concatenate([people.since, nothing])[order],
    )


def _differing(before: Gold, now: Gold) -> Ints:
    """Pairs whose known choice is another, or is there no more, or not yet."""
    at, is_there = found_in(now.id, before.id)
    is_same = is_there.copy()
    is_same[is_there] = before.choice[at[is_there]] == now.choice[is_there]
    return np.union1d(now.id[~is_same], np.setdiff1d(before.id, now.id))


def _reset(known: Columns, people: People) -> Ints:
    """Members who start afresh at another time than their tallies say."""
    at, is_there = found_in(known["member"], people.id)
    is_other = is_there.copy()
    is_other[is_there] = people.since[at[is_there]] != known["since"][is_there]
    return np.asarray(known["member"][is_other])


# --- as they are kept


def _questions(campaign: Campaign) -> list[int]:
    return list(campaign.questions.filter(position=0).values_list("pk", flat=True))


def _fit_of(kept: ReviewModel, known: Columns) -> Fit:
    model: dict[str, Any] = kept.document["model"]
    model = {name: np.array(value) if isinstance(value, list) else value for name, value in model.items()}
    return Fit(Model(**model), known["member"], known["good"])


def _as_json(model: Model) -> dict[str, Any]:
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in model._asdict().items()}


def _packed_gold(gold: Gold) -> bytes:
    return gold.id.astype("<i8").tobytes() + gold.choice.astype("<i1").tobytes()


def _unpacked_gold(packed: bytes | memoryview) -> Gold:
    size = len(packed) // 9
    return Gold(np.frombuffer(packed, "<i8", size), np.frombuffer(packed, "<i1", size, 8 * size))


def _write(tallies: Tallies, fit: Fit, people: People) -> None:
    """Of those who are people still."""
    members = np.array(sorted(tallies), dtype=np.int64)
    at, is_person = found_in(members, people.id)
    good = fit.good_of(members)
    rows = []
    for place in np.flatnonzero(is_person).tolist():
        member = int(members[place])
        tally = tallies[member]
        packed = struct.pack("<I", len(tally.starts)) + tally.starts.astype("<i8").tobytes()
        packed += tally.blocks.astype("<f8").tobytes() + tally.sums.astype("<f8").tobytes()
        rows.append(
            ReviewTally(
                member_id=member,
                good=float(good[place]),
                since=int(people.since[at[place]]),
                answers=max(round(tally.sums[ANSWERS]), 0),
                given=tally.given,
                sums=packed,
            )
        )
    ReviewTally.objects.bulk_create(
        rows,
        batch_size=WRITTEN_AT_ONCE,
        update_conflicts=True,
        unique_fields=["member"],
        update_fields=["good", "since", "answers", "given", "sums"],
    )


def _read(members: list[int]) -> Tallies:
    tallies = Tallies()
    for row in ReviewTally.objects.filter(member__in=members).iterator(chunk_size=WRITTEN_AT_ONCE):
        packed = bytes(row.sums)
        (starts,) = struct.unpack_from("<I", packed)
        blocks_at = 4 + 8 * starts
        blocks = np.frombuffer(packed, "<f8", (starts + 1) * EVIDENCE, blocks_at).reshape(-1, EVIDENCE)
        sums = np.frombuffer(packed, "<f8", N_SUMS, blocks_at + blocks.nbytes)
        tallies[row.member_id] = Tally(row.given, np.frombuffer(packed, "<i8", starts, 4), blocks, sums)
    return tallies
