"""Pictures to import: drawn, and packed into a ZIP."""

from __future__ import annotations

import json
import secrets
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 1024
FORMATS: dict[str, dict[str, int]] = {"JPEG": {"quality": 92}, "PNG": {}, "WEBP": {"quality": 90}}


def draw(seed: int) -> Image.Image:
    """Soft shapes under fine noise, about as hard to encode as what generators make."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=np.int16)
    return Image.fromarray((pixels + rng.normal(0, 2.5, (SIDE, SIDE, 1)).astype(np.int16)).clip(0, 255).astype(np.uint8))


def encode(picture: Image.Image, format: str, **options: int) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def drawn_file(format: str, seed: int = 1) -> bytes:
    return encode(draw(seed), format, **FORMATS[format])


def drawn_files(format: str, count: int) -> list[bytes]:
    """Files that the site has never seen: a few pictures, each file with other bytes behind its end, which are dropped."""
    pictures = [drawn_file(format, seed) for seed in range(4)]
    return [pictures[number % len(pictures)] + secrets.token_bytes(8) for number in range(count)]


def zip_of(files: list[bytes], format: str, path: Path) -> None:
    """A ZIP for import: a prompt for each two images, and so a pair."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        lines = []
        for number in range(0, len(files) - 1, 2):
            names = [f"{number + side}.{format.lower()}" for side in range(2)]
            for name, data in zip(names, files[number : number + 2], strict=True):
                archive.writestr(name, data)
            lines.append(json.dumps({"prompt": f"Prompt {number} of {path.stem}", "image_a": names[0], "image_b": names[1]}))
        archive.writestr("pairs.jsonl", "\n".join(lines))
