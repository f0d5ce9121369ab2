"""Campaigns to release, and what is timed of it. Each function of MEASURED runs in a process of its own."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from django.core.files.storage import default_storage
from django.db import connection
from PIL import Image as Pillow

from annotator import releasing
from annotator.campaigns.lifecycle import create_campaign
from annotator.choices import CampaignState
from annotator.importing.images import full_name, ingest_image, store_image
from annotator.models import Campaign, Image, Member, Pair, Prompt, Release, User
from annotator.releasing.dataset.snapshot import snapshot_of
from annotator.releasing.dataset.vote_files import stage_votes
from annotator.releasing.stage import count_all
from benchmarks.support.campaigns import load_campaign, settle_down

VOTES_A_PAIR = 10
ANNOTATORS = 250
SIDE, QUALITY = 512, 90  # of a JPEG of some 60 KB
VARIETY = 40  # different pictures; each file is its own all the same
READ = 1 << 20  # bytes

# Straight into the tables, past the triggers: what is measured only reads them.
_VOTES_SQL_MADE = """
WITH chosen AS (
    SELECT pair.id AS pair_id, k, row_number() OVER (ORDER BY pair.id, k) AS place
    FROM annotator_pair pair, generate_series(0, %(each)s - 1) k WHERE pair.campaign_id = %(campaign)s
), member AS (
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM annotator_member WHERE campaign_id = %(campaign)s
), seats AS (
    INSERT INTO annotator_assignment
        (campaign_id, member_id, pair_id, kind, state, a_on_left, guideline_id, created_at, lease_expires_at, closed_at)
    SELECT %(campaign)s, member.id, chosen.pair_id, 'regular', 'answered', chosen.place %% 2 = 0, NULL, now(), now(), now()
    FROM chosen JOIN member ON member.place = (chosen.pair_id * 7 + chosen.k * 13) %% %(annotators)s
    LIMIT %(votes)s
    RETURNING id, member_id, pair_id
)
INSERT INTO annotator_vote (campaign_id, member_id, assignment_id, question_id, choice, elapsed_ms, created_at)
SELECT %(campaign)s, seats.member_id, seats.id, %(question)s,
       (ARRAY['a', 'b', 'a', 'both_good', 'b', 'both_bad'])[1 + (seats.id * 11 + seats.pair_id) %% 6],
       1500 + seats.id %% 9000, now()
FROM seats
"""


def campaign_with_votes(votes: int) -> Campaign:
    """Made once for a data folder."""
    campaign = load_campaign(votes // VOTES_A_PAIR, settle=False)
    question = campaign.questions.get(position=0)
    if not question.votes.exists():
        users = User.objects.bulk_create(User(username=f"release-{votes}-{n}") for n in range(ANNOTATORS))
        Member.objects.bulk_create(Member(campaign=campaign, user=user) for user in users)
        numbers = {"campaign": campaign.pk, "question": question.pk, "votes": votes, "each": VOTES_A_PAIR}
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(_VOTES_SQL_MADE, {**numbers, "annotators": ANNOTATORS})
            cursor.execute("SET session_replication_role = DEFAULT")
        settle_down()
    assert question.votes.count() == votes
    return campaign


def campaign_with_images(pairs: int, slug: str = "") -> Campaign:
    """Pairs of two files of their own, each with a vote; made once for a data folder and slug."""
    slug = slug or f"bench-release-{pairs}"
    known = Campaign.objects.filter(slug=slug).first()
    if known is not None:
        return known
    campaign = create_campaign(slug=slug, name="Images", by=None, state=CampaignState.OPEN, rules={"data_is_public": True})
    pictures = list(drawn())
    for number in range(pairs):
        prompt = Prompt.objects.create(campaign=campaign, text=f"Scene {number}", text_sha256=f"{number * 7919:064x}")
        images = [stored_image(prompt, pictures[(2 * number + slot) % VARIETY], 2 * number + slot) for slot in (0, 1)]
        Pair.objects.create(campaign=campaign, prompt=prompt, image_a=images[0], image_b=images[1], votes_wanted=1, ring=number)
    member = Member.objects.create(campaign=campaign, user=User.objects.create(username=slug))
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            _VOTES_SQL_MADE,
            {
                "campaign": campaign.pk,
                "question": campaign.questions.get(position=0).pk,
                "votes": pairs,
                "each": 1,
                "annotators": 1,
            },
        )
        cursor.execute("SET session_replication_role = DEFAULT")
    settle_down()
    assert member.assignments.count() == pairs
    return campaign


def drawn() -> Iterator[bytes]:
    """JPEGs of about 60 KB: soft shapes under fine noise."""
    for seed in range(VARIETY):
        rng = np.random.default_rng(seed)
        coarse = Pillow.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8))
        pixels = np.asarray(coarse.resize((SIDE, SIDE), Pillow.Resampling.BICUBIC), dtype=np.int16)
        noisy = (pixels + rng.normal(0, 6, (SIDE, SIDE, 1)).astype(np.int16)).clip(0, 255).astype(np.uint8)
        with tempfile.SpooledTemporaryFile() as file:
            Pillow.fromarray(noisy).save(file, "JPEG", quality=QUALITY)
            file.seek(0)
            yield file.read()


def stored_image(prompt: Prompt, picture: bytes, number: int) -> Image:
    """The picture with a number behind its end, so that no two files are the same."""
    clean = ingest_image(picture) if number < VARIETY else None
    if clean is not None:
        store_image(clean)
    data = picture + number.to_bytes(8, "big")
    sha256 = f"{number + 1:064x}"
    place = Path(default_storage.path(full_name(sha256, "JPEG")))
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return Image.objects.create(
        prompt=prompt, sha256=sha256, format="JPEG", width=SIDE, height=SIDE, byte_size=len(data), seed=number
    )


def image_files(campaign_id: int) -> list[str]:
    rows = Image.objects.filter(prompt__campaign=campaign_id).order_by("pk").values_list("sha256", "format")
    return [default_storage.path(full_name(*row)) for row in rows]


def newest_release(campaign: Campaign) -> Release:
    """One that is ready, built if there is none."""
    release = campaign.releases.filter(state="ready").order_by("-number").first()
    if release is None:
        release = releasing.create_release(campaign=campaign, by=None)
        releasing.build_release(release_id=release.pk)
        release.refresh_from_db()
    return release


def place_of(release: Release, path: str) -> Path:
    return Path(default_storage.path(releasing.stored_name(release, release.files.get(path=path))))


# --- what is measured


@contextmanager
def scratch() -> Iterator[Path]:
    """On the disk that releases are on."""
    folder = Path(default_storage.path("bench"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def timed(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    start, cpu = time.perf_counter(), time.process_time()
    said = work()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1000
    return {"seconds": seconds, "cpu_seconds": cpu, "peak_mb": peak, **said}


def votes(campaign_id: int) -> dict[str, Any]:
    campaign = Campaign.objects.get(pk=campaign_id)

    def work() -> dict[str, Any]:
        with scratch() as folder, snapshot_of(campaign) as snapshot:
            *_, first_votes = count_all(snapshot)
            files, _ = stage_votes(snapshot, first_votes, folder=folder, report=lambda share: None)
            return {"rows": sum(file.rows for file in files)}

    return timed(work)


def copy(campaign_id: int) -> dict[str, Any]:
    """The same rows in binary, read and thrown away."""
    campaign = Campaign.objects.get(pk=campaign_id)
    with snapshot_of(campaign) as snapshot:
        query = snapshot.votes_query().as_string()
    connection.ensure_connection()
    info = connection.connection.info

    def work() -> dict[str, Any]:
        with psycopg.connect(**info.get_parameters(), password=info.password or None) as source, source.cursor() as cursor:
            cursor.execute("SET work_mem = '64MB'")
            with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as stream:
                size = sum(len(block) for block in stream)
            assert size
            return {"rows": cursor.rowcount}

    return timed(work)


def concatenate(campaign_id: int) -> dict[str, Any]:
    files = image_files(campaign_id)

    def work() -> dict[str, Any]:
        with scratch() as folder, (folder / "all").open("wb", buffering=0) as target:
            total = 0
            for file in files:
                with open(file, "rb", buffering=0) as source:
                    total += target.write(source.read())
            os.fsync(target.fileno())
            return {"bytes": total}

    return timed(work)


def pairs(campaign_id: int) -> dict[str, Any]:
    """The shards of the one config that has every image once. Reading the rows is not timed: it was done before."""
    release = releasing.create_release(campaign=Campaign.objects.get(pk=campaign_id), by=None)
    waiting = releasing.stage_release(release_id=release.pk)
    shards = list(release.shards.filter(pk__in=waiting, path__startswith="pairs/"))

    def work() -> dict[str, Any]:
        for shard in shards:
            releasing.write_shard(shard_id=shard.pk)
        return {"bytes": sum(shard.image_bytes for shard in shards)}

    said = timed(work)
    releasing.cancel_release(release=release, by=None)
    releasing.clear_release(release_id=release.pk)
    return said


def release(campaign_id: int) -> dict[str, Any]:
    """From being asked for to ready, in one process. An image is in it as often as a config has it."""
    campaign = Campaign.objects.get(pk=campaign_id)

    def work() -> dict[str, Any]:
        made = releasing.create_release(campaign=campaign, by=None)
        releasing.build_release(release_id=made.pk)
        made.refresh_from_db()
        assert made.state == "ready", made.error
        return {"bytes": sum(shard.image_bytes for shard in made.shards.all())}

    return timed(work)


MEASURED: dict[str, Callable[[int], dict[str, Any]]] = {
    "votes": votes,
    "copy": copy,
    "concatenate": concatenate,
    "pairs": pairs,
    "release": release,
}
