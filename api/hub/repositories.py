"""Campaigns as repositories: their names, their revisions, and the files at a revision."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import PurePosixPath
from typing import IO

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Exists, OuterRef, QuerySet

from annotator import releasing
from annotator.campaigns.access import readers_campaigns
from annotator.choices import CampaignState, ReleaseState
from annotator.models import Campaign, Release, ReleaseFile
from api.hub import dpo, git
from api.hub.caller import Caller, HubError

CARD = "README.md"
DPO_ENDING = ".dpo"
# As on the Hub, these are plain git files and not LFS files: their ETag is the git object id.
TEXT_SUFFIXES = {".md", ".json", ".txt", ".yaml"}
MAIN = {"main", "refs/heads/main", "HEAD"}
TAG_PATTERN = re.compile(r"(?:refs/tags/)?v([1-9][0-9]{0,8})")


@dataclass(frozen=True)
class RepoFile:
    """A file at a revision. `stored_as` is empty for one that is made from others."""

    path: str
    size: int
    sha256: str
    open: Callable[[], IO[bytes]]
    stored_as: str = ""

    @property
    def is_large(self) -> bool:
        return PurePosixPath(self.path).suffix not in TEXT_SUFFIXES

    @property
    def oid(self) -> str:
        """The git object id: of the pointer for a large file, of the bytes for a text file."""
        if self.is_large:
            return git.blob_id(git.pointer_of(self.sha256, self.size))
        return _stored_blob_id(self.stored_as, self.sha256) if self.stored_as else git.blob_id(self.open().read())

    @property
    def pointer_size(self) -> int:
        return len(git.pointer_of(self.sha256, self.size))

    @property
    def tag(self) -> str:
        """The ETag, without quotes."""
        return self.sha256 if self.is_large else self.oid


@dataclass(frozen=True)
class Folder:
    path: str
    oid: str


@dataclass(frozen=True)
class Snapshot:
    """A repository at a revision. Only the files that are asked for are looked up: a release may have thousands."""

    repository: Repository
    release: Release
    sha: str

    def file(self, path: str) -> RepoFile | None:
        if self.repository.is_dpo and path == CARD:
            return derived_card(self.release, {row.path: row for row in self.release.files.all()})
        row = self._rows().filter(path=path).first() if "\x00" not in path else None
        return stored_file(self.release, row) if row else None

    def below(self, folder: str) -> list[RepoFile]:
        """Everything in a folder, at any depth, by path. "" is the whole."""
        rows = self._rows().filter(path__startswith=f"{folder}/") if folder else self._rows()
        files = [stored_file(self.release, row) for row in rows.order_by("path")]
        if self.repository.is_dpo and not folder:
            files = sorted([*files, *filter(None, [self.file(CARD)])], key=lambda file: file.path)
        return files

    def _rows(self) -> QuerySet[ReleaseFile]:
        rows = self.release.files.all()
        return rows.filter(path__startswith=f"{dpo.CONFIG}/") if self.repository.is_dpo else rows


def folders_of(files: Iterable[RepoFile]) -> list[Folder]:
    """The folders that these files are in, by path. Of each, all files must be given."""
    contents: dict[str, list[RepoFile]] = {}
    for file in files:
        for parent in PurePosixPath(file.path).parents:
            if str(parent) != ".":
                contents.setdefault(str(parent), []).append(file)
    return [Folder(path, git.tree_id(f"{file.oid} {file.path}" for file in its)) for path, its in sorted(contents.items())]


@dataclass(frozen=True)
class Repository:
    """`releases` are all that can be read here, oldest first; `yanked` those that could be once. At least one of either."""

    campaign: Campaign
    is_dpo: bool
    releases: list[Release]
    yanked: list[Release]

    @property
    def name(self) -> str:
        return self.campaign.slug + (DPO_ENDING if self.is_dpo else "")

    @property
    def id(self) -> str:
        return f"{settings.HUB_NAMESPACE}/{self.name}"

    @property
    def is_private(self) -> bool:
        return not self.campaign.data_is_public or self.campaign.state == CampaignState.DRAFT

    def sha_of(self, release: Release) -> str:
        assert release.revision is not None  # as every finished one has
        return dpo.revision_of(release.revision) if self.is_dpo else release.revision

    def release_at(self, revision: str) -> Release:
        """Raises HubError if the revision does not exist, or does not exist any more."""
        found = self._among(self.releases, revision)
        if found is None and (gone := self._among(self.yanked, revision)):
            words = f"Release {gone.number} was yanked. {gone.yank_reason}"
            if gone.replaced_by and gone.replaced_by.state == ReleaseState.READY:
                words += f" It is replaced by v{gone.replaced_by.number}."
            raise HubError(404, " ".join(words.split()).encode("ascii", "replace").decode(), "RevisionNotFound")
        if found is None:
            raise HubError(
                404,
                f"{self.id} does not have this revision. Use main for the newest release or v1 for the first.",
                "RevisionNotFound",
            )
        return found

    def _among(self, releases: list[Release], revision: str) -> Release | None:
        if revision in MAIN:
            return releases[-1] if releases else None
        if match := TAG_PATTERN.fullmatch(revision):
            return next((release for release in releases if release.number == int(match[1])), None)
        return next((release for release in releases if self.sha_of(release) == revision), None)

    def at(self, revision: str) -> Snapshot:
        """Raises HubError if the revision does not exist."""
        release = self.release_at(revision)
        return Snapshot(self, release, self.sha_of(release))


def served_releases(campaigns: QuerySet[Campaign], *, is_dpo: bool) -> QuerySet[Release]:
    """Ready and yanked releases, oldest first; for the DPO repository, only releases with its config."""
    known = [ReleaseState.READY, ReleaseState.YANKED]
    releases = Release.objects.filter(campaign__in=campaigns, state__in=known).order_by("number")
    if is_dpo:
        its_files = ReleaseFile.objects.filter(release=OuterRef("pk"), path__startswith=f"{dpo.CONFIG}/")
        releases = releases.filter(Exists(its_files))
    return releases


def repository_for(caller: Caller, namespace: str, name: str) -> Repository:
    """A repository that the caller may read, with at least one release. Raises the same HubError for every other case."""
    slug = name.removesuffix(DPO_ENDING)
    if namespace == settings.HUB_NAMESPACE:
        for repository in _repositories(readers_campaigns(caller.user).filter(slug=slug), is_dpo=slug != name):
            return repository
    raise caller.no_repository()


def repositories_for(caller: Caller) -> list[Repository]:
    """All repositories that the caller may read, by name."""
    campaigns = readers_campaigns(caller.user)
    found = [*_repositories(campaigns, is_dpo=False), *_repositories(campaigns, is_dpo=True)]
    return sorted(found, key=lambda repository: repository.name)


def _repositories(campaigns: QuerySet[Campaign], *, is_dpo: bool) -> Iterator[Repository]:
    """The repositories of campaigns with a release, in one query."""
    releases: dict[Campaign, list[Release]] = {}
    for release in served_releases(campaigns, is_dpo=is_dpo).select_related("campaign", "replaced_by"):
        releases.setdefault(release.campaign, []).append(release)
    for campaign, its in releases.items():
        ready, yanked = ([each for each in its if each.state == state] for state in (ReleaseState.READY, ReleaseState.YANKED))
        yield Repository(campaign, is_dpo, ready, yanked)


def stored_file(release: Release, row: ReleaseFile) -> RepoFile:
    return RepoFile(
        path=row.path,
        size=row.size,
        sha256=row.sha256,
        open=lambda: releasing.open_file(release, row.path),
        stored_as=releasing.stored_name(release, row),
    )


def derived_card(release: Release, rows: dict[str, ReleaseFile]) -> RepoFile:
    own = tuple(sorted(path for path in rows if path.startswith(f"{dpo.CONFIG}/")))
    data = _dpo_card(releasing.stored_name(release, rows[CARD]), rows[CARD].sha256, own)
    sha256 = hashlib.sha256(data).hexdigest()
    return RepoFile(path=CARD, size=len(data), sha256=sha256, open=lambda: BytesIO(data))


# The sha256 determines these results, so each process caches them and reads no file twice.


@lru_cache(maxsize=4096)
def _stored_blob_id(stored_as: str, sha256: str) -> str:
    with default_storage.open(stored_as, "rb") as file:
        return git.blob_id(file.read())


@lru_cache(maxsize=256)
def _dpo_card(stored_as: str, sha256: str, paths: tuple[str, ...]) -> bytes:
    with default_storage.open(stored_as, "rb") as file:
        return dpo.card(file.read(), paths)
