"""Content hashes as in git and git-lfs. Clients expect this format and cache files under them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def blob_id(data: bytes) -> str:
    """The git object id of a file with these bytes."""
    return _object_id("blob", data)


def tree_id(lines: Iterable[str]) -> str:
    """An object id for a folder, from one line per file. Like git's own, it changes with the content."""
    return _object_id("tree", "".join(f"{line}\n" for line in lines).encode())


def pointer_of(sha256: str, size: int) -> bytes:
    """The git-lfs pointer that replaces a large file."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def _object_id(kind: str, data: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()
