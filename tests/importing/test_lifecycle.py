"""Imports that are cancelled, in every state, with a worker at them or not."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from annotator.errors import Conflict
from annotator.importing import ingest_batch as batches
from annotator.importing import lifecycle, stage_upload
from annotator.importing.images import CleanImage, full_name, ingest_image, store_image
from annotator.models import Delivery, Import, ImportBatch, Pair
from tests.factories import CampaignFactory, ImportFactory, UserFactory, WebhookFactory
from tests.importing.imported import at_once, counts, imported, ingested, lines_file, pair_line, staged, uploads
from tests.pictures import picture_file

pytestmark = pytest.mark.django_db


def stored_images() -> set[str]:
    return {path.name for path in Path(default_storage.path("images")).glob("*/*")}


def cancelled(import_: Import, **options) -> Import:
    return lifecycle.cancel_import(import_=import_, by=None, **options)


def test_what_is_imported_stays_and_the_rest_is_removed(folder, monkeypatch):
    monkeypatch.setattr(stage_upload, "LINES_PER_BATCH", 1)
    campaign, user = CampaignFactory(), UserFactory()
    WebhookFactory(campaign=campaign, events=["import.finished"])
    import_ = staged(campaign, lines_file(folder, pair_line(), pair_line(2, 3)))
    Import.objects.update(stored_name=default_storage.save("uploads/upload", ContentFile(b"the upload")))
    first, second = lifecycle.pending_batches(import_id=import_.pk)
    batches.ingest_batch(batch_id=first)

    assert lifecycle.cancel_import(import_=import_, by=user).cancelled_by == user
    batches.ingest_batch(batch_id=second)

    import_.refresh_from_db()
    assert counts(import_) == ("cancelled", 2, 1, 0, 1, 0)
    assert (import_.has_leftovers, import_.stored_name, import_.finished_at is None) == (False, "", False)
    assert Pair.objects.count() == 1
    assert len(stored_images()) == 2
    assert uploads() == []
    assert '"state": "cancelled"' in Delivery.objects.get().body.replace('":"', '": "')
    assert lifecycle.pending_batches(import_id=import_.pk) == []


def test_twice_is_as_good_as_once_and_what_is_over_cannot_be_cancelled(folder):
    campaign, user = CampaignFactory(), UserFactory()
    WebhookFactory(campaign=campaign, events=["import.finished"])
    import_ = ImportFactory(campaign=campaign)
    at = lifecycle.cancel_import(import_=import_, by=user).finished_at
    again = cancelled(import_)
    assert (again.cancelled_by, again.finished_at) == (user, at)
    assert Delivery.objects.count() == 1
    with pytest.raises(Conflict, match="This import is done: it can no longer be cancelled"):
        cancelled(imported(campaign, lines_file(folder, pair_line())))


@pytest.mark.django_db(transaction=True)
def test_a_reader_notices_and_leaves_nothing(folder, monkeypatch):
    monkeypatch.setattr(stage_upload, "LOOK_EVERY", 0.0)
    import_ = ImportFactory()
    seen = []

    def cancel(fraction: float, lines: int) -> None:
        seen.append(lines)
        at_once(lambda: cancelled(import_))

    path = lines_file(folder, *(pair_line(n, n + 1) for n in range(5)))
    stage_upload.stage_file(import_=import_, path=path, root=folder, on_progress=cancel)

    assert counts(import_) == ("cancelled", 0, 0, 0, 0, 0)
    assert seen == [1]
    assert not ImportBatch.objects.exists()
    assert uploads() == []
    assert not Import.objects.get().has_leftovers


def test_a_worker_notices_before_the_next_image_and_removes_those_in_no_pair(folder, monkeypatch):
    other = CampaignFactory()
    imported(other, lines_file(folder, pair_line(0, 1)))
    import_ = staged(CampaignFactory(), lines_file(folder, pair_line(0, 2), pair_line(3, 4)))
    stored = []

    def store_and_cancel(image: CleanImage) -> None:
        store_image(image)
        stored.append(image.sha256)
        cancelled(import_)

    monkeypatch.setattr(batches, "store_image", store_and_cancel)
    assert counts(ingested(import_)) == ("cancelled", 2, 0, 0, 0, 0)

    assert len(stored) == 1
    assert len(stored_images()) == 2  # those of the other campaign
    assert uploads() == []


def test_an_image_that_somebody_is_about_to_use_is_left(folder):
    import_ = staged(CampaignFactory(), lines_file(folder, pair_line()))
    image = ingest_image(picture_file(0))
    store_image(image)
    ImportBatch.objects.update(image_attempts={image.sha256: 0})
    cancelled(import_)
    imported(CampaignFactory(), lines_file(folder, pair_line()))

    lifecycle.clear_import(import_id=import_.pk)

    assert default_storage.exists(full_name(image.sha256, image.format))
    assert lifecycle.imports_with_leftovers() == []
    assert uploads() == []


def test_what_is_not_cancelled_is_not_cleared(folder):
    import_ = staged(CampaignFactory(), lines_file(folder, pair_line()))
    lifecycle.clear_import(import_id=import_.pk)
    assert counts(ingested(import_)) == ("done", 1, 1, 0, 1, 0)
