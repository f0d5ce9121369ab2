"""The pictures of a campaign in one import file, and what a person who knows them can tell about an image they see."""

from __future__ import annotations

import hashlib
import io
import json
import os
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from annotator.demo.drawing import draw
from annotator.demo.scenes import Picture, plan_pictures

LINES_NAME = "scenes.jsonl"
THUMBNAIL = (16, 16)
CERTAIN = 0.5  # the nearest picture must be nearer than this share of the distance to the second nearest
ZIP_TIME = (2026, 1, 1, 0, 0, 0)  # fixed, so that the same pictures are the same file


class NotRecognised(Exception):
    """An image was served that is none of the pictures, or might be two of them."""


def draw_album(path: Path, first: int, last: int, *, on_drawn: Callable[[], None]) -> None:
    """Draw the pictures for the prompts `first` up to, not including, `last` into the ZIP at `path`.

    An import file in the form of k images per prompt. It appears when it is whole; one that is there is left alone.
    """
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    pictures = plan_pictures(first, last)
    with zipfile.ZipFile(unfinished, "w") as archive:
        for picture in pictures:
            archive.writestr(zipfile.ZipInfo(picture.file_name, ZIP_TIME), draw(picture))
            on_drawn()
        archive.writestr(zipfile.ZipInfo(LINES_NAME, ZIP_TIME), "".join(json.dumps(line) + "\n" for line in lines_of(pictures)))
    os.replace(unfinished, path)


def lines_of(pictures: list[Picture]) -> list[dict[str, Any]]:
    """The lines of the import file: one per prompt, with its images."""
    lines: dict[int, dict[str, Any]] = {}
    for picture in pictures:
        line = lines.setdefault(
            picture.number,
            {
                "external_id": f"scene-{picture.number:03}",
                "prompt": picture.prompt,
                "category": picture.category,
                "language": "en",
                "images": [],
            },
        )
        line["images"].append({"image": picture.file_name, "generator": picture.generator, "seed": picture.seed})
    return list(lines.values())


@dataclass(frozen=True)
class Known:
    """A picture, the sha256 of its file, and a tiny copy to know it by."""

    picture: Picture
    sha256: str
    thumbnail: np.ndarray


class Album:
    """The drawn pictures of one or more import files."""

    def __init__(self, paths: list[Path]) -> None:
        by_file_name = {picture.file_name: picture for picture in plan_pictures(0, sum(map(count_prompts, paths)))}
        self.known: list[Known] = []
        for path in paths:
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name != LINES_NAME:
                        data = archive.read(name)
                        self.known.append(Known(by_file_name[name], hashlib.sha256(data).hexdigest(), thumbnail_of(data)))
        self.by_sha256 = {known.sha256: known.picture for known in self.known}
        self._thumbnails = np.stack([known.thumbnail for known in self.known])
        self._seen: dict[bytes, Picture] = {}
        self._lock = threading.Lock()

    def recognise(self, data: bytes) -> Picture:
        """Which picture the image shows, whatever its size and format. Raises NotRecognised."""
        key = hashlib.sha256(data).digest()
        with self._lock:
            if key in self._seen:
                return self._seen[key]
        distances = np.linalg.norm(self._thumbnails - thumbnail_of(data), axis=1)
        nearest, second = np.argsort(distances)[:2]
        if distances[nearest] > CERTAIN * distances[second]:
            raise NotRecognised("The site served an image that was not imported.")
        picture = self.known[nearest].picture
        with self._lock:
            self._seen[key] = picture
        return picture


def count_prompts(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return len(archive.read(LINES_NAME).splitlines())


def thumbnail_of(data: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(data))
    image.draft("RGB", (4 * THUMBNAIL[0], 4 * THUMBNAIL[1]))  # a JPEG is decoded at an eighth, which is enough
    small = image.convert("RGB").resize(THUMBNAIL, Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32).ravel()
