"""Releases built by real workers, which are killed, and by a broker that forgets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import redis
from django import conf
from django.db import connection
from django.utils import timezone

from annotator import releasing, tasks
from annotator.models import Release
from annotator.releasing.lifecycle import busy_shards
from tests.celery_worker import CeleryWorker, database_url
from tests.released import contents, folder_of, make_pair, release_of, vote_all
from tests.releasing.building import building_of, state_of
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def judge(campaign) -> None:
    outcomes = [("aab", "train"), ("bbb", "train"), ("ggx", "validation"), ("xx", "test"), ("a", "test"), ("b", "validation")]
    for number, (choices, split) in enumerate(outcomes):
        vote_all(make_pair(campaign, number, split=split), choices)


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


def assert_same(release: Release, uninterrupted: Release) -> None:
    release.refresh_from_db()
    assert (release.state, release.error, release.revision) == ("ready", "", uninterrupted.revision)
    assert contents(folder_of(release)) == contents(folder_of(uninterrupted))
    wait_until(lambda: not Release.objects.get(pk=release.pk).has_leftovers)
    assert sorted(entry.name for entry in folder_of(release).parent.iterdir()) == ["1", "2"]
