"""The names that git and git-lfs would give to contents. Clients want them to have the form, and keep files under them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def blob_id(data: bytes) -> str:
    """What git calls a file with these bytes."""
    return _object_id("blob", data)


def tree_id(lines: Iterable[str]) -> str:
    """A name for a folder that holds these, each told by a line: as git's own it changes with what is in it."""
    return _object_id("tree", "".join(f"{line}\n" for line in lines).encode())


def pointer_of(sha256: str, size: int) -> bytes:
    """The text that git keeps in the place of a large file."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def _object_id(kind: str, data: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()
