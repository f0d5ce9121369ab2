"""What releases of a campaign have in common is written and stored once."""

from __future__ import annotations

import os

import duckdb
import pytest

from annotator import releasing
from annotator.choices import COMPACT_CONFIGS
from annotator.errors import Invalid
from annotator.models import ImageShard, Prompt, Release
from annotator.releasing.dataset import image_shards
from tests.released import card_of, folder_of, make_image, make_pair, rows_of, vote

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


def test_the_compact_configs_together_have_what_the_pairs_have(campaign, judged):
    usual = releasing.create_release(campaign=campaign, by=None)
    releasing.build_release(release_id=usual.pk)
    compact = compact_release(campaign)
    images = {row["sha256"]: row for row in rows_of(compact, "images")}
    labels = {row["pair_id"]: row for row in rows_of(compact, "labels") if row["question"] == 0}
    info = {row["pair_id"]: row for row in rows_of(compact, "pair_info")}
    for row in rows_of(usual, "pairs"):
        joined = {**labels[row["pair_id"]], **info[row["pair_id"]]}
        del joined["question"]
        for slot in "ab":
            joined[f"image_{slot}"] = images[row[f"sha256_{slot}"]]["image"]
        assert joined == row
    assert "default: true" in card_of(compact)
    assert 'pair_info = load_dataset("diptych/scenes", revision="v1")' in card_of(compact)
    folder = folder_of(compact)
    joined = duckdb.sql(
        f"SELECT * FROM '{folder}/pair_info/*.parquet' JOIN '{folder}/labels/*.parquet' USING (pair_id) WHERE question = 0"
    )
    assert len(joined) == len(judged)


def test_each_image_is_embedded_once_however_many_pairs_it_is_in(campaign):
    prompt = Prompt.objects.create(campaign=campaign, text="One prompt", text_sha256="a" * 64)
    images = [make_image(prompt, number) for number in range(4)]
    for place, image_a in enumerate(images):
        for image_b in images[place + 1 :]:
            campaign.pairs.create(prompt=prompt, image_a=image_a, image_b=image_b, votes_wanted=1, ring=place)
    release = compact_release(campaign)
    assert len(rows_of(release, "pair_info")) == 6
    assert sorted(row["sha256"] for row in rows_of(release, "images")) == sorted(image.sha256 for image in images)


def test_a_file_of_images_is_written_again_where_one_of_them_left_or_no_release_has_it(campaign, judged):
    unpaired = make_image(judged[0].prompt, 50)
    compact_release(campaign)
    [shard] = ImageShard.objects.all()
    members = bytes(shard.members)
    assert len(members) == 32 * (len(judged) * 2 + 1)
    unpaired.delete()
    release = compact_release(campaign)
    shard.refresh_from_db()
    assert bytes(shard.members) == members[:-32]
    assert len(rows_of(release, "images")) == 2 * len(judged)
    for number in (1, 2):
        (folder_of(release).with_name(str(number)) / "images/train-00000.parquet").unlink()
    again = compact_release(campaign)
    assert again.files.get(path="images/train-00000.parquet").sha256 == shard.sha256
    assert again.revision == release.revision


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
