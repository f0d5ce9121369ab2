"""What releases of a campaign have in common is written and stored once."""

from __future__ import annotations

import os

import pytest

from annotator import releasing
from annotator.choices import COMPACT_CONFIGS
from annotator.errors import Invalid
from annotator.models import Release
from annotator.releasing.dataset import image_shards
from tests.released import folder_of, make_pair, rows_of, vote

# What is released has to be committed: it is read on a connection of its own.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("few_charts")]


def compact_release(campaign, **options) -> Release:
    release = releasing.create_release(campaign=campaign, by=None, configs=COMPACT_CONFIGS, **options)
    releasing.build_release(release_id=release.pk)
    release.refresh_from_db()
    assert (release.state, release.error) == ("ready", "")
    return release


def image_files(release: Release) -> dict[str, tuple[int, int]]:
    """Of each file of images, its place on the disk and when it was written."""
    its = (folder_of(release) / "images").iterdir()
    return {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in its}


def test_a_later_release_shares_the_files_of_images_and_writes_new_images_into_new_ones(campaign, judged, monkeypatch):
    monkeypatch.setattr(image_shards, "SHARD_BYTES", 6 * judged[0].image_a.byte_size)
    first = compact_release(campaign)
    assert {file.path.partition("/")[0] for file in first.files.all()} == {
        *("images", "labels", "pair_info", "leaderboard", "leaderboards", "votes", "README.md", "charts"),
        *("annotators", "adjudications", "gold", "machine_votes"),
    }
    of_first = image_files(first)
    assert len(of_first) > 1
    vote(judged[0], "a")
    second = compact_release(campaign)
    assert second.revision != first.revision
    assert image_files(second) == of_first
    unchanged = set(first.files.values_list("path", "sha256")) & set(second.files.values_list("path", "sha256"))
    assert {path.partition("/")[0] for path, _ in unchanged} >= {"images", "pair_info"}
    for path, _ in unchanged:
        if path.endswith(".parquet"):
            assert os.path.samefile(folder_of(first) / path, folder_of(second) / path)
    make_pair(campaign, 30)
    third = compact_release(campaign)
    of_third = image_files(third)
    assert {name: of_third[name] for name in of_first} == of_first
    assert len(of_third) > len(of_first)
    assert len(rows_of(third, "images")) == len(rows_of(first, "images")) + 2


@pytest.mark.parametrize("options", [{"shard_count": 2}, {"shard_bytes": 1_000_000}])
def test_how_a_release_is_cut_is_chosen_for_it(campaign, judged, options):
    release = releasing.create_release(campaign=campaign, by=None, **options)
    releasing.build_release(release_id=release.pk)
    train = [file.path for file in release.files.all() if file.path.startswith("pairs/train-")]
    assert len(train) == options.get("shard_count", 1)
    assert len(rows_of(release, "pairs")) == len(judged)
    compact = compact_release(campaign, **options)
    assert len(image_files(compact)) == options.get("shard_count", 1)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"configs": ["pairs", "everything"]}, "configs"),
        ({"shard_bytes": 10}, "shard_bytes"),
        ({"shard_count": 0}, "shard_count"),
        ({"shard_count": 2, "shard_bytes": 2_000_000}, "shard_count"),
    ],
)
def test_what_cannot_be_built_is_refused(campaign, options, field):
    with pytest.raises(Invalid) as error:
        releasing.create_release(campaign=campaign, by=None, **options)
    assert error.value.errors.keys() == {field}
