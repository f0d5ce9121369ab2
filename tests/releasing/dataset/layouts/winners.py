"""Which image of a pair a picture is."""

from __future__ import annotations

import PIL.Image

from annotator.models import Pair


def sha256_of(picture: PIL.Image.Image, pair: Pair) -> str:
    """Of the image of the pair that it is, by its pixels' format: one is a PNG, the other a JPEG."""
    return (pair.image_a if picture.format == pair.image_a.format else pair.image_b).sha256
