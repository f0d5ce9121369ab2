from __future__ import annotations

import hashlib
import random
from collections import Counter

import huggingface_hub.constants
import pytest
from django.db import IntegrityError, connection

from annotator.errors import Conflict, Invalid
from annotator.lib.attempts import ATTEMPTS_MAX
from annotator.models import Campaign, HubAccount, Publication
from annotator.releasing import hub_upload
from tests.api.releases import FILES, SHARD, ready_release
from tests.factories import CampaignFactory, ReleaseFactory, UserFactory
from tests.hub.fake_hub import READER, WRITER, FakeHub, running_hub

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning"),  # of the client about itself
]

SHARD_PATH = "pairs/train-00000-of-00001.parquet"


@pytest.fixture
def hub(settings, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)  # other tests forbid the network to it
    with running_hub() as hub:
        settings.HUB_URL = hub.url
        yield hub


@pytest.fixture
def campaign(storage_folder) -> Campaign:
    campaign = CampaignFactory(slug="birds")
    ready_release(campaign, storage_folder)
    save(campaign)
    return campaign


def save(campaign, token=WRITER, repository="flowers/birds", is_private=True) -> HubAccount:
    return hub_upload.save_account(campaign=campaign, repository=repository, is_private=is_private, token=token, by=UserFactory())


def published(campaign, number=1) -> Publication:
    publication = hub_upload.create_publication(release=campaign.releases.get(number=number), by=None)
    hub_upload.publish(publication_id=publication.pk)
    publication.refresh_from_db()
    return publication


def test_a_release_becomes_a_commit_with_a_tag(hub: FakeHub, campaign):
    publication = published(campaign)

    repo = hub.repos["flowers/birds"]
    assert (publication.state, publication.progress, publication.error) == ("done", 1.0, "")
    assert publication.finished_at is not None
    assert repo.is_private
    assert repo.tags == {"v1": publication.commit}
    assert repo.at("v1").title == "Release 1"
    assert {path: data for path, data in repo.at("v1").files.items() if path != ".gitattributes"} == FILES
    assert repo.at("v1").large == {SHARD_PATH}


def test_it_is_public_where_that_is_wanted(hub, campaign):
    save(campaign, is_private=False)

    published(campaign)

    assert not hub.repos["flowers/birds"].is_private


def test_publishing_again_changes_nothing(hub, campaign):
    first = published(campaign)
    commits = len(hub.repos["flowers/birds"].commits)

    assert published(campaign).commit == first.commit
    assert (len(hub.repos["flowers/birds"].commits), len(hub.uploads)) == (commits, 1)


def test_a_finished_publication_is_left_alone(hub, campaign):
    publication = published(campaign)
    asked = len(hub.asked)

    hub_upload.publish(publication_id=publication.pk)

    assert len(hub.asked) == asked


def test_it_goes_on_after_a_failure_and_sends_nothing_twice(hub, campaign, storage_folder):
    data = SHARD[::-1]
    release = ready_release(campaign, storage_folder, number=2)
    (storage_folder / "releases" / str(campaign.pk) / "2" / "votes").mkdir()
    (storage_folder / "releases" / str(campaign.pk) / "2" / "votes" / "train-00000-of-00001.parquet").write_bytes(data)
    oid = hashlib.sha256(data).hexdigest()
    release.files.create(path="votes/train-00000-of-00001.parquet", size=len(data), sha256=oid)
    hub.refuse = lambda method, path: 400 if path == f"/large/{oid}" else None

    failed = published(campaign, 2)
    assert failed.state == "failed"
    assert "The Hub answered with status 400" in failed.error
    assert 0 < failed.progress < 1
    assert len(hub.repos["flowers/birds"].commits) == 1  # all or nothing

    hub.refuse = lambda method, path: None
    assert published(campaign, 2).state == "done"
    assert Counter(hub.uploads) == {hashlib.sha256(SHARD).hexdigest(): 1, oid: 1}


def test_a_hub_that_keeps_chunks_is_sent_only_what_is_new(hub, campaign, storage_folder, tmp_path):
    hub.xet = tmp_path / "chunks"

    def stored() -> int:
        return sum(file.stat().st_size for file in hub.xet.rglob("*") if file.is_file())

    data = random.Random(1).randbytes(4_000_000)
    sizes = []
    for number, shard in enumerate([data, data[:2_000_000] + b"one vote more" + data[2_000_000:]], start=2):
        release = ready_release(campaign, storage_folder, number=number)
        (storage_folder / f"releases/{campaign.pk}/{number}/images").mkdir()
        (storage_folder / f"releases/{campaign.pk}/{number}/images/train-00000.parquet").write_bytes(shard)
        release.files.create(path="images/train-00000.parquet", size=len(shard), sha256=hashlib.sha256(shard).hexdigest())
        publication = published(campaign, number)
        assert (publication.state, publication.error, publication.progress) == ("done", "", 1.0)
        sizes.append(stored())
    assert hub.uploads == []
    assert hub.repos["flowers/birds"].at("v3").files["README.md"] == FILES["README.md"]
    assert sizes[0] > len(data)
    assert sizes[1] - sizes[0] < len(data) / 10


def test_a_commit_without_its_tag_gets_it(hub, campaign):
    """As a worker leaves it that was killed between the two."""
    hub.refuse = lambda method, path: 400 if "/tag/" in path else None
    assert published(campaign).state == "failed"
    hub.refuse = lambda method, path: None

    publication = published(campaign)

    repo = hub.repos["flowers/birds"]
    assert (len(repo.commits), repo.tags) == (2, {"v1": publication.commit})


def test_shards_of_an_earlier_release_go_and_what_others_put_there_stays(hub, campaign, storage_folder):
    published(campaign)
    last = hub.repos["flowers/birds"].commits[-1]
    last.files |= {"LICENSE": b"ours", "pairs/train-00000-of-00002.parquet": b"old"}
    last.large.add("pairs/train-00000-of-00002.parquet")
    ready_release(campaign, storage_folder, number=2)

    publication = published(campaign, 2)

    assert publication.state == "done", publication.error
    assert hub.repos["flowers/birds"].at("v2").files.keys() == {*FILES, ".gitattributes", "LICENSE"}


def test_a_tag_on_other_files_is_not_moved(hub, campaign):
    published(campaign)
    repo = hub.repos["flowers/birds"]
    repo.at("v1").files[SHARD_PATH] = b"other"

    publication = published(campaign)

    assert (publication.state, len(repo.commits)) == ("failed", 2)
    assert "already has a tag v1 with other files" in publication.error


def test_a_file_that_changed_in_storage_is_not_sent(hub, campaign, storage_folder):
    (storage_folder / "releases" / str(campaign.pk) / "1" / SHARD_PATH).write_bytes(b"other")

    publication = published(campaign)

    assert (publication.state, hub.uploads) == ("failed", [])
    assert f"{SHARD_PATH} in storage differs from the release" in publication.error


@pytest.mark.parametrize(
    ("token", "words"),
    [("hf_unknownunknownunknown", "does not accept the token"), (READER, "cannot write to flowers/birds")],
)
def test_a_token_that_is_not_enough_is_said_to_be(hub, campaign, token, words):
    save(campaign, token=token)

    publication = published(campaign)

    assert publication.state == "failed"
    assert words in publication.error
    assert token not in publication.error


def test_a_hub_that_is_away_is_said_to_be(campaign, settings):
    settings.HUB_URL = "http://127.0.0.1:9"

    publication = published(campaign)

    assert (publication.state, "could not be reached" in publication.error) == ("failed", True)


def test_another_secret_key_is_told_from_a_wrong_token(hub, campaign, settings):
    settings.SECRET_KEY = "another"

    publication = published(campaign)

    assert "SECRET_KEY has changed since it was entered. Enter the token again." in publication.error
    save(campaign)
    assert published(campaign).state == "done"


def test_the_token_is_nowhere_to_be_read(hub, campaign, caplog):
    published(campaign)

    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(account)::text FROM annotator_hubaccount account")
        [(row,)] = cursor.fetchall()
    assert WRITER not in row
    assert WRITER not in caplog.text
    assert HubAccount.objects.get().token_hint == WRITER[-4:]


def test_the_same_token_is_never_encrypted_the_same(campaign):
    first = HubAccount.objects.get().encrypted_token
    assert save(campaign).encrypted_token != first


def test_no_token_leaves_the_one_there_is(hub, campaign):
    save(campaign, token="", repository="flowers/other")

    assert published(campaign).state == "done"
    assert "flowers/other" in hub.repos


@pytest.mark.parametrize(
    "repository", ["", "birds", "a/b/c", "/birds", "flowers/", "a b/c", "a--b/c", "a/b..c", "a/b.git", "é/b"]
)
def test_a_repository_has_an_owner_and_a_name(campaign, repository):
    with pytest.raises(Invalid) as error:
        save(campaign, repository=repository)

    assert error.value.errors.keys() == {"repository"}


@pytest.mark.parametrize("token", ["two words", "hf_ü", "x" * 501, "line\nline"])
def test_nonsense_is_no_token(campaign, token):
    with pytest.raises(Invalid) as error:
        save(campaign, token=token)

    assert error.value.errors.keys() == {"token"}


def test_the_first_time_takes_a_token():
    with pytest.raises(Invalid) as error:
        save(CampaignFactory(), token=" ")

    assert error.value.errors.keys() == {"token"}


def test_nothing_is_published_without_an_account(campaign):
    hub_upload.forget_account(campaign=campaign, by=None)

    with pytest.raises(Conflict, match="Set up publishing first"):
        published(campaign)


def test_only_a_ready_release_is_published(campaign):
    ReleaseFactory(campaign=campaign, number=2, state="building")

    with pytest.raises(Conflict, match="Its state is building"):
        published(campaign, 2)


def test_a_release_is_published_once_at_a_time(campaign):
    release = campaign.releases.get()
    hub_upload.create_publication(release=release, by=None)

    with pytest.raises(Conflict, match="already"):
        hub_upload.create_publication(release=release, by=None)
    with pytest.raises(IntegrityError, match="publication_one_at_a_time_per_release"):
        Publication.objects.create(release=release, repository="a/b")


def test_what_is_done_has_a_commit(campaign):
    with pytest.raises(IntegrityError, match="publication_done_has_commit"):
        Publication.objects.create(release=campaign.releases.get(), repository="a/b", state="done")


def test_what_was_cut_off_is_taken_up_again(hub, campaign):
    publication = hub_upload.create_publication(release=campaign.releases.get(), by=None)
    Publication.objects.update(state="publishing", progress=0.5)

    assert hub_upload.unfinished_publications() == [publication]
    hub_upload.publish(publication_id=publication.pk)

    assert hub_upload.unfinished_publications() == []
    publication.refresh_from_db()
    assert publication.state == "done"


def test_what_stops_its_workers_three_times_is_given_up_with_a_reason(hub, campaign):
    publication = hub_upload.create_publication(release=campaign.releases.get(), by=None)
    Publication.objects.update(state="publishing", attempts=ATTEMPTS_MAX)
    hub_upload.publish(publication_id=publication.pk)
    publication.refresh_from_db()
    assert (publication.state, publication.error) == ("failed", hub_upload.GIVEN_UP)
    assert "flowers/birds" not in hub.repos
    again = published(campaign)
    assert (again.state, again.attempts) == ("done", 1)


def test_a_token_is_checked_before_anything_is_sent(hub, campaign, settings):
    assert hub_upload.check_token(campaign=campaign) == ("rose", True)
    save(campaign, token=READER)
    assert hub_upload.check_token(campaign=campaign) == ("rose", False)
    save(campaign, token="hf_unknownunknownunknown")
    with pytest.raises(Conflict, match="does not accept the token"):
        hub_upload.check_token(campaign=campaign)
    settings.HUB_URL = "http://127.0.0.1:9"
    with pytest.raises(Conflict, match="could not be reached"):
        hub_upload.check_token(campaign=campaign)
