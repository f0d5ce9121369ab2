"""Styles are written in parts, one for each part of a page, and served as one file: a page is not drawn before it has them all.

settings.STATIC_PARTS names the parts. django-pipeline would join them only for production, under tags of its own, so that
the tests would load other files than people do.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import FileSystemFinder
from django.core.files.storage import FileSystemStorage


class PartsFinder(FileSystemFinder):
    """Finds the files of STATICFILES_DIRS, with joined files in the place of their parts."""

    def find(self, path: str, find_all: bool = False) -> Any:
        if path not in settings.STATIC_PARTS:
            return super().find(path, find_all=True) if find_all else super().find(path)
        found = str(join_parts(path))
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        folders = {str(PurePosixPath(path).with_suffix("")) for path in settings.STATIC_PARTS}
        for path, storage in super().list(ignore_patterns):
            if str(PurePosixPath(path).parent) not in folders:
                yield path, storage
        for path in settings.STATIC_PARTS:
            join_parts(path)
            yield path, FileSystemStorage(location=settings.STATIC_JOINED)


def layered(part: Path) -> str:
    """The text of a part, in its layer of settings.STATIC_LAYERS if it has one."""
    name = str(part.relative_to(Path(settings.BASE_DIR, "static")))
    layers = [
        (len(start), layer) for layer, starts in settings.STATIC_LAYERS.items() for start in starts if name.startswith(start)
    ]
    text = part.read_text()
    return f"@layer {max(layers)[1]} {{\n{text}}}\n" if layers else text  # the longest start is the most exact


def join_parts(path: str) -> Path:
    """Join the parts of a file. It is written only if it is not there as it should be, because its time tells of changes."""
    folder, suffix = Path(settings.BASE_DIR, "static", path).with_suffix(""), Path(path).suffix
    parts = [layered(folder / (part + suffix)) for part in settings.STATIC_PARTS[path]]
    if any(part.startswith("@layer") for part in parts):
        parts.insert(0, f"@layer {', '.join(settings.STATIC_LAYERS)};")
    text = "\n".join(parts)
    joined = Path(settings.STATIC_JOINED, path)
    if not joined.exists() or joined.read_text() != text:
        joined.parent.mkdir(parents=True, exist_ok=True)
        new = joined.with_name(f"{joined.name}.{os.getpid()}")
        new.write_text(text)
        new.replace(joined)
    return joined
