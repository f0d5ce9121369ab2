"""Images from storage into Arrow columns: the same from a folder and from an object store."""

from __future__ import annotations

import pyarrow as pa
import pytest
from django.core.files.storage import default_storage

from annotator.errors import Conflict
from annotator.importing.images import CleanImage, full_name, ingest_image, store_image
from annotator.releasing.dataset.columns import IMAGE_REFERENCE_TYPE, IMAGE_TYPE
from annotator.releasing.dataset.embed_images import embed
from tests.pictures import picture_file


@pytest.fixture(params=["a folder", "an object store"])
def storage(request, settings, tmp_path) -> None:
    if request.param == "an object store":
        store = {"BACKEND": "tests.object_store.ObjectStore", "OPTIONS": {"location": str(tmp_path / "store")}}
        settings.STORAGES = {**settings.STORAGES, "default": store}


def stored_image(number: int, format: str = "PNG") -> CleanImage:
    clean = ingest_image(picture_file(number, format))
    store_image(clean)
    return clean


def references_to(*images: CleanImage) -> pa.StructArray:
    rows = [{"sha256": image.sha256, "format": image.format, "size": len(image.data)} for image in images]
    return pa.array(rows, IMAGE_REFERENCE_TYPE)


def test_images_stand_in_the_order_of_their_references_under_the_name_of_their_hash(storage):
    first, second = stored_image(1), stored_image(2, "JPEG")
    images = embed(references_to(second, first, second))
    assert images.type == IMAGE_TYPE
    assert images.to_pylist() == [
        {"bytes": second.data, "path": f"{second.sha256}.jpg"},
        {"bytes": first.data, "path": f"{first.sha256}.png"},
        {"bytes": second.data, "path": f"{second.sha256}.jpg"},
    ]


def test_no_references_give_no_images(storage):
    images = embed(references_to())
    assert (len(images), images.type) == (0, IMAGE_TYPE)


def test_a_missing_image_is_named(storage):
    there, gone = stored_image(1), stored_image(2)
    default_storage.delete(full_name(gone.sha256, gone.format))
    with pytest.raises(Conflict, match=f"The image {gone.sha256} is missing from storage.") as error:
        embed(references_to(there, gone))
    assert error.value.code == "image_missing"
