"""How a step of a build ends: tried again, or with the end of the release and a sentence why."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError

from annotator import releasing
from annotator.choices import ReleaseState
from annotator.importing.images import full_name
from annotator.lib.attempts import ATTEMPTS_MAX
from annotator.models import ReleaseShard
from annotator.releasing.build_steps import FAILURES
from tests.released import folder_of, release_of
from tests.releasing.building import building_of

# What is released has to be committed: it is read on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_missing_image_fails_the_release_with_a_sentence(campaign, judged):
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


def test_a_database_that_goes_away_is_no_failure_of_the_release():
    assert not issubclass(OperationalError, FAILURES)


# --- errors that do not go away


def test_an_error_of_ours_is_tried_again_and_then_ends_the_release_with_a_sentence(campaign, judged):
    release = releasing.create_release(campaign=campaign, by=None)
    for shard_id in releasing.stage_release(release_id=release.pk):
        releasing.write_shard(shard_id=shard_id)
    (building_of(release) / "snapshot.json").write_text('{"facts": {}}')
    for _ in range(ATTEMPTS_MAX - 1):
        with pytest.raises(KeyError):
            releasing.finish_release(release_id=release.pk)
        release.refresh_from_db()
        assert release.state == "building"
        assert release.error.startswith("Error while writing its card: KeyError")
        assert release.error.endswith("Retrying.")
    releasing.finish_release(release_id=release.pk)
    release.refresh_from_db()
    assert release.state == "failed"
    assert "Stopped after 3 attempts." in release.error
    assert list(folder_of(release).parent.iterdir()) == []


def test_a_step_that_kills_its_workers_is_not_tried_for_ever(campaign, judged):
    release = releasing.create_release(campaign=campaign, by=None)
    shard_id = releasing.stage_release(release_id=release.pk)[0]
    ReleaseShard.objects.filter(pk=shard_id).update(tries=ATTEMPTS_MAX)
    releasing.write_shard(shard_id=shard_id)
    release.refresh_from_db()
    assert release.state == "failed"
    assert release.error.startswith(f"Its worker stopped {ATTEMPTS_MAX} times while ")
    assert "memory ran out" in release.error


def test_a_plan_that_cannot_be_read_fails_the_release(campaign, judged):
    release = releasing.create_release(campaign=campaign, by=None)
    shard_id = releasing.stage_release(release_id=release.pk)[0]
    (building_of(release) / ReleaseShard.objects.get(pk=shard_id).staged_as).write_bytes(b"half")
    assert releasing.write_shard(shard_id=shard_id) is None
    release.refresh_from_db()
    assert release.state == "failed"
