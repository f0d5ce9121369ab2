"""An import on its way from a file to batches."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from annotator.choices import ImportState
from annotator.errors import Invalid
from annotator.importing.stage_upload import (
    LINES_PER_BATCH,
    create_import,
    fail_import,
    pending_batches,
    read_upload,
    stage_file,
    staged_folder,
    staged_name,
)
from annotator.lib.storage import put_file
from annotator.models import Campaign, Delivery, Import, ImportBatch
from tests.factories import CampaignFactory, ImportFactory, WebhookFactory
from tests.pictures import picture_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    campaign = CampaignFactory()
    WebhookFactory(campaign=campaign, events=["import.finished"])
    return campaign


def bytes_of(number: int) -> str:
    return b64encode(picture_file(number)).decode()


def staged(campaign: Campaign, folder: Path, *lines: object) -> Import:
    path = folder / "pairs.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    import_ = create_import(campaign=campaign, file_name=path.name, by=None)
    stage_file(import_=import_, path=path, root=None)
    return import_


def originals(import_: Import) -> list[Path]:
    return [path for path in Path(default_storage.path(staged_folder(import_.pk))).rglob("*") if path.is_file()]


def test_an_image_is_staged_once_however_often_it_is_used(campaign, tmp_path):
    lines = [{"prompt": f"Prompt {n}", "image_a": {"bytes": bytes_of(0)}, "image_b": {"bytes": bytes_of(n)}} for n in (1, 2, 1)]
    import_ = staged(campaign, tmp_path, *lines)

    assert (import_.state, import_.lines_total, import_.lines_failed) == (ImportState.RUNNING, 3, 0)
    assert len(originals(import_)) == 3
    for entry in ImportBatch.objects.get().lines:
        for image in entry["line"]["images"]:
            assert default_storage.exists(staged_name(import_.pk, image["sha256"]))
    assert not Delivery.objects.exists()  # not finished yet


def test_lines_that_cannot_be_are_recorded_and_an_import_of_these_alone_is_finished(campaign, tmp_path):
    same = {"bytes": bytes_of(0)}
    import_ = staged(campaign, tmp_path, {"prompt": "Twins", "image_a": same, "image_b": same}, {"prompt": "No images"})

    assert (import_.state, import_.lines_done, import_.lines_failed) == (ImportState.DONE, 2, 2)
    assert import_.finished_at is not None
    assert list(import_.line_errors.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert import_.line_errors.get(number=1).field == "image_b"
    assert json.loads(Delivery.objects.get().body)["data"]["lines_failed"] == 2
    assert pending_batches(import_id=import_.pk) == []


def test_a_file_without_lines_fails_the_import_once(campaign, tmp_path):
    with pytest.raises(Invalid) as refusal:
        staged(campaign, tmp_path)

    import_ = Import.objects.get()
    assert (import_.state, import_.error) == (ImportState.FAILED, refusal.value.detail)
    fail_import(import_id=import_.pk, reason="Something else.")
    import_.refresh_from_db()
    assert import_.error == refusal.value.detail
    assert Delivery.objects.count() == 1


def test_giving_up_removes_what_was_staged_but_never_of_an_import_that_is_read(campaign):
    waiting = ImportFactory(campaign=campaign, state=ImportState.READING)
    running = ImportFactory(campaign=campaign, state=ImportState.RUNNING)
    for import_ in (waiting, running):
        put_file(staged_name(import_.pk, "ab" * 32), b"original")
        fail_import(import_id=import_.pk, reason="It was interrupted.")
        import_.refresh_from_db()

    assert (waiting.state, running.state) == (ImportState.FAILED, ImportState.RUNNING)
    assert not originals(waiting)
    assert len(originals(running)) == 1


def test_pending_batches_come_in_the_order_of_the_file(campaign, tmp_path):
    line = {"prompt": "A red cube", "image_a": "https://images.test/1.png", "image_b": "https://images.test/2.png"}
    import_ = staged(campaign, tmp_path, *[line] * (2 * LINES_PER_BATCH + 1))

    batches = list(import_.batches.order_by("number"))
    assert [len(batch.lines) for batch in batches] == [LINES_PER_BATCH, LINES_PER_BATCH, 1]
    assert pending_batches(import_id=import_.pk) == [batch.pk for batch in batches]


def test_nothing_is_read_of_an_import_that_is_not_there():
    assert read_upload(import_id=10**9) == []
