"""The votes config: each vote with all that is known of it, and how many of each kind."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from annotator.models import Vote
from annotator.releasing.dataset import vote_files
from annotator.releasing.dataset.configs import VOTES
from annotator.releasing.dataset.snapshot import snapshot_of
from annotator.releasing.dataset.vote_files import VoteCount, VoteShards, is_live_regular, stage_votes
from tests.released import make_pair, release_of, rows_of, vote, vote_all

NONE_FIRST = np.zeros(0, dtype=np.int64)

# What is released has to be committed: it is read on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_vote_leaves_with_all_that_is_known_of_it(campaign):
    pair = make_pair(campaign)
    live = vote(pair, "both_good", elapsed_ms=1234, conditions={"prompt": "folded"}, assignment__a_on_left=False)
    void = vote(pair, "a", elapsed_ms=None, assignment__kind="repeat", assignment__guideline=None)
    Vote.objects.filter(pk=void.pk).update(void_reason="suspended", voided_at=timezone.now())
    rows = rows_of(release_of(campaign), "votes")
    assert rows == [
        {
            "vote_id": live.pk,
            "pair_id": pair.pk,
            "question": "overall",
            "annotator_id": live.assignment.member.public_id,
            "choice": 2,
            "a_on_left": False,
            "kind": "regular",
            "elapsed_ms": 1234,
            "conditions": '{"prompt": "folded"}',
            "guideline_version": 1,
            "created_at": live.created_at,
            "void_reason": None,
            "is_first": True,
            "external_id": None,
            "metadata": "{}",
            "comment": None,
            "split": "train",
        },
        {
            "vote_id": void.pk,
            "pair_id": pair.pk,
            "question": "overall",
            "annotator_id": void.assignment.member.public_id,
            "choice": 0,
            "a_on_left": True,
            "kind": "repeat",
            "elapsed_ms": None,
            "conditions": None,
            "guideline_version": None,
            "created_at": void.created_at,
            "void_reason": "suspended",
            "is_first": False,
            "external_id": None,
            "metadata": "{}",
            "comment": None,
            "split": "train",
        },
    ]


def test_votes_are_counted_by_what_the_card_tells_apart(campaign, tmp_path):
    pair = make_pair(campaign)
    vote_all(pair, "aab")
    vote(pair, "b", assignment__kind="repeat")
    void = vote(pair, "a", assignment__guideline=None)
    Vote.objects.filter(pk=void.pk).update(void_reason="undone", voided_at=timezone.now())
    with snapshot_of(campaign) as snapshot:
        [file], counts = stage_votes(snapshot, NONE_FIRST, folder=tmp_path, report=lambda share: None)
    assert (file.path, file.rows) == ("votes/train-00000-of-00001.parquet", 5)
    assert counts == [
        VoteCount("overall", "regular", None, 1, 3),
        VoteCount("overall", "regular", "undone", None, 1),
        VoteCount("overall", "repeat", None, 1, 1),
    ]
    assert [is_live_regular(count) for count in counts] == [True, False, False]


def test_without_votes_there_is_one_empty_file(campaign, tmp_path):
    with snapshot_of(campaign) as snapshot:
        [file], counts = stage_votes(snapshot, NONE_FIRST, folder=tmp_path, report=lambda share: None)
    assert (file.path, file.rows, counts) == ("votes/train-00000-of-00001.parquet", 0, [])
    assert pq.read_schema(tmp_path / file.path).names == VOTES.schema.names


def test_files_are_cut_the_same_in_whatever_batches_the_votes_come(campaign, judged, tmp_path, monkeypatch):
    monkeypatch.setattr(vote_files, "VOTES_ROW_GROUP", 3)
    monkeypatch.setattr(vote_files, "SHARD_BYTES", 1)
    with snapshot_of(campaign) as snapshot:
        [(batch, _)] = snapshot.votes(NONE_FIRST)
    written = []
    for name, step in (("one", 1), ("two", 2), ("all", len(batch))):
        shards = VoteShards(tmp_path / name / "votes", "train")
        for start in range(0, len(batch), step):
            shards.add(batch.slice(start, step))
        written.append(shards.close())
    assert written[0] == written[1] == written[2]
    assert [file.rows for file in written[0]] == [3, 3, 3, 3, 2]
