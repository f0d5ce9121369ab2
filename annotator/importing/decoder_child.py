"""What runs in the decoder's process (`lib.limited_process`): import files to checked lines, image files to clean images.

Everything that decodes bytes of others is here, and nothing else: no database, no storage, no settings. So this module and
what it imports do without Django's start, and the package's `__init__` imports nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import kornia_rs.io  # noqa: F401 - what decoders need is loaded before memory is limited

from annotator.errors import Invalid
from annotator.importing.archives import UnpacksTooLarge
from annotator.importing.file_formats import ImportFile, open_import_file
from annotator.importing.images import ingest_image, make_display
from annotator.importing.parse_line import BadLine, LineImage, parse_line
from annotator.importing.text_rows import Row
from annotator.lib.limited_process import Message

ROWS_PER_ANSWER = 25
BYTES_PER_ANSWER = 4 * 1024 * 1024  # of images in them; a row that has more comes alone
MAX_LINE_IMAGES = 256 * 1024 * 1024  # bytes in one line: who asks has no limit of memory


class _Reader:
    """The import file that is open, if any."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.file: ImportFile | None = None
        self.rows: Iterator[Row] = iter(())
        self.gold_choices: Sequence[str] = ()

    def open(self, path: str, name: str, column_map: dict[str, str], root: str | None, gold_choices: list[str]) -> None:
        self.close()
        self.gold_choices = gold_choices
        opened = open_import_file(Path(path), name=name, column_map=column_map, root=None if root is None else Path(root))
        self.file = self.stack.enter_context(opened)
        self.rows = iter(self.file.rows)

    def next_rows(self) -> Message:
        rows: list[dict[str, Any]] = []
        blobs: list[bytes] = []
        size = 0
        while len(rows) < ROWS_PER_ANSWER and size < BYTES_PER_ANSWER:
            try:
                row = next(self.rows)
            except StopIteration:
                return {"rows": rows, "is_end": True}, blobs
            except Invalid as error:  # after the rows before it
                return {"rows": rows, "is_end": True, "invalid": error.detail}, blobs
            known = len(blobs)
            rows.append({"number": row.number, "fraction": row.fraction} | self._checked(row, blobs))
            size += sum(map(len, blobs[known:]))
        return {"rows": rows, "is_end": False}, blobs

    def _checked(self, row: Row, blobs: list[bytes]) -> dict[str, Any]:
        try:
            if isinstance(row.value, BadLine):
                raise row.value
            line = parse_line(row.value, gold_choices=self.gold_choices)
            if sum(len(image.source.data) for image in line.images) > MAX_LINE_IMAGES:
                raise BadLine("", f"The images of this line have more than {MAX_LINE_IMAGES // 2**20} MB together.")
        except BadLine as error:
            return {"error": [error.field, error.message]}
        return {"line": line.for_batch([_reference(image, blobs) for image in line.images])}

    def read(self, path: str) -> Message:
        assert self.file is not None
        return {}, [self.file.folder.read(path)]

    def close(self) -> None:
        self.stack.close()
        self.file, self.rows = None, iter(())


def _reference(image: LineImage, blobs: list[bytes]) -> dict[str, Any]:
    """Where the image of a line is: {"url": …}, {"path": …}, or {"blob": index} for bytes that come along."""
    if image.source.url:
        return {"url": image.source.url}
    if image.source.path:
        return {"path": image.source.path}
    blobs.append(image.source.data)
    return {"blob": len(blobs) - 1}


def _clean_image(data: bytes, sha256: str) -> Message:
    image = ingest_image(data, sha256=sha256)
    header = {
        "format": image.format,
        "width": image.width,
        "height": image.height,
        "phash": image.phash,
        "displays": list(image.displays),
        "kept": 0,
    }
    if data.startswith(image.data):  # who asked has these bytes
        return header | {"kept": len(image.data)}, [*image.displays.values()]
    return header, [image.data, *image.displays.values()]


_reader = _Reader()


def handle(name: str, arguments: dict[str, Any], blobs: list[bytes]) -> Message:
    """One call of the decoder. What is wrong with the input is in `invalid`."""
    try:
        match name:
            case "image":
                return _clean_image(blobs[0], **arguments)
            case "display":
                return {}, [make_display(blobs[0], **arguments)]
            case "open":
                _reader.open(**arguments)
            case "rows":
                return _reader.next_rows()
            case "read":
                return _reader.read(**arguments)
            case "close":
                _reader.close()
    except UnpacksTooLarge as error:
        return {"invalid": error.detail, "is_whole_file": True}, []
    except Invalid as error:
        return {"invalid": error.detail}, []
    return {}, []


warnings.simplefilter("ignore")  # of decoders on odd files: nobody reads them here
