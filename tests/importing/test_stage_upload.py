"""An import on its way from a file to batches: what is staged, recorded, refused and given up."""

from __future__ import annotations

import json
import zipfile
from base64 import b64encode
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from annotator.choices import ImportState
from annotator.errors import Conflict, Invalid
from annotator.importing import stage_upload
from annotator.importing.archives import NoFolder
from annotator.importing.lifecycle import create_import, fail_import, pending_batches, staged_folder, staged_name
from annotator.importing.stage_upload import LINES_PER_BATCH, read_upload, stage_file
from annotator.lib.storage import put_file
from annotator.models import Campaign, Delivery, Import, ImportBatch, LineError, Pair
from tests.factories import CampaignFactory, ImportFactory, QuestionFactory, WebhookFactory
from tests.importing.imported import (
    at_once,
    counts,
    errors_of,
    imported,
    ingested,
    lines_file,
    pair_line,
    set_line,
    staged,
    uploads,
)
from tests.pictures import picture_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    campaign = CampaignFactory()
    WebhookFactory(campaign=campaign, events=["import.finished"])
    return campaign


def bytes_of(number: int) -> str:
    return b64encode(picture_file(number)).decode()


def staged_lines(campaign: Campaign, folder: Path, *lines: object) -> Import:
    path = folder / "pairs.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    import_ = create_import(campaign=campaign, file_name=path.name, by=None)
    stage_file(import_=import_, path=path, root=None)
    return import_


def originals(import_: Import) -> list[Path]:
    return [path for path in Path(default_storage.path(staged_folder(import_.pk))).rglob("*") if path.is_file()]


def test_an_image_is_staged_once_however_often_it_is_used(campaign, tmp_path):
    lines = [{"prompt": f"Prompt {n}", "image_a": {"bytes": bytes_of(0)}, "image_b": {"bytes": bytes_of(n)}} for n in (1, 2, 1)]
    import_ = staged_lines(campaign, tmp_path, *lines)

    assert (import_.state, import_.lines_total, import_.lines_failed) == (ImportState.RUNNING, 3, 0)
    assert len(originals(import_)) == 3
    for entry in ImportBatch.objects.get().lines:
        for image in entry["line"]["images"]:
            assert default_storage.exists(staged_name(import_.pk, image["sha256"]))
    assert not Delivery.objects.exists()  # not finished yet


def test_lines_that_cannot_be_are_recorded_and_an_import_of_these_alone_is_finished(campaign, tmp_path):
    same = {"bytes": bytes_of(0)}
    import_ = staged_lines(campaign, tmp_path, {"prompt": "Twins", "image_a": same, "image_b": same}, {"prompt": "No images"})

    assert (import_.state, import_.lines_done, import_.lines_failed) == (ImportState.DONE, 2, 2)
    assert import_.finished_at is not None
    assert list(import_.line_errors.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert import_.line_errors.get(number=1).field == "image_b"
    assert json.loads(Delivery.objects.get().body)["data"]["lines_failed"] == 2
    assert pending_batches(import_id=import_.pk) == []


def test_a_file_without_lines_fails_the_import_once(campaign, tmp_path):
    with pytest.raises(Invalid) as error:
        staged_lines(campaign, tmp_path)

    import_ = Import.objects.get()
    assert (import_.state, import_.error) == (ImportState.FAILED, error.value.detail)
    fail_import(import_id=import_.pk, reason="Something else.")
    import_.refresh_from_db()
    assert import_.error == error.value.detail
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
    import_ = staged_lines(campaign, tmp_path, *[line] * (2 * LINES_PER_BATCH + 1))

    batches = list(import_.batches.order_by("number"))
    assert [len(batch.lines) for batch in batches] == [LINES_PER_BATCH, LINES_PER_BATCH, 1]
    assert pending_batches(import_id=import_.pk) == [batch.pk for batch in batches]


def test_nothing_is_read_of_an_import_that_is_not_there():
    assert read_upload(import_id=10**9) == []


def test_recorded_errors_are_bounded_and_counted_all(campaign, folder, monkeypatch):
    monkeypatch.setattr(stage_upload, "MAX_RECORDED_ERRORS", 3)
    import_ = staged(campaign, lines_file(folder, *[{"prompt": ""}] * 5))
    assert import_.lines_failed == 5
    assert import_.line_errors.count() == 3


def test_text_that_postgres_cannot_keep_never_reaches_it(campaign, folder):
    path = folder / "pairs.jsonl"
    path.write_bytes(
        b'{"prompt": "a\\u0000b", "image_a": "0.png", "image_b": "1.png"}\n'
        b'{"prompt": "a", "image_a": "0.png", "image_b": "1.png", "metadata": {"x": "\\ud800"}}\n'
        b'{"prompt": "a", "image_a": "0.png", "image_b": "1.png", "metadata": {"x": 1e999}}\n'
        b'{"prompt": "a", "image_a": "0.png", "image_b": "1.png", "metadata": {"x": ' + b"9" * 4000 + b"}}\n"
        b'{"prompt": "a", "image_a": "0.png\\u0000", "image_b": "1.png"}\n'
        b'{"prompt": "a", "prompt\\u0000": 1, "image_a": "\\u0007.png", "image_b": "1.png"}\n'
    )
    import_ = imported(campaign, path)
    assert counts(import_) == ("done", 6, 6, 5, 1, 0)
    assert Pair.objects.get().metadata == {"x": int("9" * 4000)}


def test_an_upload_is_read_once_and_removed(campaign, folder):
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        archive.writestr("x.jsonl", json.dumps(pair_line()))
        for n in range(2):
            archive.write(folder / f"{n}.png", f"{n}.png")
    name = default_storage.save("uploads/the-upload", ContentFile((folder / "x.zip").read_bytes()))
    import_ = create_import(campaign=campaign, file_name="x.zip", by=None, stored_name=name)

    batch_ids = read_upload(import_id=import_.pk)

    assert not default_storage.exists(name)
    Import.objects.filter(pk=import_.pk).update(stored_name=name)  # as if cut off before that was noted
    assert read_upload(import_id=import_.pk) == batch_ids
    assert counts(ingested(import_)) == ("done", 1, 1, 0, 1, 0)
    assert read_upload(import_id=import_.pk) == []
    assert uploads() == []


def test_an_upload_that_cannot_be_read_fails_the_import_with_the_reason(campaign):
    name = default_storage.save("uploads/the-upload", ContentFile(b"\xff\xfe"))
    import_ = create_import(campaign=campaign, file_name="x.jsonl", by=None, stored_name=name)
    assert read_upload(import_id=import_.pk) == []
    import_.refresh_from_db()
    assert (import_.state, import_.finished_at is not None) == ("failed", True)
    assert "UTF-16" in import_.error
    assert uploads() == []


def test_paths_in_an_upload_are_refused_line_by_line(campaign, tmp_path):
    (tmp_path / "0.png").write_bytes(picture_file(0))
    body = json.dumps(pair_line()) + "\n" + json.dumps(pair_line() | {"image_a": "/etc/passwd"})
    name = default_storage.save("uploads/the-upload", ContentFile(body.encode()))
    import_ = create_import(campaign=campaign, file_name="x.jsonl", by=None, stored_name=name)
    read_upload(import_id=import_.pk)
    with pytest.raises(Invalid) as refused:
        NoFolder().read("0.png")
    assert [message for _, _, message in errors_of(import_)] == [refused.value.detail] * 2


def test_an_upload_that_is_gone_fails_the_import(campaign):
    import_ = create_import(campaign=campaign, file_name="x.jsonl", by=None, stored_name="uploads/gone")
    assert read_upload(import_id=import_.pk) == []
    import_.refresh_from_db()
    assert import_.state == ImportState.FAILED


def test_an_import_that_only_its_command_could_read_is_given_up(campaign):
    import_ = create_import(campaign=campaign, file_name="x.jsonl", by=None)
    assert read_upload(import_id=import_.pk) == []
    import_.refresh_from_db()
    assert import_.state == ImportState.FAILED
    assert "interrupted" in import_.error
    assert read_upload(import_id=0) == []


def test_a_file_that_cannot_be_read_fails_the_import_and_leaves_nothing(campaign, folder):
    path = folder / "pairs.csv"
    path.write_bytes(b"prompt,image_a,image_b\np,0.png,1.png\n" + b'a","\n' * 1500)
    import_ = create_import(campaign=campaign, file_name="pairs.csv", by=None)
    with pytest.raises(Invalid, match="do not match"):
        stage_file(import_=import_, path=path, root=folder)
    assert (import_.state, import_.batches.count(), import_.line_errors.count()) == ("failed", 0, 0)
    assert uploads() == []


def test_staging_that_was_cut_off_is_done_anew(campaign, folder):
    path = lines_file(folder, pair_line(), {"prompt": ""})
    import_ = create_import(campaign=campaign, file_name="pairs.jsonl", by=None)

    def stop(fraction: float, lines: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stage_file(import_=import_, path=path, root=folder, on_progress=stop)
    assert (import_.state, import_.batches.count()) == ("reading", 0)

    stage_file(import_=import_, path=path, root=folder)
    stage_file(import_=import_, path=path, root=folder)

    assert counts(ingested(import_)) == ("done", 2, 2, 1, 1, 0)


def test_lines_go_into_batches_of_bounded_lines_and_images(campaign, folder):
    lines = [pair_line(prompt=f"prompt {n}") for n in range(30)] + [set_line(*range(8), prompt=f"set {n}") for n in range(13)]
    import_ = staged(campaign, lines_file(folder, *lines))
    sizes = [len(batch.lines) for batch in import_.batches.order_by("number")]
    assert sizes == [25, 16, 2]
    assert [batch.number for batch in import_.batches.order_by("number")] == [1, 2, 3]
    assert len(uploads()) == 8


def test_progress_is_told_line_by_line(campaign, folder):
    told: list[tuple[float, int]] = []
    import_ = create_import(campaign=campaign, file_name="pairs.jsonl", by=None)
    path = lines_file(folder, pair_line(), {"prompt": ""}, pair_line(2, 3))
    stage_file(import_=import_, path=path, root=folder, on_progress=lambda *now: told.append(now))
    assert [lines for _, lines in told] == [1, 2, 3]
    assert told[-1][0] == 1.0


@pytest.mark.parametrize("column_map", [{"picture": "x"}, {"image_a": ""}, {"image_a": "x" * 201}, {"image_a": "\0"}])
def test_a_column_map_that_is_none_is_refused(campaign, column_map):
    with pytest.raises(Invalid) as caught:
        create_import(campaign=campaign, file_name="x.jsonl", by=None, column_map=column_map)
    assert "column_map" in caught.value.errors


def test_any_file_name_can_be_kept(campaign):
    import_ = create_import(campaign=campaign, file_name="x\0\ud800" + "y" * 300 + ".csv", by=None)
    import_.refresh_from_db()
    assert len(import_.file_name) == 255
    assert import_.file_name.endswith(".csv")


@pytest.mark.django_db(transaction=True)
def test_an_import_is_read_by_one_process_at_a_time(campaign, folder):
    import_ = create_import(campaign=campaign, file_name="pairs.jsonl", by=None)
    path = lines_file(folder, pair_line())
    raised: list[Exception | None] = []

    def meanwhile(fraction: float, lines: int) -> None:
        raised.extend(
            at_once(
                lambda: stage_file(import_=Import.objects.get(pk=import_.pk), path=path, root=folder),
                lambda: read_upload(import_id=import_.pk),
            )
        )

    stage_file(import_=import_, path=path, root=folder, on_progress=meanwhile)

    assert isinstance(raised[0], Conflict)
    assert raised[1] is None
    assert counts(ingested(import_)) == ("done", 1, 1, 0, 1, 0)
    assert LineError.objects.count() == 0


def test_gold_choices_are_those_of_the_primary_question(folder):
    campaign = CampaignFactory(question=None)
    QuestionFactory(campaign=campaign, choices=["a", "b"])
    import_ = imported(campaign, lines_file(folder, pair_line(gold_choice="both_bad"), pair_line(gold_choice="a")))
    assert counts(import_)[3:] == (1, 1, 0)
