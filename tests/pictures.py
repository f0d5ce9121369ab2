"""Small image files for the tests, drawn with Pillow, each different from the next."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image


def picture(number: int = 0, size: tuple[int, int] = (24, 16), mode: str = "RGB") -> Image.Image:
    """A gradient whose colours depend on the number (below 128), unlike in each corner."""
    ramp = Image.linear_gradient("L").resize(size)
    bands = [
        ramp.rotate(90 * band).resize(size).point(lambda v, band=band: v // 2 + (number + 40 * band) % 128) for band in range(3)
    ]
    return Image.merge("RGB", bands).convert(mode)


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def picture_file(number: int = 0, format: str = "PNG") -> bytes:
    return encoded(picture(number), format)


def decoded(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def write_pictures(folder: Path, count: int, format: str = "PNG") -> list[str]:
    """`count` different image files in the folder. Returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{number}.{format.lower()}" for number in range(count)]
    for number, name in enumerate(names):
        (folder / name).write_bytes(picture_file(number, format))
    return names
