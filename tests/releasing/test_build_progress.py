"""How far a build has come, and that it stops when somebody cancels it."""

from __future__ import annotations

import pytest

from annotator import releasing
from annotator.choices import ReleaseState
from annotator.models import Release, ReleaseShard
from annotator.releasing.build_progress import STAGED_SHARE, WRITTEN_SHARE, Stopped, counter, note, reporter, share_written
from tests.factories import ReleaseFactory
from tests.released import folder_of

# What is released has to be committed: it is read on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_cancelled_release_stops_and_leaves_nothing(campaign, judged):
    release = releasing.create_release(campaign=campaign, by=None)

    def cancel(share: float) -> None:
        if share >= 0.99:
            Release.objects.filter(pk=release.pk).update(state=ReleaseState.CANCELLED)

    releasing.build_release(release_id=release.pk, on_progress=cancel)
    release.refresh_from_db()
    assert (release.state, release.revision) == ("cancelled", None)
    assert list(folder_of(release).parent.iterdir()) == []


def shards_of(release: Release, *sizes: int) -> list[ReleaseShard]:
    return [ReleaseShard.objects.create(release=release, path=str(size), image_bytes=size) for size in sizes]


def test_the_share_written_grows_with_the_bytes_of_images():
    release = ReleaseFactory(state="building")
    small, large = shards_of(release, 100, 300)
    assert share_written(release) == STAGED_SHARE
    ReleaseShard.objects.filter(pk=small.pk).update(bytes_done=100)
    assert share_written(release) == pytest.approx(STAGED_SHARE + (WRITTEN_SHARE - STAGED_SHARE) / 4)
    ReleaseShard.objects.filter(pk=large.pk).update(bytes_done=300)
    assert share_written(release) == pytest.approx(WRITTEN_SHARE)


def test_a_release_without_images_is_written_at_once():
    release = ReleaseFactory(state="building")
    shards_of(release, 0)
    assert share_written(release) == pytest.approx(WRITTEN_SHARE)


def test_a_shard_counts_its_bytes_and_never_more_than_it_has():
    release = ReleaseFactory(state="building")
    shard, _ = shards_of(release, 100, 300)
    seen: list[float] = []
    count = counter(shard, seen.append)
    count(60)
    count(60)
    shard.refresh_from_db()
    assert shard.bytes_done == 100
    whole = WRITTEN_SHARE - STAGED_SHARE
    assert seen == pytest.approx([STAGED_SHARE + whole * 60 / 400, STAGED_SHARE + whole * 100 / 400])


def test_the_caller_hears_of_every_step_and_the_database_now_and_then():
    release = ReleaseFactory(state="building")
    seen: list[float] = []
    report = reporter(release, seen.append)
    for share in (0.1, 0.2, 0.3):
        report(share)
    release.refresh_from_db()
    assert seen == [0.1, 0.2, 0.3]
    assert release.progress == 0.1
    assert release.heard_at is not None


@pytest.mark.parametrize("state", ["cancelled", "failed", "queued"])
def test_a_release_that_is_not_being_built_stops_its_builder(state):
    release = ReleaseFactory(state=state)
    with pytest.raises(Stopped):
        note(release, 0.5, None)
    release.refresh_from_db()
    assert release.progress == 0
