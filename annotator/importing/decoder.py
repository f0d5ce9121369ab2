"""Decoding in a child process with limits, seen from the process that asks for it.

Bad bytes are the child's trouble: it is held to its memory and its processor time, and when it dies, here is an exception.
What is wrong with the input raises Invalid, limits that were reached included. ChildDied says that something ended the
child: the input perhaps, or somebody else, so that another attempt may do better.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from annotator.errors import Invalid
from annotator.importing.archives import UnpacksTooLarge
from annotator.importing.images import CleanImage
from annotator.importing.parse_line import BadLine
from annotator.lib.limited_process import LimitedProcess, Limits, Message, OutOfMemory, OutOfTime, Pool

_pool = Pool("annotator.importing.decoder_child")


@dataclass(frozen=True)
class CheckedRow:
    """A line of an import file. Of an image whose bytes are in the line, `line` has the index in `blobs` as `blob`."""

    number: int
    fraction: float  # of the file that has been read
    line: dict[str, Any] | BadLine
    blobs: Sequence[bytes]


class ImportReader:
    """An import file that is open in the child."""

    def __init__(self, child: LimitedProcess) -> None:
        self.child = child
        self.number = 0

    def rows(self) -> Iterator[CheckedRow]:
        """Raises Invalid when the file as a whole cannot be read, and ChildDied."""
        is_end = False
        while not is_end:
            found, blobs = _call(self.child, f"Reading the file after row {self.number}", "rows", raises=False)
            for row in found["rows"]:
                self.number = row["number"]
                line = BadLine(*row["error"]) if "error" in row else row["line"]
                yield CheckedRow(self.number, row["fraction"], line, blobs)
            if "invalid" in found:
                raise Invalid(found["invalid"])
            is_end = found["is_end"]

    def read(self, path: str) -> bytes:
        """The image at a path in the file's folder. Raises Invalid, UnpacksTooLarge for the file as a whole, and ChildDied."""
        return _call(self.child, f"Reading the image {path}", "read", {"path": path}, beyond=UnpacksTooLarge)[1][0]


@contextmanager
def open_apart(
    path: Path, *, name: str, column_map: Mapping[str, str], root: Path | None, gold_choices: Sequence[str]
) -> Iterator[ImportReader]:
    """Open an import file in the child, as `open_import_file` does. Raises Invalid and ChildDied."""
    arguments = {
        "path": str(path.absolute()),
        "name": name,
        "column_map": dict(column_map),
        "root": None if root is None else str(root.absolute()),
        "gold_choices": list(gold_choices),
    }
    with _pool.process(_limits()) as child:
        _call(child, "Opening the file", "open", arguments)
        try:
            yield ImportReader(child)
        finally:
            if child.is_sound:
                child.call("close")


def decode_image(data: bytes, *, sha256: str = "") -> CleanImage:
    """Decode and clean one image file, as `ingest_image` does. Raises Invalid and ChildDied."""
    sha256 = sha256 or hashlib.sha256(data).hexdigest()
    with _pool.process(_limits()) as child:
        found, blobs = _call(child, "Decoding the image", "image", {"sha256": sha256}, blobs=[data])
    full, *displays = [data[: found["kept"]], *blobs] if found["kept"] else blobs
    return CleanImage(
        sha256=sha256,
        format=found["format"],
        width=found["width"],
        height=found["height"],
        data=full,
        displays=dict(zip(found["displays"], displays, strict=True)),
        phash=found["phash"],
    )


def make_display(data: bytes, *, format: str, width: int) -> bytes:
    """A copy for display of a clean full-size copy. Raises Invalid and ChildDied."""
    with _pool.process(_limits()) as child:
        return _call(child, "Decoding the image", "display", {"format": format, "width": width}, blobs=[data])[1][0]


def _limits() -> Limits:
    return Limits(memory=settings.IMPORT_MEMORY, cpu_seconds=settings.IMPORT_CPU_SECONDS)


def _call(
    child: LimitedProcess,
    doing: str,
    name: str,
    arguments: dict[str, Any] | None = None,
    *,
    blobs: Sequence[bytes] = (),
    raises: bool = True,
    beyond: type[Invalid] = Invalid,
) -> Message:
    try:
        found, answer = child.call(name, arguments, blobs)
    except OutOfMemory as error:
        raise beyond(f"{doing} needs more than {child.limits.memory // 2**20} MB of memory.") from error
    except OutOfTime as error:
        raise beyond(f"{doing} takes more than {child.limits.cpu_seconds} seconds.") from error
    if raises and "invalid" in found:
        raise (UnpacksTooLarge if found.get("is_whole_file") else Invalid)(found["invalid"])
    return found, answer
