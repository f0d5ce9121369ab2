"""A whole import, from a ZIP to pairs that can be judged, and what it takes of the machine."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.db import connection, connections
from django.urls import reverse

from annotator.campaigns.lifecycle import create_campaign
from annotator.importing.display_copies import make_displays_of
from annotator.importing.images import DISPLAY_WIDTHS
from annotator.importing.ingest_batch import ingest_batch
from annotator.importing.lifecycle import create_import, pending_batches
from annotator.importing.stage_upload import stage_file
from annotator.local.import_worker import begin
from annotator.models import Image as ImageRow
from annotator.models import Import, ImportBatch, Member
from benchmarks.support.campaigns import make_annotators
from benchmarks.support.pictures import drawn_files, zip_of


class Meter:
    """Processor seconds of this process, all that it starts, and the database server; and the most memory that they had."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend = psutil.Process(cursor.fetchone()[0])
        self.database = backend.parent() or backend

    def seconds(self) -> dict[str, float]:
        python, database = cpu_of_tree(psutil.Process()), cpu_of_tree(self.database)
        is_ours = self.database in psutil.Process().children(recursive=True)
        return {"python": python - database if is_ours else python, "database": database}


def cpu_of_tree(process: psutil.Process) -> float:
    """Of a process and its children, the ended ones included."""
    times = process.cpu_times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in process.children():
        try:
            total += cpu_of_tree(child)
        except psutil.NoSuchProcess:
            continue
    return float(total)


def most_memory() -> float:
    """Megabytes that the child processes have had at most, with what they share counted for each."""
    total = 0
    for child in psutil.Process().children(recursive=True):
        lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return total / 1000


def warm_up(batch_id: int) -> None:
    """A worker and its decoder have started and imported something long before an import comes."""
    ingest_batch(batch_id=batch_id)
    time.sleep(0.5)  # so that no process takes two


def staged(path: Path) -> Import:
    """The import of a file, in a campaign of its own, read and cut into batches."""
    campaign = create_campaign(slug=f"import-{path.stem}-{time.time_ns()}", name="Import", by=None)
    import_ = create_import(campaign=campaign, file_name=path.name, by=None, column_map={})
    stage_file(import_=import_, path=path, root=None)
    return import_


def import_zip(path: Path, processes: int) -> dict[str, Any]:
    """Import it in processes of their own, as `import_pairs --here` does. Seconds, by the clock and of the processor."""
    meter = Meter()
    databases = {alias: connections[alias].settings_dict for alias in connections}
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=begin,
        initargs=(databases, settings.STORAGES),
    )
    with pool:
        for number in range(processes):
            small = path.with_name(f"warm-{number}.zip")
            zip_of(drawn_files("JPEG", 2), "JPEG", small)
            pool.submit(warm_up, *pending_batches(import_id=staged(small).pk))
        list(pool.map(time.sleep, [0.5] * processes))
        before, start = meter.seconds(), time.time()
        import_ = staged(path)
        then, staged_at = meter.seconds(), time.time()
        for future in [pool.submit(ingest_batch, batch_id=batch_id) for batch_id in pending_batches(import_id=import_.pk)]:
            future.result()
        import_.refresh_from_db()
        seconds = time.time() - start
        after = meter.seconds()
        memory = most_memory()
        ids = list(ImageRow.objects.filter(prompt__campaign=import_.campaign).values_list("pk", flat=True))
        list(pool.map(make_displays_of, [ids[at : at + 10] for at in range(0, len(ids), 10)]))
        later = meter.seconds()
    assert not import_.lines_failed, list(import_.line_errors.values_list("message", flat=True))[:3]
    first = ImportBatch.objects.filter(batch_of=import_).order_by("done_at").values_list("done_at", flat=True)[0]

    def total(end: dict[str, float], begin: dict[str, float]) -> float:
        return sum(end.values()) - sum(begin.values())

    return {
        "images": len(ids),
        "seconds": seconds,
        "first_pair_seconds": first.timestamp() - start,
        "staging_seconds": staged_at - start,
        "staging_cpu": total(then, before),
        "ingest_cpu": total(after, then),
        "database_cpu": after["database"] - before["database"],
        "later_cpu": total(later, after),
        "memory_mb": memory,
    }


def member_with_images(count: int) -> tuple[Member, list[str]]:
    """A member of a campaign with images in storage, and the addresses of their copies for display."""
    with tempfile.TemporaryDirectory(prefix="bench-serve-") as folder:
        path = Path(folder) / "pictures.zip"
        zip_of(drawn_files("JPEG", count), "JPEG", path)
        import_ = staged(path)
        for batch_id in pending_batches(import_id=import_.pk):
            ingest_batch(batch_id=batch_id)
    campaign = import_.campaign
    images = list(ImageRow.objects.filter(prompt__campaign=campaign))
    make_displays_of([image.pk for image in images])
    (user,) = make_annotators(campaign, 1, name=f"looks-{campaign.pk}")
    return Member.objects.get(user=user, campaign=campaign), [
        reverse("image", args=[image.public_id, width]) for image in images for width in DISPLAY_WIDTHS
    ]
