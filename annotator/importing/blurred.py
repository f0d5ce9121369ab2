"""What is shown in place of an image that a reviewer found unsafe."""

from __future__ import annotations

import io

from PIL import Image as Pictures

from annotator.importing.display_copies import display_file
from annotator.lib.storage import read_file
from annotator.models import Image

DETAIL = 12  # pixels on the longer side that are left of it: colours, and no shapes
SHOWN = 640


def blurred_copy(image: Image) -> bytes:
    """The image as WebP, blurred beyond recognition. Made of our own copy for display. Raises FileNotFoundError without one."""
    with Pictures.open(io.BytesIO(read_file(display_file(image, SHOWN)))) as picture:
        width, height = picture.size
        scale = DETAIL / max(width, height)
        few = picture.convert("RGB").resize(
            (max(1, round(width * scale)), max(1, round(height * scale))), Pictures.Resampling.BOX
        )
    file = io.BytesIO()
    few.resize((width, height), Pictures.Resampling.BICUBIC).save(file, "WEBP", quality=40)
    return file.getvalue()
