"""A campaign with two releases, for the tests of the Hub's protocol."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pyarrow.parquet as pq

from annotator import releasing, tokens
from annotator.models import Campaign, Release, ReleaseFile, User
from tests.factories import CampaignFactory, GuidelineFactory, MemberFactory
from tests.released import folder_of, make_pair, release_of, rows_of, vote_all

OUTCOMES = [("aab", "train"), ("bb", "train"), ("ab", "train"), ("aaa", "validation"), ("bbb", "test")]


def two_releases(slug: str = "birds", **fields: object) -> Campaign:
    """The first of two pairs, the second of five."""
    campaign = CampaignFactory(slug=slug, name="Birds", **fields)
    GuidelineFactory(campaign=campaign)
    for number, (choices, split) in enumerate(OUTCOMES):
        vote_all(make_pair(campaign, number, split=split), choices)
        if number in (1, len(OUTCOMES) - 1):
            with_diffusion_dpo(release_of(campaign))
    return campaign


def manager_key(campaign: Campaign, *scopes: str) -> str:
    """The key of a token of a new manager's, for reading releases unless other scopes are named."""
    return key_of(MemberFactory(campaign=campaign, role="manager").user, *scopes)


def key_of(user: User, *scopes: str) -> str:
    return tokens.create_token(user=user, scopes=list(scopes or ["export"]))[1]


def with_diffusion_dpo(release: Release) -> Release:
    """The release with a `diffusion_dpo` config, of the same pairs as its `binarized`, unless it has one."""
    if release.files.filter(path__startswith="diffusion_dpo/").exists():
        return release
    for split in ("train", "validation", "test"):
        rows = [row for row in rows_of(release, "binarized") if row["split"] == split]
        if not rows:
            continue
        table = pa.table(
            {
                "caption": [row["prompt"] for row in rows],
                "jpg_0": [row["chosen" if index % 2 else "rejected"]["bytes"] for index, row in enumerate(rows)],
                "jpg_1": [row["rejected" if index % 2 else "chosen"]["bytes"] for index, row in enumerate(rows)],
                "label_0": [float(index % 2) for index, row in enumerate(rows)],
                "label_1": [1 - float(index % 2) for index, row in enumerate(rows)],
            }
        )
        path = f"diffusion_dpo/{split}-00000-of-00001.parquet"
        file = folder_of(release) / path
        file.parent.mkdir(exist_ok=True)
        pq.write_table(table, file)
        data = file.read_bytes()
        ReleaseFile.objects.create(release=release, path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest())
    return release


def contents(release: Release) -> dict[str, bytes]:
    """The files of the release, by path."""
    files = {}
    for path in release.files.values_list("path", flat=True):
        with releasing.open_file(release, path) as file:
            files[path] = file.read()
    return files
