"""Releases are asked for, cancelled, looked after and cleared away, and one process builds one."""

from __future__ import annotations

import json
import os
import threading
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import connections
from django.utils import timezone

from annotator import releasing, tasks
from annotator.errors import Conflict
from annotator.models import Release, ReleaseFile
from tests.factories import CampaignFactory, MemberFactory, ReleaseFactory, UserFactory
from tests.released import contents, folder_of, release_of
from tests.releasing.building import state_of

# What is released has to be committed: it is read on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


# --- asking for one


def test_releases_are_numbered_one_after_the_other(campaign):
    other = CampaignFactory()
    user = MemberFactory(campaign=campaign).user
    numbers = [releasing.create_release(campaign=each, by=user).number for each in (campaign, campaign, other)]
    assert numbers == [1, 2, 1]
    assert Release.objects.filter(created_by=user, state="queued", revision=None).count() == 3


def test_what_was_being_built_when_a_backup_was_made_is_built_anew_and_the_rest_stays(campaign, judged):
    ready = release_of(campaign)
    release = releasing.create_release(campaign=campaign, by=None)
    releasing.stage_release(release_id=release.pk)
    releasing.local_folder(release).with_name(f".building-{release.number}").rename(folder_of(ready).with_name("away"))

    assert releasing.build_anew() == 1
    releasing.build_release(release_id=release.pk)

    assert [state_of(each) for each in (ready, release)] == ["ready", "ready"]


# --- what can go wrong


def test_a_second_builder_leaves_at_once(campaign, judged):
    release = releasing.create_release(campaign=campaign, by=None)
    seen = []

    def build_it_too(share: float) -> None:
        if not seen:
            seen.append(releasing.is_being_built(release))
            thread = threading.Thread(target=second_builder)
            thread.start()
            thread.join()

    def second_builder() -> None:
        try:
            releasing.build_release(release_id=release.pk, on_progress=seen.append)
            seen.append(Release.objects.get(pk=release.pk).state)
        finally:
            connections.close_all()

    releasing.build_release(release_id=release.pk, on_progress=build_it_too)
    assert seen == [True, "building"]
    assert not releasing.is_being_built(release)
    release.refresh_from_db()
    assert release.state == "ready"


# --- who is sent again


def test_only_what_nothing_is_heard_of_is_sent_again(campaign):
    long_ago = timezone.now() - timedelta(minutes=5)
    silent = ReleaseFactory(campaign=campaign, state="building", number=1, heard_at=long_ago)
    ReleaseFactory(campaign=campaign, state="building", number=2, heard_at=timezone.now())
    ReleaseFactory(campaign=campaign, state="queued", number=3)
    ReleaseFactory(campaign=campaign, state="cancelled", number=4, heard_at=long_ago)
    assert releasing.stalled_releases(quiet_since=timezone.now() - tasks.STALLED_AFTER) == [silent]


# --- cancelling


def test_a_release_that_waits_or_is_built_can_be_cancelled_and_leaves_nothing(campaign, judged):
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


def test_a_finished_release_cannot_be_cancelled(campaign, judged):
    release = release_of(campaign)
    with pytest.raises(Conflict):
        releasing.cancel_release(release=release, by=None)
    assert state_of(release) == "ready"


# --- what is kept


def test_a_published_release_is_never_touched_again(campaign, judged):
    release = release_of(campaign)
    before = contents(folder_of(release))
    Release.objects.filter(pk=release.pk).update(has_leftovers=True)
    releasing.clear_release(release_id=release.pk)
    releasing.finish_release(release_id=release.pk)
    assert contents(folder_of(release)) == before
    assert ReleaseFile.objects.filter(release=release).count() == len(before)
    assert default_storage.exists(f"releases/{campaign.pk}/{release.number}/README.md")
    assert json.dumps(os.listdir(folder_of(release).parent)) == '["1"]'
