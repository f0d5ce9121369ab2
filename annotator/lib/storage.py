"""Files in storage, put there whole or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage


def put_file(name: str, data: bytes) -> None:
    """Store the bytes under the name, in place of what was there.

    A store of objects takes them whole by itself. In a folder they are renamed into place, so that no reader and no later
    writer ever meets half a file, however its writer ended.
    """
    try:
        target = Path(default_storage.path(name))
    except NotImplementedError:
        default_storage.save(name, ContentFile(data))
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        partial.write_bytes(data)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def read_file(name: str) -> bytes:
    """The stored bytes. Raises FileNotFoundError."""
    with default_storage.open(name, "rb") as file:
        return bytes(file.read())


def remove_folder(name: str) -> None:
    """Remove everything below a name. Does nothing where there is nothing, and two may do it at the same time."""
    try:
        folders, files = default_storage.listdir(name)
    except FileNotFoundError:
        return
    for folder in folders:
        remove_folder(f"{name}/{folder}")
    for file in files:
        default_storage.delete(f"{name}/{file}")
    with suppress(OSError):  # a file was put there meanwhile
        default_storage.delete(name)
