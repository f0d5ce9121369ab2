"""Releases of one campaign after each other: what a later one writes, and how long it takes beside the first."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hf_xet
from django.db import connection

from annotator import releasing
from annotator.choices import COMPACT_CONFIGS, USUAL_CONFIGS
from annotator.models import Campaign, Member, Pair, Prompt, Release, User
from benchmarks.support.releasing import VARIETY, campaign_with_images, drawn, stored_image

VOTES_A_PAIR = 10
CONFIGS = {"usual configs": USUAL_CONFIGS, "compact configs": COMPACT_CONFIGS}

# One person more answers the first pairs.
_MORE_VOTES_SQL = """
WITH seats AS (
    INSERT INTO annotator_assignment
        (campaign_id, member_id, pair_id, kind, state, a_on_left, guideline_id, created_at, lease_expires_at, closed_at)
    SELECT %(campaign)s, %(member)s, pair.id, 'regular', 'answered', pair.id %% 2 = 0, NULL, now(), now(), now()
    FROM annotator_pair pair WHERE pair.campaign_id = %(campaign)s ORDER BY pair.id LIMIT %(votes)s
    RETURNING id, pair_id
)
INSERT INTO annotator_vote (campaign_id, member_id, assignment_id, question_id, choice, elapsed_ms, created_at)
SELECT %(campaign)s, %(member)s, seats.id, %(question)s,
       (ARRAY['a', 'b', 'both_good'])[1 + (seats.pair_id * %(salt)s) %% 3], 2000, now()
FROM seats
"""


def again(pairs: int) -> list[dict[str, Any]]:
    """A first release, one with 1 % more votes, and one with 1 % more pairs, of the usual configs and of the compact ones."""
    build(campaign_with_images(20, slug=f"bench-again-warm-{time.time_ns()}"), USUAL_CONFIGS)  # a worker is warm
    found = []
    for name, configs in CONFIGS.items():
        campaign = campaign_with_images(pairs, slug=f"bench-again-{time.time_ns()}")
        for salt in range(2, VOTES_A_PAIR + 1):
            add_votes(campaign, pairs, salt)
        with tempfile.TemporaryDirectory(prefix="bench-release-") as store:
            found.append({"what": f"{name}: v1", **build(campaign, configs, store)})
            add_votes(campaign, pairs * VOTES_A_PAIR // 100, 5)
            found.append({"what": f"{name}: 1 % more votes", **build(campaign, configs, store)})
            add_pairs(campaign, pairs, max(1, pairs // 100))
            found.append({"what": f"{name}: 1 % more pairs", **build(campaign, configs, store)})
    return found


def add_votes(campaign: Campaign, votes: int, salt: int) -> None:
    member = Member.objects.create(campaign=campaign, user=User.objects.create(username=f"{campaign.slug}-{time.time_ns()}"))
    values = {"campaign": campaign.pk, "member": member.pk, "votes": votes, "salt": salt}
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(_MORE_VOTES_SQL, {**values, "question": campaign.questions.get(position=0).pk})
        cursor.execute("SET session_replication_role = DEFAULT")


def add_pairs(campaign: Campaign, start: int, pairs: int) -> None:
    pictures = list(drawn())
    for number in range(start, start + pairs):
        prompt = Prompt.objects.create(campaign=campaign, text=f"Scene {number}", text_sha256=f"{number * 7919:064x}")
        images = [stored_image(prompt, pictures[(2 * number + slot) % VARIETY], 2 * number + slot) for slot in (0, 1)]
        Pair.objects.create(campaign=campaign, prompt=prompt, image_a=images[0], image_b=images[1], votes_wanted=1, ring=number)


def build(campaign: Campaign, configs: Sequence[str], store: str = "") -> dict[str, Any]:
    start, cpu = time.perf_counter(), time.process_time()
    release = releasing.create_release(campaign=campaign, by=None, configs=configs)
    releasing.build_release(release_id=release.pk)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    release.refresh_from_db()
    assert release.state == "ready", release.error
    files = files_of(release)
    written = [file for file in files if file.stat().st_nlink == 1]
    return {
        "files": len(files),
        "bytes": sum(file.stat().st_size for file in files),
        "bytes_written": sum(file.stat().st_size for file in written),
        "seconds": seconds,
        "cpu_seconds": cpu,
        "bytes_deduplicated": put_in_store(files, store) if store else 0,
    }


def files_of(release: Release) -> list[Path]:
    folder = releasing.local_folder(release)
    assert folder is not None
    return sorted(file for file in folder.rglob("*") if file.is_file())


def put_in_store(files: Sequence[Path], store: str) -> int:
    """Give the files to the Hub's own client with a store of ours in place of the Hub's. Returns by how many bytes it grew."""
    before = bytes_in(store)
    with hf_xet.XetSession().new_upload_commit(endpoint=f"local://{store}/xet") as commit:
        for file in files:
            commit.start_upload_file(str(file))
    return bytes_in(store) - before


def bytes_in(folder: str) -> int:
    return sum(os.path.getsize(Path(place) / name) for place, _, names in os.walk(folder) for name in names)
