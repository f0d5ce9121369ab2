"""What is shown in place of an unsafe image."""

from __future__ import annotations

import io

import numpy as np
import pytest
from django.core.files.storage import default_storage
from PIL import Image as Pictures

from annotator.importing.blurred import blurred_copy
from annotator.importing.images import display_name, new_display_id
from annotator.lib.storage import put_file
from tests.factories import ImageFactory

pytestmark = pytest.mark.django_db


def test_no_shape_is_left_of_it() -> None:
    stripes = np.zeros((480, 640, 3), dtype=np.uint8)
    stripes[:, ::4] = 255
    file = io.BytesIO()
    Pictures.fromarray(stripes).save(file, "WEBP", lossless=True)
    image = ImageFactory(display_id=new_display_id("a" * 64), displays_made=2)
    name = display_name(image.display_id, 640)
    put_file(name, file.getvalue())

    with Pictures.open(io.BytesIO(blurred_copy(image))) as blurred:
        pixels = np.asarray(blurred.convert("L"))

    assert blurred.size == (640, 480)
    assert pixels.std() < 4  # of the original: 110
    default_storage.delete(name)
    with pytest.raises(FileNotFoundError):
        blurred_copy(image)
