"""Images, batches and files that kill their decoder or their worker: by real processes that are really killed."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable

import pytest
from django.core.files.storage import default_storage
from django.db import connections

from annotator import tasks
from annotator.errors import Invalid
from annotator.importing import stage_upload
from annotator.importing.ingest_batch import IMAGE_GIVEN_UP, LINE_GIVEN_UP, ingest_batch
from annotator.importing.lifecycle import create_import, pending_batches, staged_name
from annotator.lib.attempts import ATTEMPTS_MAX
from annotator.models import Import, ImportBatch, Pair
from tests.factories import CampaignFactory
from tests.importing.imported import counts, errors_of, ingested, lines_file, pair_line, staged, uploads
from tests.pictures import picture_file
from tests.waiting import wait_until


def killed(work: Callable[[], object]) -> bool:
    """Whether a process of its own that does the work is killed by it."""
    connections.close_all()  # or the fork would end our sessions with its own
    pid = os.fork()
    if not pid:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


@pytest.mark.django_db
def test_an_image_that_kills_its_decoder_is_refused_after_three_attempts_and_the_rest_goes_on(folder, deadly_decoder, caplog):
    (folder / "0.png").write_bytes(b"kills its decoder")
    import_ = ingested(staged(CampaignFactory(), lines_file(folder, pair_line(), pair_line(2, 3))))
    assert counts(import_) == ("done", 2, 2, 1, 1, 0)
    assert errors_of(import_) == [(1, "image_a", IMAGE_GIVEN_UP)]
    assert caplog.text.count("stopped its decoder: it was ended by SIGKILL") == ATTEMPTS_MAX
    assert uploads() == []


@pytest.mark.django_db(transaction=True)
def test_an_image_that_kills_its_worker_is_set_aside_by_the_fourth(folder, deadly_decoder):
    (folder / "2.png").write_bytes(b"kills its worker")
    import_ = staged(CampaignFactory(), lines_file(folder, pair_line(), pair_line(2, 3)))
    [batch_id] = pending_batches(import_id=import_.pk)

    for number in range(1, ATTEMPTS_MAX + 1):
        assert killed(lambda: ingest_batch(batch_id=batch_id))
        batch = ImportBatch.objects.get()
        assert (batch.attempts, max(batch.image_attempts.values()), batch.done_at) == (number, number, None)
    assert not killed(lambda: ingest_batch(batch_id=batch_id))

    import_.refresh_from_db()
    assert counts(import_) == ("done", 2, 2, 1, 1, 0)
    assert errors_of(import_) == [(2, "image_a", IMAGE_GIVEN_UP)]


@pytest.mark.django_db(transaction=True)
def test_a_file_that_kills_its_reader_fails_with_a_reason(folder, deadly_decoder):
    path = lines_file(folder, pair_line(), name="kills-its-reader.jsonl")
    import_ = create_import(campaign=CampaignFactory(), file_name=path.name, by=None)
    with pytest.raises(Invalid):
        stage_upload.stage_file(import_=import_, path=path, root=folder)
    assert (import_.state, import_.attempts, import_.error) == ("failed", ATTEMPTS_MAX, stage_upload.GIVEN_UP)


@pytest.mark.django_db(transaction=True)
def test_the_attempt_of_a_reader_that_was_killed_is_not_lost(folder):
    import_ = create_import(campaign=CampaignFactory(), file_name="pairs.jsonl", by=None)
    path = lines_file(folder, pair_line())

    def die(fraction: float, lines: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    for number in range(1, ATTEMPTS_MAX + 1):
        assert killed(lambda: stage_upload.stage_file(import_=import_, path=path, root=folder, on_progress=die))
        assert list(Import.objects.values_list("state", "attempts")) == [("reading", number)]
    with pytest.raises(Invalid, match="begun 3 times"):
        stage_upload.stage_file(import_=import_, path=path, root=folder)
    assert Import.objects.get().state == "failed"


@pytest.mark.worker
def test_a_batch_whose_celery_worker_is_killed_three_times_is_refused_and_the_next_is_imported(
    celery_worker_process, folder, monkeypatch
):
    monkeypatch.setattr(stage_upload, "LINES_PER_BATCH", 1)
    import_ = staged(CampaignFactory(), lines_file(folder, pair_line(), pair_line(2, 3)))
    first, second = pending_batches(import_id=import_.pk)
    for number in range(2):  # the worker stands still where it reads these
        staged_file = default_storage.path(staged_name(import_.pk, hashlib.sha256(picture_file(number)).hexdigest()))
        os.unlink(staged_file)
        os.mkfifo(staged_file)
    last_killed = None
    tasks.ingest_batch.apply_async(args=[first])
    for number in range(1, ATTEMPTS_MAX + 1):
        wait_until(lambda number=number: ImportBatch.objects.get(pk=first).attempts == number, seconds=60)
        last_killed = wait_until(lambda last=last_killed: celery_worker_process.other_child_than(last), seconds=60)
        os.kill(last_killed, signal.SIGKILL)
    tasks.ingest_batch.apply_async(args=[second])

    wait_until(lambda: Import.objects.get().state == "done", seconds=60)
    import_.refresh_from_db()
    assert errors_of(import_) == [(1, "", LINE_GIVEN_UP)]
    assert counts(import_) == ("done", 2, 2, 1, 1, 0)
    assert Pair.objects.count() == 1
