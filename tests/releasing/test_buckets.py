"""Releases in a real S3 store: built, taken up again, cancelled, and served."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import count

import httpx
import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from annotator import releasing
from annotator.choices import COMPACT_CONFIGS
from annotator.lib.storage import FileWriter
from annotator.models import Image
from annotator.releasing.dataset.image_shards import image_path
from tests.factories import CampaignFactory, GuidelineFactory, MemberFactory
from tests.hub.clients import HubClient
from tests.hub.releases import manager_key
from tests.pictures import decoded
from tests.released import make_pair, release_of, vote_all
from tests.s3_server import S3Server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("few_charts")]

BUCKETS = count()


@pytest.fixture(scope="module")
def s3(tmp_path_factory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()


@pytest.fixture
def bucket(s3, settings, tmp_path) -> str:
    """A bucket of the test's own, in which everything is kept, below a folder."""
    name = f"bucket-{next(BUCKETS)}"
    settings.DATA_DIR = tmp_path / "data"
    settings.STORAGES = {**settings.STORAGES, "default": s3.storage(name, "kept")}
    return name


@pytest.fixture
def campaign(bucket):
    campaign = CampaignFactory(slug="scenes", name="Scenes")
    GuidelineFactory(campaign=campaign)
    for number, (choices, split) in enumerate([("aab", "train"), ("bb", "train"), ("ab", "train"), ("a", "test")]):
        vote_all(make_pair(campaign, number, split=split), choices)
    return campaign


def stored(s3: S3Server, bucket: str, folder: str) -> dict[str, bytes]:
    prefix = f"kept/{folder}/"
    return {
        name.removeprefix(prefix): s3.client.get_object(Bucket=bucket, Key=name)["Body"].read()
        for name in s3.names(bucket, prefix)
    }


def test_a_release_is_built_into_a_bucket(s3, bucket, campaign, settings):
    release = release_of(campaign)
    assert (release.state, release.error) == ("ready", "")
    files = stored(s3, bucket, f"releases/{campaign.pk}/1")
    assert {path: hashlib.sha256(data).hexdigest() for path, data in files.items()} == dict(
        release.files.values_list("path", "sha256")
    )
    assert release_of(campaign).revision == release.revision
    assert stored(s3, bucket, "building") == {}
    assert list((settings.DATA_DIR / "building").iterdir()) == []


def test_releases_share_objects(s3, bucket, campaign, settings):
    releases = []
    for number in range(2):
        release = releasing.create_release(campaign=campaign, by=None, configs=COMPACT_CONFIGS)
        releasing.build_release(release_id=release.pk)
        release.refresh_from_db()
        assert (release.state, release.error) == ("ready", "")
        releases.append(release)
        vote_all(campaign.pairs.order_by("pk")[number], "b")
    own = stored(s3, bucket, f"releases/{campaign.pk}/2")
    assert not any(path.startswith(("images/", "pair_info/")) for path in own)
    for file in releases[1].files.all():
        with releasing.open_file(releases[1], file.path) as opened:
            assert hashlib.sha256(opened.read()).hexdigest() == file.sha256
    [shared] = releases[1].files.filter(path=image_path(0))
    assert shared.stored_as == f"releases/{campaign.pk}/1/{image_path(0)}"


def test_a_build_is_taken_up_again_by_a_worker_on_another_machine(s3, bucket, campaign, settings, tmp_path):
    release = releasing.create_release(campaign=campaign, by=None)

    def stop(share: float) -> None:
        if share >= 0.7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        releasing.build_release(release_id=release.pk, on_progress=stop)
    half = stored(s3, bucket, f"releases/{campaign.pk}/1")
    assert any(path.startswith("pairs/") for path in half)
    assert "README.md" not in half
    settings.DATA_DIR = tmp_path / "another machine"
    releasing.build_release(release_id=release.pk)
    release.refresh_from_db()
    assert release.state == "ready"
    assert stored(s3, bucket, f"releases/{campaign.pk}/1").keys() == {*release.files.values_list("path", flat=True)}
    uninterrupted = release_of(campaign)
    assert release.revision == uninterrupted.revision
    assert stored(s3, bucket, "building") == {}


def test_a_cancelled_release_leaves_nothing_in_the_bucket(s3, bucket, campaign):
    release = releasing.create_release(campaign=campaign, by=None)
    for shard_id in releasing.stage_release(release_id=release.pk)[:2]:
        releasing.write_shard(shard_id=shard_id)
    assert stored(s3, bucket, f"releases/{campaign.pk}/1")
    releasing.cancel_release(release=release, by=None)
    releasing.clear_release(release_id=release.pk)
    assert stored(s3, bucket, "releases") == stored(s3, bucket, "building") == {}


def test_an_address_that_holds_something_is_never_written_over(s3, bucket, campaign):
    name = f"kept/releases/{campaign.pk}/1/README.md"
    s3.client.put_object(Bucket=bucket, Key=name, Body=b"Somebody's only copy.")
    release = release_of(campaign)
    assert release.state == "failed"
    assert stored(s3, bucket, f"releases/{campaign.pk}/1") == {"README.md": b"Somebody's only copy."}


def test_a_store_that_is_away_fails_the_release_with_a_sentence(bucket, campaign, s3):
    release = releasing.create_release(campaign=campaign, by=None)
    waiting = releasing.stage_release(release_id=release.pk)
    for name in s3.names(bucket, "kept/images/"):
        s3.client.delete_object(Bucket=bucket, Key=name)
    releasing.write_shard(shard_id=waiting[0])
    release.refresh_from_db()
    assert release.state == "failed"
    assert "is missing from storage" in release.error


@pytest.mark.parametrize("sender", ["app", "store"])
def test_a_shard_is_served_from_the_bucket_or_by_it(live_server, campaign, settings, sender):
    settings.SEND_FILES = sender
    release = release_of(campaign)
    shard = release.files.get(path="pairs/train-00000-of-00001.parquet")
    address = f"{live_server.url}/api/v1/campaigns/{campaign.slug}/releases/1/files/{shard.path}"
    headers = {"Authorization": f"Bearer {manager_key(campaign)}"}
    if sender == "store":
        there = httpx.get(address, headers=headers)
        assert (there.status_code, there.headers["ETag"]) == (302, f'"{shard.sha256}"')
        assert "X-Amz-Signature=" in there.headers["Location"]
        address, headers = there.headers["Location"], {}
    whole, part = httpx.get(address, headers=headers), httpx.get(address, headers={**headers, "Range": "bytes=4-11"})
    assert hashlib.sha256(whole.content).hexdigest() == shard.sha256
    assert (part.status_code, part.content) == (206, whole.content[4:12])


def test_the_hubs_clients_load_it_from_the_bucket(live_server, campaign, settings, tmp_path):
    settings.SEND_FILES = "store"
    release_of(campaign)
    client = HubClient(f"{live_server.url}/hub", tmp_path / "home", manager_key(campaign))
    rows = client.run(
        """
        from datasets import load_dataset
        rows = load_dataset("diptych/scenes", revision="v1", split="train")
        streamed = load_dataset("diptych/scenes", "votes", revision="v1", split="train", streaming=True)
        return [len(rows), rows[0]["image_a"].size, sum(1 for _ in streamed)]
        """
    )
    assert rows[0] == 3
    assert rows[2] == 7
    assert default_storage.exists(f"releases/{campaign.pk}/1/README.md")


def test_a_bucket_has_a_file_when_it_is_whole_and_no_parts_of_an_aborted_one(s3, bucket):
    whole, aborted, empty = FileWriter("uploads/whole"), FileWriter("uploads/aborted"), FileWriter("uploads/empty")
    for _ in range(6):  # more than a part
        whole.write(bytes(1024 * 1024))
        aborted.write(bytes(1024 * 1024))

    whole.close()
    aborted.abort()
    empty.abort()

    assert {name: len(data) for name, data in stored(s3, bucket, "uploads").items()} == {"whole": 6 * 1024 * 1024}
    assert s3.client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


@pytest.mark.parametrize("width", [640, 1280, None])
def test_browsers_are_sent_to_the_bucket_for_an_image_by_a_name_that_says_nothing(client, bucket, campaign, settings, width):
    settings.SEND_FILES = "store"
    image = Image.objects.filter(prompt__campaign=campaign).first()
    client.force_login(MemberFactory(campaign=campaign).user)

    there = client.get(reverse("image", args=[image.public_id, *filter(None, [width])]))

    assert (there.status_code, there.content) == (302, b"")
    assert there.headers["Cache-Control"] == "private, max-age=1800"
    assert image.sha256[:8] not in there.headers["Location"]
    answer = httpx.get(there.headers["Location"])
    assert answer.headers["Content-Type"] == (f"image/{image.format.lower()}" if width is None else "image/webp")
    assert answer.headers["Content-Disposition"] == "inline"
    assert "immutable" in answer.headers["Cache-Control"]
    assert decoded(answer.content).size == (image.width, image.height)
