"""Publishing: a release becomes a commit and a tag in a repository on the Hub.

Everything is asked for in a way that may be asked for twice: the repository is made unless it is there, files that the Hub has
are not sent again, a commit that changes nothing is none, and a tag that is there is held against the commit. So whoever goes
on after a failure or a killed worker begins at the beginning.
"""

from __future__ import annotations

import io
import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, BinaryIO, cast

import httpx2
import huggingface_hub
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import build_hf_headers, get_session

from annotator import releasing
from annotator.choices import UNFINISHED_PUBLICATIONS, PublicationState, ReleaseState
from annotator.errors import Conflict, DomainError, Invalid, NotFound
from annotator.lib import audit
from annotator.lib.advisory_locks import Space, sole_holder
from annotator.lib.attempts import ATTEMPTS_MAX, OutOfAttempts, attempt
from annotator.lib.encryption import DecryptionFailed, decrypt, encrypt
from annotator.lib.storage import COPY_BLOCK
from annotator.models import Campaign, HubAccount, Publication, Release, ReleaseFile, User
from annotator.models.audit import AuditAction

logger = logging.getLogger(__name__)

PROGRESS_EVERY = 1.0  # seconds between two notes of the progress in the database
PURPOSE = "token for the Hub"
PUBLISH_AGAIN = "Publish again: files already on the Hub are not uploaded again."
GIVEN_UP = (
    f"Publishing was begun {ATTEMPTS_MAX} times and never ended: it failed, or its worker stopped, perhaps because memory ran"
    f" out. See the workers' log. {PUBLISH_AGAIN}"
)
DATASET = "dataset"  # a repository of that kind
TOKEN_LIMIT = 500  # characters
# What the Hub takes and a little less: an owner and a name, each of words with a single sign between them.
WORDS_PATTERN = r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*"
REPOSITORY_PATTERN = re.compile(rf"(?=[^/]{{1,96}}/[^/]{{1,96}}$){WORDS_PATTERN}/{WORDS_PATTERN}")
HINT_LENGTH = 4
FAILURES = (DomainError, HfHubHTTPError, httpx2.HTTPError, OSError, RuntimeError, ValueError, BotoCoreError, ClientError)
WORDS = {
    401: "The Hub does not accept the token. Create a new one on the Hub and enter it here.",
    402: "The Hub asks for payment. Check the account on the Hub.",
    403: "The token cannot write to {repository}. Create a token with write access on the Hub and enter it here.",
    404: "The Hub has no repository {repository}, or the token cannot read it.",
}

ProgressCallback = Callable[[float], None]  # takes the share that is done, 0 to 1


def account_of(campaign: Campaign) -> HubAccount | None:
    """Where the campaign's releases are published, or None where nobody has said."""
    return HubAccount.objects.filter(campaign=campaign).first()


@transaction.atomic
def save_account(*, campaign: Campaign, repository: str, is_private: bool, token: str, by: User | None) -> HubAccount:
    """Where the campaign's releases are published, and with which token. An empty one leaves the token that is there.

    Raises Invalid, naming the fields.
    """
    account = HubAccount.objects.select_for_update().filter(campaign=campaign).first() or HubAccount(campaign=campaign)
    errors = _wrong_repository(repository)
    token = token.strip()
    if not token and not account.encrypted_token:
        errors["token"] = ["Enter a token with write access to the repository."]
    elif not (token.isascii() and len(token) <= TOKEN_LIMIT and not any(map(str.isspace, token))):
        errors["token"] = ["Invalid token. A token has only letters, digits and underscores."]
    if errors:
        raise Invalid(gettext("Some values are not valid."), errors=errors)
    if token:
        account.encrypted_token = encrypt(token, purpose=PURPOSE)
        account.token_hint = token[-HINT_LENGTH:] if len(token) >= 4 * HINT_LENGTH else ""
    changes = audit.differences(
        {"repository": account.repository, "is_private": account.is_private}, {"repository": repository, "is_private": is_private}
    )
    account.repository, account.is_private, account.updated_by = repository, is_private, by
    account.save()
    audit.record(AuditAction.HUB_ACCOUNT_SAVED, by=by, campaign=campaign, target=repository, changes=changes)
    return account


def _wrong_repository(repository: str) -> dict[str, list[str]]:
    if REPOSITORY_PATTERN.fullmatch(repository) and not repository.endswith(".git"):
        return {}
    return {"repository": ["Write owner/name: letters, digits, and single dots, dashes or underscores between them."]}


@transaction.atomic
def forget_account(*, campaign: Campaign, by: User | None) -> None:
    """Remove the token and where it was for. What is published stays published."""
    removed, _ = HubAccount.objects.filter(campaign=campaign).delete()
    if removed:
        audit.record(AuditAction.HUB_ACCOUNT_REMOVED, by=by, campaign=campaign)


def check_token(*, campaign: Campaign) -> tuple[str, bool]:
    """Ask the Hub whose the saved token is, and whether it may write. Raises Conflict, which says what is wrong."""
    account = account_of(campaign)
    if account is None:
        raise Conflict(gettext("Save a token first."), code="hub_account_missing")
    try:
        hub = huggingface_hub.HfApi(endpoint=settings.HUB_URL, token=decrypt(account.encrypted_token, purpose=PURPOSE))
        about = hub.whoami()
    except FAILURES as error:
        raise Conflict(sentence(error, Publication(repository=account.repository)), code="hub_token_refused") from error
    token = about.get("auth", {}).get("accessToken", {})
    return str(about.get("name", "")), token.get("role") != "read"


def create_publication(*, release: Release, by: User | None) -> Publication:
    """Ask for a release to be published. The caller sends `publish_release` to a worker. Raises Conflict."""
    account = account_of(release.campaign)
    if account is None:
        raise Conflict(
            gettext("Set up publishing first: a repository on the Hub and a token for it."), code="hub_account_missing"
        )
    if release.state != ReleaseState.READY:
        raise Conflict(
            gettext("This release is not ready. Its state is %(state)s.") % {"state": release.state}, code="release_not_ready"
        )
    try:
        with transaction.atomic():
            target = f"release {release.number} to {account.repository}"
            audit.record(AuditAction.RELEASE_PUBLISHED, by=by, campaign=release.campaign, target=target)
            return Publication.objects.create(release=release, repository=account.repository, created_by=by)
    except IntegrityError as error:
        raise Conflict(gettext("This release is already being published."), code="publication_running") from error


def unfinished_publications() -> list[Publication]:
    """Those that a worker is to take up, or to take up again. One that is at work refuses the second by itself."""
    return list(Publication.objects.filter(state__in=UNFINISHED_PUBLICATIONS))


def publish(*, publication_id: int) -> None:
    """Publish a release, or go on where somebody stopped.

    One that is finished, or that somebody else is at, is left alone. Must not be called inside a transaction: progress is
    seen from outside. Raises NotFound.
    """
    if connection.in_atomic_block:
        raise RuntimeError("publish was called inside a transaction, which would stay open during the whole upload")
    with sole_holder(Space.PUBLICATION, publication_id) as is_mine:
        publication = Publication.objects.select_related("release__campaign").filter(pk=publication_id).first()
        if publication is None:
            raise NotFound(gettext("This publication does not exist."))
        if is_mine and publication.state in UNFINISHED_PUBLICATIONS:
            _publish(publication)


def _publish(publication: Publication) -> None:
    rows = Publication.objects.filter(pk=publication.pk)
    rows.update(state=PublicationState.PUBLISHING, error="")
    try:
        with attempt(rows):
            commit = _upload(publication, _reporter(publication))
    except OutOfAttempts:
        rows.update(state=PublicationState.FAILED, error=GIVEN_UP, finished_at=timezone.now())
    except FAILURES as error:
        is_ours = isinstance(error, DomainError)
        logger.warning("%s could not be published: %s", publication, error, exc_info=None if is_ours else error)
        rows.update(state=PublicationState.FAILED, error=sentence(error, publication), finished_at=timezone.now())
    else:
        rows.update(state=PublicationState.DONE, commit=commit, progress=1.0, finished_at=timezone.now())


def _reporter(publication: Publication) -> ProgressCallback:
    """Notes in the database how far it has come, now and then."""
    noted_at = 0.0

    def report(share: float) -> None:
        nonlocal noted_at
        if time.monotonic() >= noted_at + PROGRESS_EVERY:
            noted_at = time.monotonic()
            Publication.objects.filter(pk=publication.pk).update(progress=min(share, 1.0))

    return report


def _upload(publication: Publication, report: ProgressCallback) -> str:
    """The release's files in a commit, under its tag. Returns the commit."""
    release = publication.release
    account = account_of(release.campaign)
    if account is None:
        raise Conflict(gettext("The Hub settings of this campaign were deleted in the meantime."), code="hub_account_missing")
    hub = huggingface_hub.HfApi(endpoint=settings.HUB_URL, token=decrypt(account.encrypted_token, purpose=PURPOSE))
    repository, tag = publication.repository, f"v{release.number}"
    hub.create_repo(repository, repo_type=DATASET, private=account.is_private, exist_ok=True)
    there = {ref.name: ref.target_commit for ref in hub.list_repo_refs(repository, repo_type=DATASET).tags}
    if tag in there:
        _require_same(hub, publication, there[tag])
        return there[tag]
    additions = list(_sent_files(hub, publication, report))
    stale = _stale_shards(hub, publication, {addition.path_in_repo for addition in additions})
    commit = hub.create_commit(repository, [*additions, *stale], repo_type=DATASET, commit_message=f"Release {release.number}")
    hub.create_tag(
        repository,
        repo_type=DATASET,
        tag=tag,
        revision=commit.oid,
        tag_message=f"Diptych revision {release.revision}",
        exist_ok=True,
    )
    return str(commit.oid)


def _require_same(hub: huggingface_hub.HfApi, publication: Publication, commit: str) -> None:
    """Raises Conflict where the tag is on something else than this release: a tag never moves."""
    about = hub.dataset_info(publication.repository, revision=commit, files_metadata=True)
    theirs = {file.rfilename: file.lfs.sha256 for file in about.siblings or [] if file.lfs}
    ours = {file.path: file.sha256 for file in publication.release.files.all() if file.path.endswith(".parquet")}
    if not ours.items() <= theirs.items():
        raise Conflict(
            gettext(
                "%(repository)s already has a tag v%(number)s with other files. Publish to another repository, or "
                "delete the tag on the Hub."
            )
            % {"repository": publication.repository, "number": publication.release.number},
            code="tag_taken",
        )


def _sent_files(
    hub: huggingface_hub.HfApi, publication: Publication, report: ProgressCallback
) -> Iterator[huggingface_hub.CommitOperationAdd]:
    """The files, each sent by the time it is yielded unless the Hub has it: one at a time, so that memory stays flat."""
    release = publication.release
    files = list(release.files.order_by("path"))
    total = sum(file.size for file in files) or 1
    done = 0
    open_source = _as_path if _takes_chunks(hub, publication.repository) else _as_stream
    for file in files:
        with open_source(release, file, lambda sent, before=done: report((before + sent) / total)) as source:  # type: ignore[misc]
            addition = huggingface_hub.CommitOperationAdd(path_in_repo=file.path, path_or_fileobj=source)
            _require_unchanged(file, addition)
            if isinstance(source, Counted):
                source.start()
            hub.preupload_lfs_files(publication.repository, [addition], repo_type=DATASET)
            if isinstance(addition.path_or_fileobj, str | Counted):  # not sent: small texts travel with the commit
                addition.path_or_fileobj = Path(source).read_bytes() if isinstance(source, str) else source.read()
        done += file.size
        report(done / total)
        yield addition


def _takes_chunks(hub: huggingface_hub.HfApi, repository: str) -> bool:
    """Whether the Hub keeps files as Xet does: then only those chunks of a file are sent that no file there has."""
    if huggingface_hub.constants.HF_HUB_DISABLE_XET or find_spec("hf_xet") is None:
        return False
    address = f"{hub.endpoint}/api/datasets/{repository}/xet-write-token/main"
    return get_session().get(address, headers=build_hf_headers(token=hub.token)).status_code == HTTPStatus.OK


@contextmanager
def _as_stream(release: Release, file: ReleaseFile, on_read: Callable[[int], None]) -> Iterator[BinaryIO]:
    """For a Hub that takes whole files. Progress is seen while they are read."""
    with releasing.open_file(release, file.path) as opened:
        yield cast("BinaryIO", Counted(opened, on_read))


@contextmanager
def _as_path(release: Release, file: ReleaseFile, on_read: Callable[[int], None]) -> Iterator[str]:
    """For a Hub that takes chunks: its client finds them only in a file on this disk."""
    folder = releasing.local_folder(release)
    if folder is not None:
        yield str(folder / file.path)
        return
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=settings.DATA_DIR, prefix="publishing-") as copy:
        with releasing.open_file(release, file.path) as opened:
            shutil.copyfileobj(opened, copy, COPY_BLOCK)
        copy.flush()
        yield copy.name


def _require_unchanged(file: ReleaseFile, addition: huggingface_hub.CommitOperationAdd) -> None:
    if addition.upload_info.sha256.hex() != file.sha256:
        raise Conflict(
            gettext("%(path)s in storage differs from the release and was not uploaded.") % {"path": file.path},
            code="file_changed",
        )


def _stale_shards(
    hub: huggingface_hub.HfApi, publication: Publication, paths: set[str]
) -> Iterator[huggingface_hub.CommitOperationDelete]:
    """Shards of an earlier release that this one has not; in its config they would be taken for rows of this one."""
    for path in hub.list_repo_files(publication.repository, repo_type=DATASET):
        if path.endswith(".parquet") and path not in paths:
            yield huggingface_hub.CommitOperationDelete(path_in_repo=path)


class Counted(io.BufferedIOBase):
    """A stored file as the Hub's client wants one. Once started, it tells how many bytes have been read."""

    def __init__(self, file: IO[bytes], on_read: Callable[[int], None]) -> None:
        self._file = file
        self._on_read = on_read
        self._is_started = False

    def start(self) -> None:
        self._is_started = True

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        data = self._file.read(-1 if size is None else size)
        if self._is_started:
            self._on_read(self._file.tell())
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._file.seek(offset, whence)  # some storages' files return nothing
        return self._file.tell()

    def tell(self) -> int:
        return self._file.tell()


def sentence(error: BaseException, publication: Publication) -> str:
    """What went wrong, for a manager."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, HfHubHTTPError):  # the client wraps what goes wrong with one file
        cause = cause.__cause__
    if isinstance(error, DecryptionFailed):
        return "The token cannot be read: SECRET_KEY has changed since it was entered. Enter the token again."
    if isinstance(error, DomainError):
        return error.detail
    if isinstance(cause, HfHubHTTPError) and cause.response is not None:
        status = cause.response.status_code
        said = (cause.server_message or "").strip().rstrip(".")
        known = WORDS.get(status, f"The Hub answered with status {status}{f': {said}' if said else ''}. Try again later.")
        return known.format(repository=publication.repository)
    if isinstance(error, httpx2.HTTPError | ConnectionError):
        return f"The Hub could not be reached, or the connection broke. {PUBLISH_AGAIN}"
    return f"The files could not be read or uploaded. See the workers' log. {PUBLISH_AGAIN}"
