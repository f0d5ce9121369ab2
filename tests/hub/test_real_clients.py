"""What the Hub's own clients do with us: every way of loading that training jobs know, and every error that they know."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from annotator.models import Campaign
from tests.api.releases import SHARD, ready_release
from tests.committed import committed, stored_in
from tests.factories import CampaignFactory
from tests.hub.clients import HubClient
from tests.hub.dropping import DroppingLine
from tests.hub.releases import contents, manager_key, two_releases

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def storage_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with stored_in(tmp_path_factory.mktemp("storage")) as folder:
        yield folder


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker, storage_folder: Path) -> Iterator[tuple[Campaign, str]]:
    """A campaign with two releases and the key of its manager, and beside it one with a large file."""
    with committed(django_db_blocker):
        campaign = two_releases()
        ready_release(CampaignFactory(slug="geese", data_is_public=True), storage_folder)
        yield campaign, manager_key(campaign)


@pytest.fixture
def campaign(world) -> Campaign:
    return world[0]


@pytest.fixture
def hub(world, server: LiveServer, tmp_path) -> HubClient:
    """A manager's machine."""
    return HubClient(f"{server.url}/hub", tmp_path / "home", world[1])


def release(campaign, number):
    return campaign.releases.get(number=number)


def test_a_dataset_loads_by_its_name_alone(hub, campaign):
    said = hub.run("""
        from datasets import load_dataset
        pairs = load_dataset("diptych/birds")
        row = pairs["train"][0]
        return {
            "rows": {split: len(rows) for split, rows in pairs.items()},
            "image": [type(row["image_a"]).__name__, row["image_a"].size],
            "label": pairs["train"].features["label"].int2str(row["label"]),
            "types": {name: type(feature).__name__ for name, feature in pairs["train"].features.items()},
        }
    """)

    assert said["rows"] == {"train": 3, "validation": 1, "test": 1}
    assert said["image"] == ["PngImageFile", [24, 16]]
    assert said["label"] == "a"
    assert (said["types"]["image_a"], said["types"]["label"], said["types"]["prompt"]) == ("Image", "ClassLabel", "Value")


def test_every_config_split_and_revision_loads(hub, campaign):
    said = hub.run(
        """
        from datasets import load_dataset
        named = {"tag": "v1", "full tag": "refs/tags/v1", "hash": os.environ["FIRST"], "main": "main", "last": "v2"}
        by_revision = {name: load_dataset("diptych/birds", "votes", split="train", revision=revision).num_rows
                       for name, revision in named.items()}
        by_config = {config: load_dataset("diptych/birds", config, split="train", revision="v2").num_rows
                     for config in ("pairs", "binarized", "votes")}
        test = load_dataset("diptych/birds", "pairs", split="test", revision="v2")
        return [by_revision, by_config, test.num_rows, test.cache_files[0]["filename"]]
        """,
        FIRST=release(campaign, 1).revision,
    )

    assert said[0] == {"tag": 5, "full tag": 5, "hash": 5, "main": 7, "last": 7}
    assert said[1] == {"pairs": 3, "binarized": 2, "votes": 7}
    assert said[2] == 1
    assert release(campaign, 2).revision in said[3]  # by which a job can check what it got


def test_chosen_columns_are_streamed(hub):
    assert hub.run("""
        from datasets import load_dataset
        rows = load_dataset("diptych/birds", "pairs", split="train", revision="v2", streaming=True, columns=["prompt", "n_votes"])
        whole = next(iter(load_dataset("diptych/birds", "pairs", split="train", revision="v2", streaming=True)))
        return [[row["n_votes"] for row in rows], sorted(next(iter(rows))), whole["image_a"].size]
    """) == [[3, 2, 2], ["n_votes", "prompt"], [24, 16]]


def test_files_and_snapshots_are_downloaded_byte_by_byte(hub, campaign):
    said = hub.run("""
        import hashlib, pathlib
        from huggingface_hub import hf_hub_download, snapshot_download
        hashes = lambda folder: {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
                                 for path in pathlib.Path(folder).rglob("*") if path.is_file()}
        repository = dict(repo_id="diptych/birds", repo_type="dataset")
        shard = hf_hub_download(**repository, filename="pairs/train-00000-of-00001.parquet", revision="v1")
        return {
            "shard": [pathlib.Path(shard).parent.parent.name, os.path.getsize(shard)],
            "first": hashes(snapshot_download(**repository, revision="v1")),
            "newest": hashes(snapshot_download(**repository)),
            "some": sorted(hashes(snapshot_download(**repository, revision="v2", local_dir="here", allow_patterns=["votes/*"]))),
        }
    """)

    for number, name in ((1, "first"), (2, "newest")):
        files = contents(release(campaign, number))
        assert said[name] == {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    shard = contents(release(campaign, 1))["pairs/train-00000-of-00001.parquet"]
    assert said["shard"] == [release(campaign, 1).revision, len(shard)]
    assert {path for path in said["some"] if path.endswith(".parquet")} == {
        f"votes/{split}-00000-of-00001.parquet" for split in ("train", "validation", "test")
    }


def test_the_api_describes_a_dataset(hub, campaign):
    said = hub.run("""
        from huggingface_hub import HfApi
        api = HfApi()
        about = api.dataset_info("diptych/birds", files_metadata=True)
        refs = api.list_repo_refs("diptych/birds", repo_type="dataset")
        tree = list(api.list_repo_tree("diptych/birds", repo_type="dataset", recursive=True, expand=True))
        paths = ["README.md", "pairs", "nothing"]
        return {
            "sha": about.sha,
            "private": about.private,
            "siblings": {each.rfilename: [each.size, each.blob_id, each.lfs and each.lfs.sha256] for each in about.siblings},
            "first": api.dataset_info("diptych/birds", revision="v1").sha,
            "refs": [[ref.name, ref.ref, ref.target_commit] for ref in refs.branches + refs.tags],
            "commits": [[each.commit_id, each.title] for each in api.list_repo_commits("diptych/birds", repo_type="dataset")],
            "tree": {entry.path: entry.last_commit["oid"] if isinstance(entry.last_commit, dict) else entry.last_commit.oid
                     for entry in tree},
            "paths": [[type(each).__name__, each.path]
                      for each in api.get_paths_info("diptych/birds", paths, repo_type="dataset")],
            "files": sorted(api.list_repo_files("diptych/birds", repo_type="dataset")),
            "exists": [api.repo_exists(name, repo_type="dataset") for name in ("diptych/birds", "diptych/bees", "else/birds")],
            "file exists": [api.file_exists("diptych/birds", name, repo_type="dataset") for name in ("README.md", "nothing")],
            "revision exists": [api.revision_exists("diptych/birds", name, repo_type="dataset") for name in ("v2", "v3")],
            "listed": sorted(each.id for each in api.list_datasets(author="diptych")),
            "me": api.whoami()["name"],
        }
    """)

    first, second = release(campaign, 1), release(campaign, 2)
    files = contents(second)
    assert (said["sha"], said["first"], said["private"]) == (second.revision, first.revision, True)
    assert said["siblings"].keys() == files.keys()
    for path, (size, blob_id, sha256) in said["siblings"].items():
        data = files[path]
        assert size == len(data)
        if path.endswith(".parquet"):
            assert sha256 == hashlib.sha256(data).hexdigest()
        elif path == "README.md":
            assert blob_id == hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    assert said["refs"] == [
        ["main", "refs/heads/main", second.revision],
        ["v1", "refs/tags/v1", first.revision],
        ["v2", "refs/tags/v2", second.revision],
    ]
    assert said["commits"] == [[second.revision, "Release 2"], [first.revision, "Release 1"]]
    assert said["tree"] == dict.fromkeys([*files, *{path.partition("/")[0] for path in files if "/" in path}], second.revision)
    assert said["paths"] == [["RepoFile", "README.md"], ["RepoFolder", "pairs"]]
    assert said["files"] == sorted(files)
    assert said["exists"] == [True, False, False]
    assert said["file exists"] == [True, False]
    assert said["revision exists"] == [True, False]
    assert said["listed"] == ["diptych/birds", "diptych/birds.dpo", "diptych/geese"]
    assert said["me"] == campaign.members.get(role="manager").user.username


def test_the_file_system_and_pandas_read_it(hub):
    said = hub.run("""
        import pandas, pyarrow.parquet
        from huggingface_hub import HfFileSystem
        files = HfFileSystem()
        root = "datasets/diptych/birds@v2"
        shard = root + "/pairs/train-00000-of-00001.parquet"
        with files.open(shard) as file:
            file.seek(-4, 2)
            end = file.read().decode()
        return {
            "root": sorted(entry["name"].rpartition("/")[2] for entry in files.ls(root)),
            "glob": len(files.glob(root + "/*/test-*.parquet")),
            "size": files.info(shard)["size"] == len(files.cat(shard)),
            "middle": files.cat_file(shard, start=0, end=4).decode(),
            "end": end,
            "is file": [files.isfile(shard), files.isdir(root + "/pairs"), files.exists(root + "/nothing")],
            "pandas": pandas.read_parquet("hf://" + shard, columns=["n_votes"])["n_votes"].tolist(),
            "arrow": pyarrow.parquet.read_table(shard, filesystem=files, columns=["n_votes"]).num_rows,
        }
    """)

    assert {"README.md", "pairs", "votes", "binarized"} <= set(said.pop("root"))
    assert said.pop("glob") >= 3
    assert said == {
        "size": True,
        "middle": "PAR1",
        "end": "PAR1",
        "is file": [True, True, False],
        "pandas": [3, 2, 2],
        "arrow": 3,
    }


def test_a_download_goes_on_where_its_connection_dropped(server, tmp_path, world):
    with DroppingLine(server.url, after=500_000, times=2) as line:
        client = HubClient(f"{line.url}/hub", tmp_path / "home")
        said = client.run("""
            import hashlib
            from huggingface_hub import hf_hub_download
            shard = "pairs/train-00000-of-00001.parquet"
            for tries in (1, 2, 3):  # older clients leave it to their user to go on
                try:
                    path = hf_hub_download("diptych/geese", shard, repo_type="dataset", revision="v1")
                    return hashlib.sha256(open(path, "rb").read()).hexdigest()
                except Exception:
                    if tries == 3:
                        raise
        """)

        assert line.drops == 2
    assert said == hashlib.sha256(SHARD).hexdigest()


# The lines of diffusers' Diffusion-DPO training script that touch the data, as they are there in effect: the dataset by its
# name alone, raw bytes, and a flip where label_0 is 0. For every split that such a script may be told to take.
DIFFUSION_DPO = """
    from datasets import load_dataset
    from PIL import Image
    def won_in(split):
        train = load_dataset("diptych/birds.dpo", cache_dir=None, split=split)
        won = []
        for row in train:
            pair = [Image.open(io.BytesIO(row[name])).convert("RGB") for name in ("jpg_0", "jpg_1")]
            if row["label_0"] == 0:
                pair.reverse()
            won.append([row["caption"], pair[0].tobytes().hex()[:64]])
        return won
    return {split: won_in(split) for split in ("validation", "train", "validation_unique", "test_unique")}
"""


def test_the_other_repository_serves_scripts_that_name_nothing(hub, campaign):
    preferred = hub.run("""
        from datasets import load_dataset
        rows = [row for split in load_dataset("diptych/birds", "binarized").values() for row in split]
        return {row["prompt"]: row["chosen"].convert("RGB").tobytes().hex()[:64] for row in rows}
    """)

    won_in = hub.run(DIFFUSION_DPO)
    assert {split: len(won) for split, won in won_in.items()} == {
        "validation": 1,
        "train": 2,
        "validation_unique": 1,
        "test_unique": 1,
    }
    assert all(preferred[prompt] == image for won in won_in.values() for prompt, image in won)


def test_the_other_repository_has_revisions_of_its_own(hub, campaign):
    said = hub.run("""
        from datasets import get_dataset_config_names, load_dataset
        from huggingface_hub import HfApi, snapshot_download
        refs = {ref.name: ref.target_commit for ref in HfApi().list_repo_refs("diptych/birds.dpo", repo_type="dataset").tags}
        folder = snapshot_download("diptych/birds.dpo", repo_type="dataset", revision=refs["v1"])
        return {
            "refs": refs,
            "files": sorted(HfApi().list_repo_files("diptych/birds.dpo", repo_type="dataset", revision=refs["v1"])),
            "folder": os.path.basename(folder),
            "rows": [load_dataset("diptych/birds.dpo", split="train", revision=name).num_rows for name in ("v1", refs["v2"])],
            "configs": get_dataset_config_names("diptych/birds.dpo"),
        }
    """)

    assert said["refs"].keys() == {"v1", "v2"}
    assert not set(said["refs"].values()) & set(campaign.releases.values_list("revision", flat=True))
    assert said["files"] == ["README.md", "diffusion_dpo/train-00000-of-00001.parquet"]
    assert said["folder"] == said["refs"]["v1"]
    assert said["rows"] == [2, 2]
    assert said["configs"] == ["diffusion_dpo"]


def test_answers_are_compact_json(hub, campaign, client):
    response = client.get(
        "/hub/api/datasets/diptych/birds/tree/main?recursive=true", headers={"Authorization": f"Bearer {hub.token}"}
    )

    assert b'"type":"file"' in response.content
    assert json.loads(response.content)
