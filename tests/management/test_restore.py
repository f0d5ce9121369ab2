"""`manage.py backup` and `manage.py restore`: an installation moves to an empty one, and people go on as if nothing was."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from annotator.choices import AssignmentState
from annotator.errors import Conflict
from annotator.feeds.vote_feed import page_of_votes, read_cursor
from annotator.judging.assigning import QUEUE_TARGET
from annotator.lib.public_ids import ASSIGNMENTS, MEMBERS
from annotator.models import Assignment, Campaign, CampaignProgress, Consensus, Member, Pair, Release, User, Vote
from annotator.scoring.consensus_writer import score_campaign
from tests.celery_worker import database_url
from tests.factories import CampaignFactory, MemberFactory, PairFactory, ReleaseFactory, UserFactory
from tests.object_store import ObjectStore
from tests.released import contents, make_pair, release_of, vote_all
from tests.views.annotate.pages import HTMX, cards_in, open_page, page_of, queue_state_of, vote

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def empty_installation(settings, folder: Path) -> Iterator[None]:
    """Another database and another storage folder, in place of those of the test."""
    own, storages = connection.settings_dict["NAME"], settings.STORAGES
    name = f"{own}_restored"
    drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
    with psycopg.connect(database_url(), autocommit=True) as tests:
        tests.execute(drop)
        tests.execute(f"CREATE DATABASE {name}")
        options = {"location": str(folder), "allow_overwrite": True}
        settings.STORAGES = {**storages, "default": {**storages["default"], "OPTIONS": options}}
        connection.close()
        connection.settings_dict["NAME"] = name
        cache.clear()  # the new one has a Valkey of its own
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = own
            settings.STORAGES = storages
            tests.execute(drop)


def backup(target: Path, *options: str) -> tuple[Path, str]:
    output = StringIO()
    call_command("backup", str(target), *options, stdout=output)
    return (max(target.glob("*.tar")) if target.is_dir() else target), output.getvalue()


def restore(file: Path, *options: str) -> str:
    output = StringIO()
    call_command("restore", str(file), *options, stdout=output)
    return output.getvalue()


def tables() -> dict[str, list[str]]:
    """All rows of the tables of people and their work."""
    found = {}
    with connection.cursor() as cursor:
        for model in (User, Campaign, CampaignProgress, Pair, Member, Vote, Consensus, Release):
            cursor.execute(f"SELECT ROW(t.*)::text FROM {model._meta.db_table} t ORDER BY 1")
            found[model.__name__] = [row for (row,) in cursor.fetchall()]
    return found


def consensus() -> list[tuple]:
    return list(Consensus.objects.order_by("pair", "question").values_list("pair", "label", "n_a", "n_b", "confidence"))


def test_people_go_on_where_they_were_after_a_restore(settings, storage_folder, tmp_path):
    campaign = CampaignFactory(slug="scenes", votes_wanted=5, undo_votes=0)
    for number, choices in enumerate(["aab", "bb", "ab"]):
        vote_all(make_pair(campaign, number), choices)
    ready = release_of(campaign)
    unfinished = ReleaseFactory(campaign=campaign, number=2, state="building")
    (storage_folder / "releases" / str(campaign.pk) / "2").mkdir()
    (storage_folder / "releases" / str(campaign.pk) / "2" / "half").write_text("half")
    PairFactory.create_batch(QUEUE_TARGET + 8, campaign=campaign)
    browser, member = Client(), MemberFactory(campaign=campaign)
    browser.force_login(member.user)
    answered = open_page(browser, member)
    shown = cards_in(vote(browser, answered, "a").content.decode())
    score_campaign(campaign=campaign)
    rows, files, scores = tables(), contents(storage_folder), consensus()
    file, said = backup(tmp_path)
    assert "Files: " in said
    # What happens after the backup is lost: an answer, and a vote that a follower has read.
    lost = Assignment.objects.get(pk=shown[0])
    vote(browser, lost, "b")
    given_later = Assignment.objects.create(
        member=member, campaign=campaign, pair=Pair.objects.last(), a_on_left=True, lease_expires_at=lost.lease_expires_at
    )
    cursor = page_of_votes(campaign=campaign, position=None, since=None, size=100).position

    with empty_installation(settings, tmp_path / "new"):
        restore(file)

        restored = tables()
        assert {name: restored[name] for name in rows if name != "Release"} == {n: rows[n] for n in rows if n != "Release"}
        kept = {name: data for name, data in files.items() if "/2/half" not in name}
        assert contents(tmp_path / "new") == kept
        # Releases: the finished one is as it was, the other one begins again.
        assert Release.objects.get(pk=ready.pk).revision == ready.revision
        assert (Release.objects.get(pk=unfinished.pk).state, Release.objects.get(pk=unfinished.pk).shards.count()) == (
            "queued",
            0,
        )
        # Scores are those that all votes give.
        call_command("score_campaign", "--all", stdout=StringIO())
        assert consensus() == scores
        # The feed: what was read up to then may be gone, so a follower begins again, and misses nothing.
        with pytest.raises(Conflict, match="restored or moved"):
            read_cursor(str(cursor))
        page = page_of_votes(campaign=campaign, position=None, since=None, size=100)
        assert {row["vote_id"] for row in page.votes} == set(Vote.objects.values_list("pk", flat=True))
        # The page that was open: same log-in. What it had not sent yet is accepted, and once.
        again = [
            vote(
                browser,
                lost,
                "b",
                have=f"{ASSIGNMENTS.show(lost.pk)},{ASSIGNMENTS.show(given_later.pk)}",
                member=MEMBERS.show(member.pk),
            )
            for _ in range(2)
        ]
        assert [response.status_code for response in again] == [200, 200]
        assert Vote.objects.filter(assignment=lost.pk).count() == 1
        assert Member.objects.get(pk=member.pk).answered_count == 2
        # An answer to what was given out after the backup is refused with the queue, and the page goes on.
        response = vote(browser, given_later, "a", have=str(ASSIGNMENTS.show(given_later.pk)), member=MEMBERS.show(member.pk))
        assert (response.status_code, response.headers["HX-Retarget"]) == (404, "#cards")
        queue, _ = queue_state_of(response.content.decode())
        assert queue
        assert given_later.pk not in queue
        # Its number is never given to another pair.
        fresh = cards_in(browser.get(page_of(member), headers=HTMX).content.decode())
        assert fresh
        assert Assignment.objects.filter(state=AssignmentState.OPEN, pk__gte=given_later.pk, pk__lt=10**9).count() == 0
        assert MemberFactory(campaign=Campaign.objects.get()).pk > 10**9
        # It is an installation like any other now.
        with pytest.raises(CommandError, match="This installation is not empty: it has "):
            restore(file)


@pytest.fixture
def saved(storage_folder, tmp_path) -> Path:
    """A backup of a small installation, with its SECRET_KEY."""
    UserFactory(username="ada")
    (storage_folder / "images").mkdir(parents=True)
    (storage_folder / "images" / "one").write_bytes(b"pixels" * 200_000)
    return backup(tmp_path / "b.tar", "--with-secret-key")[0]


def is_empty(folder: Path) -> bool:
    return not connection.introspection.table_names() and not contents(folder)


def test_a_damaged_backup_is_refused_and_a_whole_one_can_be_restored_then(settings, saved, tmp_path):
    data = bytearray(saved.read_bytes())
    data[data.index(b"pixels") + 1000] ^= 1
    (tmp_path / "damaged.tar").write_bytes(data)

    with empty_installation(settings, tmp_path / "new"):
        with pytest.raises(CommandError, match="storage/images/one does not have the checksum"):
            restore(tmp_path / "damaged.tar")
        assert is_empty(tmp_path / "new")

        assert "Database and files are restored." in restore(saved)
        assert User.objects.get().username == "ada"


def test_a_restore_that_was_stopped_is_cleared_away_by_the_next(settings, saved, tmp_path):
    with empty_installation(settings, tmp_path / "new"):
        restore(saved)
        User.objects.all().delete()  # tables without rows, as those of a site that was started once
        (tmp_path / "new" / "images" / "one").rename(tmp_path / "new" / "images" / "half")
        with pytest.raises(CommandError, match="Storage is not empty: it has images/half"):
            restore(saved)

        (tmp_path / "new" / ".restoring").write_text("")
        restore(saved)

        assert list(contents(tmp_path / "new")) == ["images/one"]
        assert User.objects.get().username == "ada"


def test_files_are_restored_to_a_bucket(settings, saved, tmp_path):
    with empty_installation(settings, tmp_path / "bucket"):
        with pytest.raises(CommandError, match="no tables of Diptych, so there is nothing to back up"):
            backup(tmp_path / "none.tar")
        options = {"location": str(tmp_path / "bucket")}
        bucket = {"BACKEND": f"{ObjectStore.__module__}.ObjectStore", "OPTIONS": options}
        settings.STORAGES = {**settings.STORAGES, "default": bucket}
        restore(saved)

    assert list(contents(tmp_path / "bucket")) == ["images/one"]


@contextmanager
def disk_without_room(size: int = 700_000) -> Iterator[None]:
    """This process can write no larger file, and is refused as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_without_room_is_named_and_nothing_is_left(settings, saved, tmp_path):
    (tmp_path / "out").mkdir()
    with disk_without_room(), pytest.raises(CommandError, match=r"out/diptych-\w+\.tar: File too large\. Nothing was kept\."):
        backup(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []

    with empty_installation(settings, tmp_path / "new"):
        with disk_without_room(), pytest.raises(CommandError, match=r"not restored: File too large\. Nothing of it was kept\."):
            restore(saved)
        assert is_empty(tmp_path / "new")


@pytest.mark.parametrize(("with_key", "options"), [(True, []), (False, ["--new-secret-key"])])
def test_another_secret_key_is_named_first(settings, tmp_path, storage_folder, with_key, options, monkeypatch):
    UserFactory(username="ada")
    old = settings.SECRET_KEY
    saved, said = backup(tmp_path / "b.tar", *(["--with-secret-key"] if with_key else []))
    assert ("It contains SECRET_KEY" if with_key else "It does not contain SECRET_KEY") in said
    settings.SECRET_KEY = "another one"
    settings.DATA_DIR = tmp_path
    monkeypatch.delenv("SECRET_KEY", raising=False)
    with empty_installation(settings, tmp_path / "new"):
        if not with_key:
            with pytest.raises(CommandError, match=r"SECRET_KEY is not the one of the backup.* or add --new-secret-key"):
                restore(saved)
            assert is_empty(tmp_path / "new")

        said = restore(saved, *options)

        assert ("SECRET_KEY of the backup is in" if with_key else "SECRET_KEY is new") in said
        assert User.objects.get().username == "ada"
    if with_key:
        assert (tmp_path / "secret_key").read_text() == old
        assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
