"""Where releases are kept: in a folder of this machine, or in a store that is none."""

from __future__ import annotations

import hashlib
import shutil

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from annotator import releasing
from annotator.choices import ReleaseState
from annotator.errors import NotFound
from annotator.importing.images import full_name
from annotator.releasing.dataset import staged_rows, vote_files
from tests.released import contents, folder_of, release_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("few_charts")]


def test_a_file_is_opened_only_of_a_finished_release(campaign):
    queued = releasing.create_release(campaign=campaign, by=None)
    ready = release_of(campaign)
    for release, path in ((queued, "README.md"), (ready, "nothing.md"), (ready, "../../../secret_key")):
        with pytest.raises(NotFound):
            releasing.open_file(release, path)
    (folder_of(ready) / "README.md").unlink()
    with pytest.raises(NotFound, match="missing from storage"):
        releasing.open_file(ready, "README.md")


def test_a_folder_that_holds_something_is_never_written_over(campaign, judged):
    release = releasing.create_release(campaign=campaign, by=None)
    folder_of(release).mkdir(parents=True)
    (folder_of(release) / "README.md").write_text("Somebody's only copy.")
    releasing.build_release(release_id=release.pk)
    release.refresh_from_db()
    assert release.state == ReleaseState.FAILED
    assert "They were not overwritten" in release.error
    assert contents(folder_of(release)) == {"README.md": b"Somebody's only copy."}
    assert release_of(campaign).state == "ready"


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


def test_a_release_is_built_into_an_object_store(object_store, campaign, judged):
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
    whole = staged_rows.SHARD_BYTES, vote_files.SHARD_BYTES
    monkeypatch.setattr(staged_rows, "SHARD_BYTES", 500)
    monkeypatch.setattr(vote_files, "SHARD_BYTES", 500)
    release = releasing.create_release(campaign=campaign, by=None)

    def stop(share: float) -> None:
        if share >= 0.8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        releasing.build_release(release_id=release.pk, on_progress=stop)
    half = stored(f"releases/{campaign.pk}/1")
    assert any(path.startswith("pairs/") for path in half)
    assert "README.md" not in half
    if not same_machine:
        shutil.rmtree(object_store)
        monkeypatch.setattr(staged_rows, "SHARD_BYTES", whole[0])  # how it is cut was decided when the rows were read
        monkeypatch.setattr(vote_files, "SHARD_BYTES", whole[1])
    releasing.build_release(release_id=release.pk)
    release.refresh_from_db()
    assert release.state == "ready"
    assert sorted(stored(f"releases/{campaign.pk}/1")) == sorted(release.files.values_list("path", flat=True))
    monkeypatch.setattr(staged_rows, "SHARD_BYTES", 500)
    monkeypatch.setattr(vote_files, "SHARD_BYTES", 500)
    uninterrupted = release_of(campaign)
    assert release.revision == uninterrupted.revision
    assert stored("building") == {}


def test_a_failed_build_leaves_nothing_in_an_object_store(object_store, campaign, judged):
    default_storage.delete(full_name(judged[5].image_a.sha256, judged[5].image_a.format))
    release = release_of(campaign)
    assert (release.state, release.error) == ("failed", f"The image {judged[5].image_a.sha256} is missing from storage.")
    assert stored(f"releases/{campaign.pk}") == {}


def test_a_release_in_an_object_store_is_never_written_over(object_store, campaign, judged):
    default_storage.save(f"releases/{campaign.pk}/1/README.md", ContentFile(b"Somebody's only copy."))
    release = release_of(campaign)
    assert release.state == "failed"
    assert stored(f"releases/{campaign.pk}/1") == {"README.md": b"Somebody's only copy."}
