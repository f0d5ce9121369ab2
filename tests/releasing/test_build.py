"""Building releases: what is in them, that they come out the same, and that nothing on the way breaks them."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pgtrigger
import pytest
from django.conf import settings as django_settings
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction

from annotator import releasing
from annotator.choices import Label, ReleaseState
from annotator.errors import NotFound
from annotator.importing.images import full_name
from annotator.models import Release, ReleaseFile, ReleaseShard
from tests.factories import (
    ReleaseFactory,
)
from tests.released import contents, folder_of, make_pair, release_of, rows_of, vote, vote_all
from tests.releasing.building import state_of
from tests.waiting import wait_until

# What is released has to be committed: it is read on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.usefixtures("few_charts")
def test_a_release_has_a_row_per_pair(campaign, judged):
    rows = {row["pair_id"]: row for row in rows_of(release_of(campaign), "pairs")}
    assert sorted(rows) == sorted(pair.pk for pair in judged)
    first, unjudged, gold = rows[judged[0].pk], rows[judged[6].pk], rows[judged[7].pk]
    images = {name: first.pop(name) for name in ("image_a", "image_b")}
    pair = judged[0]
    soft = [first.pop(f"p_{choice}") for choice in ("a", "b", "both_good", "both_bad")]
    assert sum(soft) == pytest.approx(1)
    assert soft[0] > soft[1] > soft[3] > 0
    assert 0.4 < first.pop("confidence") < 0.9
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
        "label": Label.values.index("a"),
        "share": 2 / 3,
        "agreement": 1 / 3,
        "n_first": 3,
        "stopped_early": False,
        "is_audit": False,
        "is_gold": False,
        "inclusion_probability": 1.0,
        "taken_down": None,
        "sha256_a": pair.image_a.sha256,
        "sha256_b": pair.image_b.sha256,
        **dict.fromkeys(("external_id", "prompt_external_id", "seed_a", "seed_b")),
        **dict.fromkeys(("metadata", "prompt_metadata", "parameters_a", "parameters_b"), "{}"),
        **{f"{side}_{slot}": getattr(getattr(pair, f"image_{slot}"), side) for side in ("width", "height") for slot in "ab"},
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


@pytest.mark.usefixtures("few_charts")
def test_binarized_holds_the_decided_pairs_with_the_winner_as_chosen(campaign, judged):
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
    assert 0.4 < rows[judged[0].pk]["confidence"] < 0.9  # two of three


@pytest.mark.usefixtures("few_charts")
def test_a_pair_and_its_votes_are_in_the_split_of_their_prompt(campaign, judged):
    release = release_of(campaign)
    splits = {row["pair_id"]: row["split"] for row in rows_of(release, "pairs")}
    assert Counter(splits.values()) == {"train": 5, "validation": 1, "test": 2}
    for row in rows_of(release, "votes"):
        assert row["split"] == splits[row["pair_id"]]
    for row in rows_of(release, "binarized"):
        assert row["split"] == splits[row["id"]]


def test_the_manifest_says_what_is_there(campaign, judged):
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


def test_the_same_votes_give_the_same_bytes(campaign, judged):
    first, second = release_of(campaign), release_of(campaign)
    assert (first.number, second.number) == (1, 2)
    assert contents(folder_of(first)) == contents(folder_of(second))
    assert first.revision == second.revision
    vote(judged[0], "a")
    assert release_of(campaign).revision != first.revision


@pytest.mark.usefixtures("few_charts")
def test_nothing_but_the_release_is_left_behind(campaign, judged):
    release = release_of(campaign)
    assert [entry.name for entry in folder_of(release).parent.iterdir()] == [str(release.number)]


@pytest.mark.usefixtures("few_charts")
def test_the_consensus_on_the_campaign_page_is_brought_up_to_date(campaign, judged):
    release_of(campaign)
    assert judged[0].consensus.get().label == "a"


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


@pytest.mark.usefixtures("few_charts")
def test_a_finished_release_is_not_built_again(campaign, judged):
    release = release_of(campaign)
    before = contents(folder_of(release))
    vote(judged[0], "b")
    releasing.build_release(release_id=release.pk)
    release.refresh_from_db()
    assert release.state == "ready"
    assert contents(folder_of(release)) == before


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


@pytest.mark.usefixtures("few_charts")
def test_a_builder_that_could_not_say_it_was_ready_is_followed_by_one_that_can(campaign, judged):
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


@pytest.mark.usefixtures("few_charts")
def test_a_shard_is_written_once(campaign, judged):
    release = releasing.create_release(campaign=campaign, by=None)
    first, *others = releasing.stage_release(release_id=release.pk)
    assert releasing.stage_release(release_id=release.pk) == [first, *others]
    assert releasing.write_shard(shard_id=first) is None
    shard = ReleaseShard.objects.get(pk=first)
    assert shard.tries == 1
    assert releasing.write_shard(shard_id=first) is None
    assert ReleaseShard.objects.get(pk=first).finished_at == shard.finished_at
    assert releasing.stage_release(release_id=release.pk) == others
    releasing.finish_release(release_id=release.pk)  # too early
    assert state_of(release) == "building"
    assert [releasing.write_shard(shard_id=shard_id) for shard_id in others] == [*[None] * (len(others) - 1), release.pk]
    releasing.finish_release(release_id=release.pk)
    assert state_of(release) == "ready"
    assert releasing.stage_release(release_id=release.pk) == []
