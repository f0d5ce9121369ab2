"""Releases built by real workers, which are killed, and by a broker that forgets."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
import redis
from django import conf
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from annotator import releasing, tasks
from annotator.errors import Conflict
from annotator.models import Release, ReleaseFile, ReleaseShard
from annotator.releasing.build_steps import ERRORS_MAX, TRIES_MAX
from annotator.releasing.lifecycle import busy_shards
from tests.celery_worker import CeleryWorker, database_url
from tests.factories import CampaignFactory, GuidelineFactory, ReleaseFactory, UserFactory
from tests.released import contents, folder_of, make_pair, release_of, vote_all
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def campaign():
    campaign = CampaignFactory(slug="scenes", name="Scenes")
    GuidelineFactory(campaign=campaign)
    return campaign


def judge(campaign) -> None:
    outcomes = [("aab", "train"), ("bbb", "train"), ("ggx", "validation"), ("xx", "test"), ("a", "test"), ("b", "validation")]
    for number, (choices, split) in enumerate(outcomes):
        vote_all(make_pair(campaign, number, split=split), choices)


def building_of(release: Release):
    return folder_of(release).with_name(f".building-{release.number}")


# --- workers that are killed


@pytest.fixture
def workers(tmp_path, settings, transactional_db) -> Iterator:
    """Starts workers on a storage folder that is this test's own too. Those that are left are killed at the end."""
    started: list[CeleryWorker] = []
    folder = tmp_path / "workers"
    folder.mkdir()
    store = {**settings.STORAGES["default"], "OPTIONS": {"location": str(folder / "storage"), "allow_overwrite": True}}
    settings.STORAGES = {**settings.STORAGES, "default": store}
    forget_the_broker()

    def start() -> CeleryWorker:
        started.append(CeleryWorker(folder, name=f"release-{len(started)}"))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.stop()
    forget_the_broker()


def forget_the_broker() -> None:
    """As when Redis is wiped: what waited, and what was handed out and not acknowledged."""
    with redis.Redis.from_url(conf.settings.CACHES["default"]["LOCATION"]) as broker:
        broker.flushdb()


@contextmanager
def held(statement: str) -> Iterator[None]:
    """Locks of a session of its own, so that whoever comes there waits."""
    with psycopg.connect(database_url()) as other:
        other.execute(statement)
        yield
        other.rollback()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            " AND pid <> pg_backend_pid()"
        )
        return bool(cursor.fetchone()[0])


def wait_for_death(release: Release) -> None:
    """Postgres learns of it, and gives up the locks, once the statement that waited is over."""
    wait_until(lambda: not somebody_waits() and not releasing.is_being_built(release), why="the locks of the killed worker")


PLACES = {
    "as it reads the votes": "LOCK TABLE annotator_vote IN ACCESS EXCLUSIVE MODE",
    "as it writes down its plan": "LOCK TABLE annotator_releaseshard IN SHARE MODE",
    "as it says that the files are at their address": "LOCK TABLE annotator_releasefile IN SHARE MODE",
}


@pytest.mark.worker
@pytest.mark.faults
@pytest.mark.parametrize("place", PLACES)
def test_a_worker_killed_anywhere_costs_a_release_nothing(workers, campaign, place):
    judge(campaign)
    uninterrupted = release_of(campaign)
    release = releasing.create_release(campaign=campaign, by=None)
    first = workers()
    with held(PLACES[place]):
        tasks.enqueue(tasks.build_release, release.pk)
        wait_until(somebody_waits, seconds=60, why=f"the worker; its log is {first.log}")
        first.stop()  # by SIGKILL, with the processes of its pool
    wait_for_death(release)
    release.refresh_from_db()
    assert (release.state, release.revision) == ("building", None)
    assert not release.files.exists()

    forget_the_broker()
    workers()
    resume(release)

    wait_until(lambda: state_of(release) != "building", seconds=60)
    assert_same(release, uninterrupted)


@pytest.mark.worker
def test_a_worker_killed_among_the_shards_leaves_those_that_are_written(workers, campaign):
    judge(campaign)
    uninterrupted = release_of(campaign)
    release = releasing.create_release(campaign=campaign, by=None)
    waiting = releasing.stage_release(release_id=release.pk)
    in_the_middle = waiting[len(waiting) // 2]
    first = workers()
    with held(f"SELECT FROM annotator_releaseshard WHERE id = {in_the_middle} FOR UPDATE"):
        for shard_id in waiting:
            tasks.enqueue(tasks.write_shard, shard_id)
        wait_until(lambda: busy_shards(release) == {in_the_middle} and somebody_waits(), seconds=60, why="the worker")
        first.stop()  # by SIGKILL, with the processes of its pool
    wait_for_death(release)
    finished = release.shards.filter(pk__in=waiting, finished_at__isnull=False)
    written = {shard.path: (building_of(release) / "files" / shard.path).stat().st_ino for shard in finished}
    assert len(written) == waiting.index(in_the_middle)
    assert not folder_of(release).exists()

    forget_the_broker()
    workers()
    workers()  # who share what is left
    resume(release)

    wait_until(lambda: state_of(release) != "building", seconds=60)
    assert_same(release, uninterrupted)
    assert {path: (folder_of(release) / path).stat().st_ino for path in written} == written  # not written again


def resume(release: Release) -> None:
    """As the beat does a minute after the last sign of life."""
    Release.objects.filter(pk=release.pk).update(heard_at=timezone.now() - 2 * tasks.STALLED_AFTER)
    tasks.enqueue(tasks.resume_releases)


def state_of(release: Release) -> str:
    return Release.objects.values_list("state", flat=True).get(pk=release.pk)


def assert_same(release: Release, uninterrupted: Release) -> None:
    release.refresh_from_db()
    assert (release.state, release.error, release.revision) == ("ready", "", uninterrupted.revision)
    assert contents(folder_of(release)) == contents(folder_of(uninterrupted))
    wait_until(lambda: not Release.objects.get(pk=release.pk).has_leftovers)
    assert sorted(entry.name for entry in folder_of(release).parent.iterdir()) == ["1", "2"]


# --- who is sent again


def test_only_what_nothing_is_heard_of_is_sent_again(campaign):
    long_ago = timezone.now() - timedelta(minutes=5)
    silent = ReleaseFactory(campaign=campaign, state="building", number=1, heard_at=long_ago)
    ReleaseFactory(campaign=campaign, state="building", number=2, heard_at=timezone.now())
    ReleaseFactory(campaign=campaign, state="queued", number=3)
    ReleaseFactory(campaign=campaign, state="cancelled", number=4, heard_at=long_ago)
    assert releasing.stalled_releases(quiet_since=timezone.now() - tasks.STALLED_AFTER) == [silent]


def test_a_shard_is_written_once(campaign):
    judge(campaign)
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


# --- cancelling


def test_a_release_that_waits_or_is_built_can_be_cancelled_and_leaves_nothing(campaign):
    judge(campaign)
    by = UserFactory()
    release = releasing.create_release(campaign=campaign, by=None)
    first, second, *_ = releasing.stage_release(release_id=release.pk)
    releasing.write_shard(shard_id=first)

    cancelled = releasing.cancel_release(release=release, by=by)

    assert (cancelled.state, cancelled.cancelled_by, cancelled.finished_at is not None) == ("cancelled", by, True)
    assert releasing.write_shard(shard_id=second) is None
    releasing.finish_release(release_id=release.pk)
    assert releasing.left_behind() == [release]
    releasing.clear_release(release_id=release.pk)
    assert releasing.left_behind() == []
    assert list(folder_of(release).parent.iterdir()) == []
    with pytest.raises(Conflict, match="can no longer be cancelled"):
        releasing.cancel_release(release=release, by=by)


def test_a_finished_release_cannot_be_cancelled(campaign):
    judge(campaign)
    release = release_of(campaign)
    with pytest.raises(Conflict):
        releasing.cancel_release(release=release, by=None)
    assert state_of(release) == "ready"


# --- errors that do not go away


def test_an_error_of_ours_is_tried_again_and_then_ends_the_release_with_a_sentence(campaign):
    judge(campaign)
    release = releasing.create_release(campaign=campaign, by=None)
    for shard_id in releasing.stage_release(release_id=release.pk):
        releasing.write_shard(shard_id=shard_id)
    (building_of(release) / "snapshot.json").write_text('{"facts": {}}')
    for _ in range(ERRORS_MAX - 1):
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


def test_a_step_that_kills_its_workers_is_not_tried_for_ever(campaign):
    judge(campaign)
    release = releasing.create_release(campaign=campaign, by=None)
    shard_id = releasing.stage_release(release_id=release.pk)[0]
    ReleaseShard.objects.filter(pk=shard_id).update(tries=TRIES_MAX)
    releasing.write_shard(shard_id=shard_id)
    release.refresh_from_db()
    assert release.state == "failed"
    assert release.error.startswith(f"Its worker stopped {TRIES_MAX} times while ")
    assert "memory ran out" in release.error


def test_a_plan_that_cannot_be_read_fails_the_release(campaign):
    judge(campaign)
    release = releasing.create_release(campaign=campaign, by=None)
    shard_id = releasing.stage_release(release_id=release.pk)[0]
    (building_of(release) / ReleaseShard.objects.get(pk=shard_id).staged_as).write_bytes(b"half")
    assert releasing.write_shard(shard_id=shard_id) is None
    release.refresh_from_db()
    assert release.state == "failed"


# --- what is kept


def test_a_published_release_is_never_touched_again(campaign):
    judge(campaign)
    release = release_of(campaign)
    before = contents(folder_of(release))
    Release.objects.filter(pk=release.pk).update(has_leftovers=True)
    releasing.clear_release(release_id=release.pk)
    releasing.finish_release(release_id=release.pk)
    assert contents(folder_of(release)) == before
    assert ReleaseFile.objects.filter(release=release).count() == len(before)
    assert default_storage.exists(f"releases/{campaign.pk}/{release.number}/README.md")
    assert json.dumps(os.listdir(folder_of(release).parent)) == '["1"]'
