"""Import files as tests write and read them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from annotator.errors import Invalid
from annotator.importing.file_formats import open_import_file
from annotator.importing.parse_line import BadLine


def rows_of(path: Path, *, name: str = "", column_map: dict[str, str] | None = None) -> list[tuple[int, Any]]:
    """Number and value of each row; of a bad one, the reason."""
    with open_import_file(path, name=name or path.name, column_map=column_map or {}, root=path.parent) as file:
        return [(row.number, str(row.value) if isinstance(row.value, BadLine) else row.value) for row in file.rows]


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def error_of(path: Path, **options) -> str:
    with pytest.raises(Invalid) as caught:
        rows_of(path, **options)
    return caught.value.detail


def folder_of(path: Path):
    return open_import_file(path, name=path.name, column_map={}, root=path.parent)


def zipped(path: Path, members: Mapping[str, Any], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path
