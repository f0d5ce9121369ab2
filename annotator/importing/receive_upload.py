"""An upload on its way into storage: counted against the quota of its campaign, and removed unless it becomes an import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Any
from uuid import uuid4

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.db.models import Sum
from django.utils.translation import gettext

from annotator.choices import ImportState
from annotator.errors import Conflict, TooLarge
from annotator.lib.disk_space import FULL_WORDS, disk_space
from annotator.lib.request_body import in_words
from annotator.lib.storage import FileWriter
from annotator.models import Campaign

FOLDER = "uploads"
BLOCK_SIZE = 1024 * 1024  # bytes
FORM_SIZE = 1024 * 1024  # bytes that a form may have beside its file


@dataclass(frozen=True)
class Quota:
    """Bytes that a campaign's uploads have, and may have. `limit` is 0 for no limit."""

    used: int
    limit: int

    def room(self) -> int:
        """How large the next file can be."""
        if not self.limit:
            return settings.API_UPLOAD_LIMIT
        return min(settings.API_UPLOAD_LIMIT, max(0, self.limit - self.used))

    def require_room(self, size: int) -> None:
        """Raises TooLarge, and says which limit it is."""
        if size > settings.API_UPLOAD_LIMIT:
            raise TooLarge(
                gettext("A file can have at most %(api_upload_limit)s. Split it, or ask an administrator to import it.")
                % {"api_upload_limit": in_words(settings.API_UPLOAD_LIMIT)}
            )
        if size > self.room():
            raise TooLarge(
                gettext(
                    "The imports of this campaign can have at most %(limit)s together, and %(room)s of that are left. "
                    "Ask an administrator to raise IMPORT_QUOTA_MB, or to import the file."
                )
                % {"limit": in_words(self.limit), "room": in_words(self.room())}
            )


def quota_of(campaign: Campaign) -> Quota:
    """Imports that failed or were undone do not count: nothing is left of them."""
    used = campaign.imports.exclude(state__in=[ImportState.FAILED, ImportState.UNDONE]).aggregate(bytes=Sum("size"))["bytes"]
    return Quota(used or 0, settings.IMPORT_QUOTA)


class StoredUpload(UploadedFile):
    """A file of a form that is in storage already."""

    def __init__(self, writer: FileWriter, name: str | None) -> None:
        super().__init__(None, name, size=writer.size)
        self.stored_name, self.sha256 = writer.name, writer.sha256


class UploadReceiver(FileUploadHandler):
    """Puts what one request sends into storage, as Django reads the form or as `receive` reads the body.

    `begin` first, when it is known whose campaign it is for. What is not in `kept` at the end, `remove_rest` removes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.kept: set[str] = set()
        self._quota: Quota | None = None
        self._writer: FileWriter | None = None
        self._stored: list[FileWriter] = []

    def begin(self, campaign: Campaign, announced: int) -> None:
        """Raises TooLarge when a body of the announced size cannot be kept, and Conflict when the disk is full."""
        _require_disk()
        self._quota = quota_of(campaign)
        self._quota.require_room(announced - FORM_SIZE)

    def receive(self, body: IO[bytes], name: str) -> StoredUpload:
        """All of a body that is no form. Raises TooLarge."""
        self._open()
        while block := body.read(BLOCK_SIZE):
            self.receive_data_chunk(block, 0)
        return StoredUpload(self._close(), name)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._open()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Raises TooLarge, and Conflict when the disk is full."""
        assert self._writer is not None
        assert self._quota is not None
        self._quota.require_room(sum(stored.size for stored in self._stored) + self._writer.size + len(raw_data))
        _require_disk()
        self._writer.write(raw_data)

    def file_complete(self, file_size: int) -> StoredUpload:
        return StoredUpload(self._close(), self.file_name)

    def remove_rest(self) -> None:
        """Whatever was begun or stored and is not kept."""
        if self._writer is not None:
            self._writer.abort()
            self._writer = None
        for stored in self._stored:
            if stored.name not in self.kept:
                default_storage.delete(stored.name)
        self._stored.clear()

    def _open(self) -> None:
        assert self._quota is not None, "Nobody has checked who sends this."
        self._writer = FileWriter(f"{FOLDER}/{uuid4().hex}")

    def _close(self) -> FileWriter:
        assert self._writer is not None
        writer, self._writer = self._writer, None
        writer.close()
        self._stored.append(writer)
        return writer


def _require_disk() -> None:
    if disk_space.is_full:
        raise Conflict(FULL_WORDS, code="disk_full")
