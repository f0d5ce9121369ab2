"""The quick decoder gives what Pillow gives, or leaves the file to Pillow."""

from __future__ import annotations

import random
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from annotator.importing import png_decoder
from annotator.importing.metadata_stripping import strip_png
from annotator.importing.png_decoder import decode_png
from tests.importing.poison import png_with

SIZE = (53, 37)


def noise(mode: str) -> Image.Image:
    channels = {"RGB": 3, "RGBA": 4, "L": 1, "LA": 2}[mode]
    pixels = np.random.default_rng(1).integers(0, 256, (SIZE[1], SIZE[0], channels), dtype=np.uint8)
    return Image.fromarray(pixels.squeeze(), mode)


def saved(image: Image.Image, **options) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def quickly(data: bytes) -> Image.Image | None:
    return decode_png(Image.open(BytesIO(data)), data)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("level", [0, 1, 9])
def test_its_pixels_are_those_of_pillow(mode, level):
    image = noise(mode)

    found = quickly(saved(image, compress_level=level))

    assert found is not None
    assert (found.mode, found.size, found.tobytes()) == (mode, SIZE, image.tobytes())


@pytest.mark.parametrize(
    "data",
    [
        saved(noise("L")),
        saved(noise("LA")),
        saved(noise("RGB").convert("P")),
        saved(noise("L").convert("1")),
        saved(noise("L").convert("I;16")),
        saved(noise("RGB"), transparency=(1, 2, 3)),
    ],
)
def test_other_kinds_are_left_to_pillow(data):
    assert quickly(data) is None


def test_other_formats_are_left_to_pillow():
    buffer = BytesIO()
    noise("RGB").save(buffer, "WEBP")

    assert quickly(buffer.getvalue()) is None


def test_a_large_one_is_left_to_pillow(monkeypatch):
    monkeypatch.setattr(png_decoder, "MAX_PIXELS", SIZE[0] * SIZE[1] - 1)

    assert quickly(saved(noise("RGB"))) is None


def test_what_is_damaged_is_left_to_pillow_or_comes_out_as_from_it():
    """With the sums of the chunks made right again, which are looked at before."""
    rows = b"".join(b"\1" + bytes(range(30)) for _ in range(10))
    whole = zlib.compress(rows)
    chance = random.Random(3)
    for _ in range(300):
        stream = bytearray(whole)
        stream[chance.randrange(2, len(stream) - 4)] ^= 1 << chance.randrange(8)
        data = png_with((b"IDAT", bytes(stream)), size=(10, 10))
        assert strip_png(data) is not None
        found = quickly(data)
        if found is not None:
            assert found.size == (10, 10)


@pytest.mark.parametrize("stream", [b"", zlib.compress(bytes(10)), zlib.compress(b"\x09" * 400), zlib.compress(bytes(310))[:-9]])
def test_pixels_that_are_missing_are_not_made_up(stream):
    assert quickly(png_with((b"IDAT", stream), size=(10, 10))) is None
