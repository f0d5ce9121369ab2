"""The columns of votes: always those of the tables, whatever was done to the votes and whenever the columns were written."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection, transaction
from django.utils import timezone

from annotator.feeds.vote_columns import CHUNK, TYPES, Update, discard, pack, read_votes, unpack
from annotator.lib.advisory_locks import Space, lock_until_commit
from annotator.lib.arrow import snapshot
from annotator.models import Campaign, Vote, VoteChunk, VoteColumns
from tests.factories import AssignmentFactory, CampaignFactory, MemberFactory, PairFactory, QuestionFactory, VoteFactory
from tests.without_statistics import tuples_read

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed


@pytest.fixture
def campaign() -> Campaign:
    return CampaignFactory()


def write(campaign: Campaign) -> None:
    with transaction.atomic():
        lock_until_commit(Space.REVIEWING, campaign.pk)
        with snapshot() as database:
            Update(database, campaign.pk).write()


def by_columns(campaign: Campaign) -> dict[int, tuple[int, bool]]:
    """Pair and whether it is void, of each vote."""
    with snapshot() as database:
        votes = read_votes(database, campaign.pk)
    assert (np.diff(votes["id"]) > 0).all()
    columns = (votes[name].tolist() for name in ("id", "pair", "void"))
    return {id_: (pair, void > 0) for id_, pair, void in zip(*columns, strict=True)}


def by_tables(campaign: Campaign) -> dict[int, tuple[int, bool]]:
    votes = Vote.objects.filter(campaign=campaign).values_list("pk", "assignment__pair", "void_reason")
    return {id_: (pair, reason is not None) for id_, pair, reason in votes}


def cast(campaign: Campaign, **fields) -> Vote:
    return VoteFactory(assignment=AssignmentFactory(member=MemberFactory(campaign=campaign), state="answered"), **fields)


def make_void(votes, reason="undone") -> None:
    votes.update(void_reason=reason, voided_at=timezone.now())


def test_packed_columns_are_the_same_again():
    rng = np.random.default_rng(1)
    columns = {name: rng.integers(0, 2, 50).astype(kind) for name, kind in TYPES.items()}
    columns["id"] = np.arange(50) + 2**62
    columns["at"] = rng.integers(-(2**62), 2**62, 50)
    columns["elapsed_ms"] = rng.integers(-1, 2**31 - 1, 50).astype(np.int32)

    again = unpack(pack(columns))

    for name, kind in TYPES.items():
        assert again[name].dtype == kind
        np.testing.assert_array_equal(again[name], columns[name])
    assert len(unpack(pack({name: column[:0] for name, column in columns.items()}))["id"]) == 0


def test_each_column_says_what_the_vote_says(campaign):
    second = QuestionFactory(campaign=campaign, slug="beauty", position=1)
    vote = cast(campaign, choice="both_good", elapsed_ms=None, created_at=timezone.now() - timedelta(days=1))
    other = VoteFactory(assignment=vote.assignment, question=second, choice="b", elapsed_ms=1200)
    write(campaign)

    with snapshot() as database:
        votes = read_votes(database, campaign.pk)
        of_second = read_votes(database, campaign.pk, questions=[second.pk])

    assert votes["id"].tolist() == [vote.pk, other.pk]
    assert votes["question"].tolist() == [vote.question_id, second.pk]
    assert votes["member"].tolist() == [vote.assignment.member_id] * 2
    assert votes["choice"].tolist() == [2, 1]
    assert votes["elapsed_ms"].tolist() == [-1, 1200]
    assert votes["at"][0] == round(vote.created_at.timestamp() * 1_000_000)
    assert of_second["id"].tolist() == [other.pk]


@pytest.mark.parametrize("seed", range(3))
def test_they_are_those_of_the_tables_after_any_history(campaign, seed):
    chance = random.Random(seed)
    for _ in range(40):
        ids = list(by_tables(campaign))
        chosen = Vote.objects.filter(pk__in=chance.sample(ids, min(len(ids), 3)))
        act = chance.choice(["cast", "cast", "cast", "void", "restore", "write", "write"])
        if act == "cast":
            cast(campaign)
        elif act == "void":
            make_void(chosen.live(), chance.choice(["undone", "suspended"]))
        elif act == "restore":
            chosen.update(void_reason=None, voided_at=None)
        else:
            write(campaign)

        assert by_columns(campaign) == by_tables(campaign)


def test_a_vote_that_commits_late_is_not_missed(campaign):
    late, later = cast(campaign), cast(campaign)
    is_open, may_end = threading.Event(), threading.Event()

    def vote_slowly() -> None:
        with transaction.atomic():
            make_void(Vote.objects.filter(pk=late.pk))
            is_open.set()
            may_end.wait(30)
        connection.close()

    thread = threading.Thread(target=vote_slowly)
    thread.start()
    is_open.wait(30)
    make_void(Vote.objects.filter(pk=later.pk))  # in a younger transaction, which ends before
    write(campaign)
    before = by_columns(campaign)
    may_end.set()
    thread.join()
    write(campaign)

    assert [void for _, void in before.values()] == [False, True]
    assert [void for _, void in by_columns(campaign).values()] == [True, True]


def test_two_who_write_at_once_leave_what_is_in_the_tables(campaign):
    started, surprises = threading.Barrier(5), []
    seats = [cast(campaign).assignment for _ in range(4)]

    def vote_and_write(number: int) -> None:
        try:
            started.wait()
            for _ in range(5):
                VoteFactory(assignment=AssignmentFactory(member=seats[number].member, state="answered"))
                make_void(Vote.objects.filter(assignment=seats[number]).live())
                write(campaign)
        except BaseException as error:
            surprises.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=vote_and_write, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    started.wait()
    for thread in threads:
        thread.join()

    assert surprises == []
    assert by_columns(campaign) == by_tables(campaign)
    with snapshot() as database:
        assert Update(database, campaign.pk).wrong_chunks() == []


def test_what_comes_from_another_server_is_read_anew(campaign):
    vote = cast(campaign)
    write(campaign)
    VoteColumns.objects.update(server="another", since="9000000000000")
    cast(campaign)

    assert by_columns(campaign) == by_tables(campaign)
    write(campaign)
    make_void(Vote.objects.filter(pk=vote.pk))
    assert by_columns(campaign) == by_tables(campaign)


def test_columns_that_are_wrong_are_found_and_forgotten(campaign):
    for _ in range(3):
        cast(campaign)
    write(campaign)
    chunk = VoteChunk.objects.get()
    columns = unpack(bytes(chunk.columns))
    columns["choice"] = 1 - columns["choice"]
    VoteChunk.objects.update(columns=pack(columns))

    with snapshot() as database:
        assert Update(database, campaign.pk).wrong_chunks() == [chunk.number]
        assert Update(database, campaign.pk).wrong_chunks(rest=0, of=2) == [chunk.number]
        assert Update(database, campaign.pk).wrong_chunks(rest=1, of=2) == []
    discard(campaign)
    assert by_columns(campaign) == by_tables(campaign)


def test_only_what_changed_is_read_from_the_tables(campaign):
    member, other = MemberFactory(campaign=campaign), CampaignFactory()
    for _ in range(300):
        VoteFactory(assignment=AssignmentFactory(member=member, pair=PairFactory(campaign=campaign), state="answered"))
    write(campaign)
    write(campaign)  # the first one's own changes
    cast(campaign)
    cast(other)
    connection.close()

    with tuples_read() as read:
        by_columns(campaign)
        connection.close()

    assert read.tuples < 700  # all of them are more than a thousand rows
    assert VoteChunk.objects.filter(campaign=campaign).count() <= 1 + 301 // CHUNK + 1
