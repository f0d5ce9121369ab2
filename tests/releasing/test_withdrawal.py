"""Releases that are yanked, and those that hold votes of people who withdrew."""

from __future__ import annotations

import pytest

from annotator import releasing
from annotator.choices import COMPACT_CONFIGS
from annotator.errors import Conflict, Invalid, NotFound
from annotator.models import Member
from annotator.releasing import withdrawal
from tests.hub.protocol import assert_error, with_key
from tests.hub.releases import manager_key
from tests.released import folder_of, release_of, rows_of

# What is released has to be committed: it is read on a connection of its own.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("few_charts")]


HUB = "/hub/api/datasets/diptych/scenes"


def test_a_yanked_release_is_gone_for_everybody_and_says_why(campaign, judged):
    first, second = release_of(campaign), release_of(campaign)
    shared = rows_of(second, "votes")
    withdrawal.yank_release(release=first, reason="The guideline was wrong.", by=None)
    first.refresh_from_db()
    with pytest.raises(NotFound):
        releasing.open_file(first, "README.md")
    releasing.clear_release(release_id=first.pk)
    assert not folder_of(first).exists()
    assert rows_of(second, "votes") == shared
    assert first.files.exists()
    reader = with_key(manager_key(campaign))
    gone = reader.get(HUB + "/revision/v1")
    assert_error(gone, 404, "RevisionNotFound")
    assert gone["X-Error-Message"] == "Release 1 was yanked. The guideline was wrong."
    assert reader.get(HUB + "/revision/main").json()["sha"] == second.revision
    withdrawal.yank_release(release=second, reason="This one too.", by=None)
    assert_error(reader.get(HUB), 404, "RevisionNotFound")
    with pytest.raises(Conflict, match="yanked"):
        withdrawal.yank_release(release=first, reason="Again.", by=None)


def test_it_takes_a_reason(campaign, judged):
    release = release_of(campaign)
    for reason in (" ", "x" * 501):
        with pytest.raises(Invalid):
            withdrawal.yank_release(release=release, reason=reason, by=None)


def test_releases_with_votes_of_somebody_who_withdrew_are_found_and_built_again_without_them(campaign, judged):
    usual = release_of(campaign)
    compact = releasing.create_release(campaign=campaign, by=None, configs=COMPACT_CONFIGS)
    releasing.build_release(release_id=compact.pk)
    assert list(withdrawal.holding_withdrawn(campaign)) == []
    with pytest.raises(Conflict):
        withdrawal.rebuild_without_withdrawn(campaign=campaign, by=None)
    somebody = Member.objects.filter(campaign=campaign, votes__isnull=False).order_by("pk").first()
    votes = rows_of(usual, "votes")
    Member.objects.filter(pk=somebody.pk).update(state="withdrawn")
    assert [(release.number, release.withdrawn) for release in withdrawal.holding_withdrawn(campaign)] == [(2, 1), (1, 1)]
    new, yanked = withdrawal.rebuild_without_withdrawn(campaign=campaign, by=None)
    assert [release.number for release in yanked] == [1, 2]
    releasing.build_release(release_id=new.pk)
    for release in yanked:
        releasing.clear_release(release_id=release.pk)
        release.refresh_from_db()
        assert (release.state, release.replaced_by, release.yank_reason) == ("yanked", new, withdrawal.SOMEBODY_WITHDREW)
        assert not folder_of(release).exists()
    new.refresh_from_db()
    assert (new.state, new.configs) == ("ready", list(compact.configs))
    theirs = str(somebody.public_id)
    assert [row["vote_id"] for row in rows_of(new, "votes")] == [row["vote_id"] for row in votes if row["annotator_id"] != theirs]
    assert list(withdrawal.holding_withdrawn(campaign)) == []
