"""Building releases: what is in them, that they come out the same, and that nothing on the way breaks them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pgtrigger
import pyarrow.parquet as pq
import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, OperationalError, connection, connections, transaction
from django.utils import timezone

from annotator import releasing
from annotator.choices import Choice, Label, ReleaseState
from annotator.consensus.majority import majority_of_counts
from annotator.errors import NotFound
from annotator.importing.images import full_name
from annotator.models import Release, ReleaseFile, Vote
from annotator.quality import moderation
from annotator.releasing import stage
from annotator.releasing.build_steps import FAILURES
from annotator.releasing.dataset import staged_rows, vote_files
from annotator.releasing.dataset.configs import PAIRS
from annotator.releasing.dataset.snapshot import snapshot_of
from annotator.releasing.dataset.staged_rows import StagedReader
from tests.factories import (
    CampaignFactory,
    CrowdIdentityFactory,
    GuidelineFactory,
    MemberFactory,
    QuestionFactory,
    ReleaseFactory,
)
from tests.released import contents, folder_of, make_pair, release_of, rows_of, vote, vote_all
from tests.waiting import wait_until

# What is released has to be committed: it is read on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def campaign():
    campaign = CampaignFactory(slug="scenes", name="Scenes")
    GuidelineFactory(campaign=campaign)
    return campaign


@pytest.fixture
def judged(campaign):
    """Pairs of every label, one not judged, one gold, in all three splits."""
    outcomes = [
        ("aab", "train"),
        ("bbb", "train"),
        ("ab", "train"),
        ("ggx", "validation"),
        ("xx", "test"),
        ("a", "test"),
        ("", "train"),
    ]
    pairs = [make_pair(campaign, number, split=split) for number, (_, split) in enumerate(outcomes)]
    for pair, (choices, _) in zip(pairs, outcomes, strict=True):
        vote_all(pair, choices)
    return [*pairs, make_pair(campaign, len(pairs), gold_choice="b")]


def test_a_release_has_a_row_per_pair(campaign, labelled):
    rows = {row["pair_id"]: row for row in rows_of(release_of(campaign), "pairs")}
    assert sorted(rows) == sorted(pair.pk for pair in labelled)
    first, unjudged, gold = rows[judged[0].pk], rows[judged[6].pk], rows[judged[7].pk]
    images = {name: first.pop(name) for name in ("image_a", "image_b")}
    pair = judged[0]
    assert first == {
        "pair_id": pair.pk,
        "prompt_id": pair.prompt_id,
        "prompt": pair.prompt.text,
        "category": "shapes",
        "language": "en",
        "generator_a": "good-model",
        "generator_b": "bad-model",
        "n_votes": 3,
        "n_a": 2,
        "n_b": 1,
        "n_both_good": 0,
        "n_both_bad": 0,
        "p_a": 2 / 3,
        "p_b": 1 / 3,
        "p_both_good": 0.0,
        "p_both_bad": 0.0,
        "label": Label.values.index("a"),
        "confidence": 2 / 3,
        "agreement": 1 / 3,
        "is_gold": False,
        "sha256_a": pair.image_a.sha256,
        "sha256_b": pair.image_b.sha256,
        "split": "train",
    }
    for name, image in (("image_a", pair.image_a), ("image_b", pair.image_b)):
        with default_storage.open(full_name(image.sha256, image.format)) as stored:
            assert images[name]["bytes"] == stored.read()
    assert images["image_a"]["path"] == f"{pair.image_a.sha256}.png"
    assert images["image_b"]["path"] == f"{pair.image_b.sha256}.jpg"
    assert unjudged["n_votes"] == 0
    assert [unjudged[name] for name in ("label", "p_a", "p_both_bad", "confidence", "agreement")] == [None] * 5
    assert (gold["is_gold"], gold["label"]) == (True, None)


def test_every_pair_can_be_recomputed_from_the_votes_in_the_release(campaign, labelled):
    for reason in ("undone", "suspended"):
        cast = vote(judged[0], "b")
        Vote.objects.filter(pk=cast.pk).update(void_reason=reason, voided_at=timezone.now())
    vote(judged[0], "b", assignment__kind="repeat")
    other = QuestionFactory(campaign=campaign, slug="beauty", position=1)
    vote(judged[0], "b", question=other)
    release = release_of(campaign)
    counted = Counter(
        (row["pair_id"], row["choice"])
        for row in rows_of(release, "votes")
        if row["kind"] == "regular" and row["void_reason"] is None and row["question"] == "overall"
    )
    for row in rows_of(release, "pairs"):
        counts = [counted[row["pair_id"], code] for code in range(4)]
        assert [row[f"n_{choice}"] for choice in Choice.values] == counts
        assert row["n_votes"] == sum(counts)
        expected = majority_of_counts(np.array([counts]))
        assert row["label"] == (None if expected.label[0] < 0 else expected.label[0])
        for name, value in [("confidence", expected.confidence), ("agreement", expected.agreement)]:
            assert row[name] == (None if np.isnan(value[0]) else value[0])
        for code, choice in enumerate(Choice.values):
            assert row[f"p_{choice}"] == (counts[code] / sum(counts) if sum(counts) else None)


def test_a_vote_leaves_with_all_that_is_known_of_it(campaign):
    pair = make_pair(campaign)
    live = vote(pair, "both_good", elapsed_ms=1234, assignment__a_on_left=False)
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
            "guideline_version": 1,
            "created_at": live.created_at,
            "void_reason": None,
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
            "guideline_version": None,
            "created_at": void.created_at,
            "void_reason": "suspended",
            "split": "train",
        },
    ]


def test_somebody_who_withdrew_is_left_out(campaign):
    pair = make_pair(campaign)
    vote(pair, "a")
    gone = MemberFactory(campaign=campaign, state="withdrawn")
    vote(pair, "b", member=gone)
    release = release_of(campaign)
    assert gone.public_id not in {row["annotator_id"] for row in rows_of(release, "votes")}
    assert [row["n_votes"] for row in rows_of(release, "pairs")] == [1]


def test_a_withdrawal_leaves_the_person_out_of_the_next_release_and_the_last_one_as_it_was(campaign):
    pair = make_pair(campaign, seats_taken=2, seats_a_on_left=2)
    vote(pair, "a")
    leaving = vote(pair, "b").assignment.member
    before = release_of(campaign)
    moderation.withdraw_member(member=leaving, by=leaving.user)

    after = release_of(campaign)

    assert leaving.public_id in {row["annotator_id"] for row in rows_of(before, "votes")}
    assert leaving.public_id not in repr(rows_of(after, "votes"))
    assert [row["n_votes"] for row in rows_of(after, "pairs")] == [1]


def test_the_names_of_a_crowd_platform_are_in_no_file_of_a_release(campaign):
    """Read back, because columns are compressed in the files."""
    identity = CrowdIdentityFactory(member__campaign=campaign, study="study-of-theirs", session="session-of-theirs")
    vote(make_pair(campaign), "a", member=identity.member)
    release = release_of(campaign)

    said = repr([rows_of(release, config) for config in ("votes", "pairs", "binarized")]).encode()
    said += b"".join(contents(folder_of(release)).values())

    assert identity.member.public_id.encode() in said
    for name in (identity.participant, identity.study, identity.session, identity.member.user.username):
        assert name.encode() not in said


def test_binarized_holds_the_decided_pairs_with_the_winner_as_chosen(campaign, labelled):
    held = make_pair(campaign, 20, state="held")
    vote_all(held, "aa")
    rows = {row["id"]: row for row in rows_of(release_of(campaign), "binarized")}
    assert sorted(rows) == [judged[0].pk, judged[1].pk, judged[5].pk]
    for pair, winner, models in ((judged[0], "a", ("good-model", "bad-model")), (judged[1], "b", ("bad-model", "good-model"))):
        row = rows[pair.pk]
        chosen, rejected = (pair.image_a, pair.image_b) if winner == "a" else (pair.image_b, pair.image_a)
        assert row["chosen"]["path"].startswith(chosen.sha256)
        assert row["rejected"]["path"].startswith(rejected.sha256)
        assert (row["chosen_model"], row["rejected_model"]) == models
        assert (row["prompt"], row["category"]) == (pair.prompt.text, "shapes")
    assert rows[judged[0].pk]["confidence"] == pytest.approx(2 / 3)


def test_a_pair_and_its_votes_are_in_the_split_of_their_prompt(campaign, labelled):
    release = release_of(campaign)
    splits = {row["pair_id"]: row["split"] for row in rows_of(release, "pairs")}
    assert Counter(splits.values()) == {"train": 5, "validation": 1, "test": 2}
    for row in rows_of(release, "votes"):
        assert row["split"] == splits[row["pair_id"]]
    for row in rows_of(release, "binarized"):
        assert row["split"] == splits[row["id"]]


def test_nothing_of_another_campaign_gets_in(campaign, labelled):
    alone = release_of(campaign)
    other = CampaignFactory()
    vote_all(make_pair(other, 3), "ab")
    assert release_of(campaign).revision == alone.revision


def test_the_manifest_says_what_is_there(campaign, labelled):
    release = release_of(campaign)
    assert (release.state, release.progress, release.error) == ("ready", 1.0, "")
    assert release.finished_at is not None
    files = contents(folder_of(release))
    assert {file.path: (file.size, file.sha256) for file in release.files.all()} == {
        path: (len(data), hashlib.sha256(data).hexdigest()) for path, data in files.items()
    }
    lines = sorted(f"{path} {hashlib.sha256(data).hexdigest()}\n" for path, data in files.items())
    assert release.revision == hashlib.sha1("".join(lines).encode()).hexdigest()
    with releasing.open_file(release, "README.md") as file:
        assert file.read() == files["README.md"]


def test_the_same_votes_give_the_same_bytes(campaign, labelled):
    first, second = release_of(campaign), release_of(campaign)
    assert (first.number, second.number) == (1, 2)
    assert contents(folder_of(first)) == contents(folder_of(second))
    assert first.revision == second.revision
    vote(judged[0], "a")
    assert release_of(campaign).revision != first.revision


def test_nothing_but_the_release_is_left_behind(campaign, labelled):
    release = release_of(campaign)
    assert [entry.name for entry in folder_of(release).parent.iterdir()] == [str(release.number)]


def test_the_consensus_on_the_campaign_page_is_brought_up_to_date(campaign, labelled):
    release_of(campaign)
    assert judged[0].consensus.get().label == "a"


def test_small_shards_and_row_groups_hold_the_same_rows(campaign, judged, monkeypatch):
    whole = release_of(campaign)
    monkeypatch.setattr(staged_rows, "SHARD_BYTES", 500)
    monkeypatch.setattr(vote_files, "SHARD_BYTES", 500)
    monkeypatch.setattr(staged_rows, "ROW_GROUP_BYTES", 200)
    monkeypatch.setattr(vote_files, "VOTES_ROW_GROUP", 2)
    cut_up = release_of(campaign)
    names = [file.path for file in cut_up.files.all()]
    assert "pairs/train-00000-of-00005.parquet" in names
    assert sum(name.startswith("votes/train") for name in names) > 1
    for config in ("pairs", "votes", "binarized"):
        assert rows_of(cut_up, config) == rows_of(whole, config)


def test_row_groups_fill_up_to_their_size(campaign, judged, monkeypatch):
    monkeypatch.setattr(staged_rows, "ROW_GROUP_BYTES", 2 * (judged[0].image_a.byte_size + judged[0].image_b.byte_size + 200))
    release = release_of(campaign)
    metadata = pq.read_metadata(folder_of(release) / "pairs/train-00000-of-00001.parquet")
    assert [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)] == [2, 2, 1]


@pytest.mark.parametrize("row_groups", [[8], [1, 2, 5], [7, 1], [3, 1], []])
def test_staged_rows_are_read_a_row_group_at_a_time(campaign, judged, tmp_path, row_groups):
    staged = staged_rows.StagedRows(tmp_path, PAIRS, "train", [])
    with snapshot_of(campaign) as snapshot:
        _, judge = stage.count_all(snapshot)
        [judged_rows] = map(judge, snapshot.pairs())
    for start, length in ((0, 3), (3, 0), (3, 1), (4, 4)):
        staged.add(judged_rows.slice(start, length))
    [part] = staged.close()
    ids = judged_rows["pair_id"].to_pylist()
    with StagedReader(tmp_path / part.rows_name) as reader:
        tables = list(reader.read(row_groups))
    assert [len(table) for table in tables] == row_groups
    assert [pair_id for table in tables for pair_id in table["pair_id"].to_pylist()] == ids[: sum(row_groups)]


# --- asking for one


def test_releases_are_numbered_one_after_the_other(campaign):
    other = CampaignFactory()
    user = MemberFactory(campaign=campaign).user
    numbers = [releasing.create_release(campaign=each, by=user).number for each in (campaign, campaign, other)]
    assert numbers == [1, 2, 1]
    assert Release.objects.filter(created_by=user, state="queued", revision=None).count() == 3


def test_a_file_is_opened_only_of_a_finished_release(campaign):
    queued = releasing.create_release(campaign=campaign, by=None)
    ready = release_of(campaign)
    for release, path in ((queued, "README.md"), (ready, "nothing.md"), (ready, "../../../secret_key")):
        with pytest.raises(NotFound):
            releasing.open_file(release, path)
    (folder_of(ready) / "README.md").unlink()
    with pytest.raises(NotFound, match="missing from storage"):
        releasing.open_file(ready, "README.md")


def test_a_release_that_does_not_exist_is_not_built():
    with pytest.raises(NotFound):
        releasing.build_release(release_id=1234567)


def test_it_refuses_to_build_what_is_not_committed(campaign):
    release = releasing.create_release(campaign=campaign, by=None)
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        releasing.build_release(release_id=release.pk)


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_release_that_is_over_is_left_alone(campaign, state):
    release = ReleaseFactory(campaign=campaign, state=state)
    releasing.build_release(release_id=release.pk)
    release.refresh_from_db()
    assert release.state == state
    assert not folder_of(release).exists()


def test_a_finished_release_is_not_built_again(campaign, labelled):
    release = release_of(campaign)
    before = contents(folder_of(release))
    vote(judged[0], "b")
    releasing.build_release(release_id=release.pk)
    release.refresh_from_db()
    assert release.state == "ready"
    assert contents(folder_of(release)) == before


# --- what can go wrong


def test_a_second_builder_leaves_at_once(campaign, labelled):
    release = releasing.create_release(campaign=campaign, by=None)
    seen = []

    def build_it_too(share: float) -> None:
        if not seen:
            seen.append(releasing.is_being_built(release))
            thread = threading.Thread(target=second_builder)
            thread.start()
            thread.join()

    def second_builder() -> None:
        try:
            releasing.build_release(release_id=release.pk, on_progress=seen.append)
            seen.append(Release.objects.get(pk=release.pk).state)
        finally:
            connections.close_all()

    releasing.build_release(release_id=release.pk, on_progress=build_it_too)
    assert seen == [True, "building"]
    assert not releasing.is_being_built(release)
    release.refresh_from_db()
    assert release.state == "ready"


CHILD = """
import json, os, signal, sys
from annotator.local.import_worker import begin
databases, storages, release_id, killed_at = json.loads(sys.argv[1])
begin(databases, storages)
from annotator.releasing import build_release

def die(share):
    if share >= killed_at:
        os.kill(os.getpid(), signal.SIGKILL)

build_release(release_id=release_id, on_progress=die)
"""


def build_and_die(release: Release, killed_at: float) -> None:
    """Build it in another process, which is killed when it has come so far."""
    databases = {"default": {key: value for key, value in connection.settings_dict.items() if key != "TEST"}}
    arguments = json.dumps([databases, django_settings.STORAGES, release.pk, killed_at])
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT)}
    child = subprocess.run([sys.executable, "-c", CHILD, arguments], env=environment, check=False)
    assert child.returncode == -signal.SIGKILL
    # Postgres learns of the death, and gives up the lock, a moment later.
    wait_until(lambda: not releasing.is_being_built(release), why="the lock of the killed build")


@pytest.mark.parametrize("killed_at", [pytest.param(0.1, id="while reading"), pytest.param(0.8, id="among the shards")])
def test_a_killed_build_is_taken_up_again_and_gives_the_same_bytes(campaign, judged, killed_at):
    uninterrupted = release_of(campaign)
    release = releasing.create_release(campaign=campaign, by=None)
    build_and_die(release, killed_at)
    release.refresh_from_db()
    assert release.state == ReleaseState.BUILDING
    assert not folder_of(release).exists()
    unfinished = folder_of(release).with_name(f".building-{release.number}") / "files"
    finished = {str(file.relative_to(unfinished)): file.stat().st_ino for file in unfinished.glob("pairs/*")}
    if killed_at == 0.8:
        assert finished
        vote(judged[0], "b")  # it had read the votes before; this one is not of this release
    releasing.build_release(release_id=release.pk)
    release.refresh_from_db()
    assert (release.state, release.revision) == ("ready", uninterrupted.revision)
    assert contents(folder_of(release)) == contents(folder_of(uninterrupted))
    assert {path: (folder_of(release) / path).stat().st_ino for path in finished} == finished  # not written again
    assert not unfinished.parent.exists()


def test_a_builder_that_could_not_say_it_was_ready_is_followed_by_one_that_can(campaign, labelled):
    """The files are at their address, and the transaction that says so fails."""
    release = releasing.create_release(campaign=campaign, by=None)
    in_the_way = ReleaseFile.objects.create(release=release, path="README.md", size=1, sha256="0" * 64)
    with pytest.raises(IntegrityError):
        releasing.build_release(release_id=release.pk)
    release.refresh_from_db()
    assert release.state == ReleaseState.BUILDING
    before = contents(folder_of(release))
    with pgtrigger.ignore("annotator.ReleaseFile:release_file_is_fixed"):
        in_the_way.delete()
    releasing.build_release(release_id=release.pk)
    release.refresh_from_db()
    assert release.state == "ready"
    assert contents(folder_of(release)) == before


def test_votes_that_come_while_it_is_built_are_not_in_it(campaign, labelled):
    before = release_of(campaign)
    release = releasing.create_release(campaign=campaign, by=None)
    late = []

    def vote_late(share: float) -> None:
        if share and not late:  # the snapshot was taken: some rows of it have been read
            late.append(vote(judged[0], "b"))

    releasing.build_release(release_id=release.pk, on_progress=vote_late)
    release.refresh_from_db()
    assert late
    assert release.revision == before.revision
    assert late[0].pk in {row["vote_id"] for row in rows_of(release_of(campaign), "votes")}


def test_a_missing_image_fails_the_release_with_a_sentence(campaign, labelled):
    default_storage.delete(full_name(judged[1].image_a.sha256, judged[1].image_a.format))
    release = release_of(campaign)
    assert release.state == ReleaseState.FAILED
    assert release.error == f"The image {judged[1].image_a.sha256} is missing from storage."
    assert release.finished_at is not None
    assert release.revision is None
    assert not release.files.exists()
    assert list(folder_of(release).parent.iterdir()) == []


def test_a_storage_that_cannot_be_written_fails_the_release_with_a_sentence(campaign, storage_folder):
    storage_folder.mkdir()
    (storage_folder / "releases").write_text("a file where a folder has to be")
    release = release_of(campaign)
    assert (release.state, release.error) == ("failed", "The files could not be written: not a directory.")


def test_an_address_that_holds_something_is_never_written_over(campaign, labelled):
    release = releasing.create_release(campaign=campaign, by=None)
    folder_of(release).mkdir(parents=True)
    (folder_of(release) / "README.md").write_text("Somebody's only copy.")
    releasing.build_release(release_id=release.pk)
    release.refresh_from_db()
    assert release.state == ReleaseState.FAILED
    assert "They were not overwritten" in release.error
    assert contents(folder_of(release)) == {"README.md": b"Somebody's only copy."}
    assert release_of(campaign).state == "ready"


def test_a_cancelled_release_stops_and_leaves_nothing(campaign, labelled):
    release = releasing.create_release(campaign=campaign, by=None)

    def cancel(share: float) -> None:
        if share >= 0.99:
            Release.objects.filter(pk=release.pk).update(state=ReleaseState.CANCELLED)

    releasing.build_release(release_id=release.pk, on_progress=cancel)
    release.refresh_from_db()
    assert (release.state, release.revision) == ("cancelled", None)
    assert list(folder_of(release).parent.iterdir()) == []


def test_a_database_that_goes_away_is_no_failure_of_the_release():
    assert not issubclass(OperationalError, FAILURES)


# --- in an object store


@pytest.fixture
def object_store(settings, tmp_path):
    """Where releases are on their way into a storage that is no folder of this machine."""
    settings.DATA_DIR = tmp_path / "data"
    store = {"BACKEND": "tests.object_store.ObjectStore", "OPTIONS": {"location": str(tmp_path / "store")}}
    settings.STORAGES = {**settings.STORAGES, "default": store}
    return tmp_path / "data" / "building"


def stored(folder: str) -> dict[str, bytes]:
    """Everything below a name."""
    folders, files = default_storage.listdir(folder)
    found = {}
    for file in files:
        with default_storage.open(f"{folder}/{file}") as source:
            found[file] = source.read()
    for inner in folders:
        found |= {f"{inner}/{path}": data for path, data in stored(f"{folder}/{inner}").items()}
    return found


def test_a_release_is_built_into_an_object_store(object_store, campaign, labelled):
    release = release_of(campaign)
    assert release.state == "ready"
    assert releasing.local_folder(release) is None
    files = stored(f"releases/{campaign.pk}/1")
    assert {path: hashlib.sha256(data).hexdigest() for path, data in files.items()} == dict(
        release.files.values_list("path", "sha256")
    )
    with releasing.open_file(release, "README.md") as file:
        assert file.read() == files["README.md"]
    assert release_of(campaign).revision == release.revision
    assert list(object_store.iterdir()) == []


@pytest.mark.parametrize("same_machine", [True, False])
def test_a_build_into_an_object_store_is_taken_up_again(object_store, campaign, judged, monkeypatch, same_machine):
    monkeypatch.setattr(staged_rows, "SHARD_BYTES", 500)
    monkeypatch.setattr(vote_files, "SHARD_BYTES", 500)
    uninterrupted = release_of(campaign)
    release = releasing.create_release(campaign=campaign, by=None)

    def stop(share: float) -> None:
        if share >= 0.8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        releasing.build_release(release_id=release.pk, on_progress=stop)
    half = stored(f"releases/{campaign.pk}/2")
    assert any(path.startswith("pairs/") for path in half)
    assert "README.md" not in half
    if not same_machine:
        shutil.rmtree(object_store)
        monkeypatch.undo()  # how it is cut was decided when the rows were read
    releasing.build_release(release_id=release.pk)
    release.refresh_from_db()
    assert release.state == "ready"
    assert sorted(stored(f"releases/{campaign.pk}/2")) == sorted(release.files.values_list("path", flat=True))
    assert stored(f"releases/{campaign.pk}/2") == stored(f"releases/{campaign.pk}/1")
    assert release.revision == uninterrupted.revision
    assert stored("building") == {}


def test_a_failed_build_leaves_nothing_in_an_object_store(object_store, campaign, labelled):
    default_storage.delete(full_name(judged[5].image_a.sha256, judged[5].image_a.format))
    release = release_of(campaign)
    assert (release.state, release.error) == ("failed", f"The image {judged[5].image_a.sha256} is missing from storage.")
    assert stored(f"releases/{campaign.pk}") == {}


def test_a_release_in_an_object_store_is_never_written_over(object_store, campaign, labelled):
    default_storage.save(f"releases/{campaign.pk}/1/README.md", ContentFile(b"Somebody's only copy."))
    release = release_of(campaign)
    assert release.state == "failed"
    assert stored(f"releases/{campaign.pk}/1") == {"README.md": b"Somebody's only copy."}
