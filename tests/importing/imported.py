"""Imports as tests write, read and count them."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db import connections

from annotator.importing.create_rows import ReadyLine, StoredImage, add_lines
from annotator.importing.ingest_batch import ingest_batch
from annotator.importing.lifecycle import create_import, pending_batches
from annotator.importing.stage_upload import stage_file
from annotator.models import Campaign, Import


def lines_file(folder: Path, *lines: dict, name: str = "pairs.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def pair_line(first: int = 0, second: int = 1, prompt: str = "A red cube", **more) -> dict:
    return {"prompt": prompt, "image_a": f"{first}.png", "image_b": f"{second}.png"} | more


def set_line(*numbers: int, prompt: str = "A red cube", **more) -> dict:
    return {"prompt": prompt, "images": [{"image": f"{n}.png", "generator": f"g{n}", "seed": n} for n in numbers]} | more


def add_images(campaign: Campaign, *images: int, prompt: str = "A red cube", is_pair: bool = False, **changes: Any) -> None:
    """Add a line with these images as importing does, without their files. Image `n` is by the generator g0n."""
    line = {
        "prompt": prompt,
        "category": "",
        "language": "",
        "external_id": None,
        "metadata": {},
        "is_pair": is_pair,
        "gold_choice": None,
        "gold_note": "",
        "images": [{"field": f"image {n}", "generator": f"g{n:02}", "seed": n, "parameters": {}} for n in images],
    }
    files = [hashlib.sha256(f"{prompt} {n}".encode()).hexdigest() for n in images]
    stored = [StoredImage(file, "PNG", 64, 48, 1000, phash=n) for n, file in zip(images, files, strict=True)]
    assert not add_lines(campaign=campaign, lines=[ReadyLine(1, line | changes, stored)]).errors


def staged(campaign, path: Path, *, has_folder: bool = True, **options) -> Import:
    import_ = create_import(campaign=campaign, file_name=path.name, by=None, **options)
    stage_file(import_=import_, path=path, root=path.parent if has_folder else None)
    return import_


def ingested(import_: Import) -> Import:
    for batch_id in pending_batches(import_id=import_.pk):
        ingest_batch(batch_id=batch_id)
    import_.refresh_from_db()
    return import_


def imported(campaign, path: Path, **options) -> Import:
    return ingested(staged(campaign, path, **options))


def counts(import_: Import) -> tuple[str, int, int, int, int, int]:
    """State, lines in all, done and failed, pairs added and known."""
    return (
        import_.state,
        import_.lines_total,
        import_.lines_done,
        import_.lines_failed,
        import_.pairs_added,
        import_.pairs_known,
    )


def errors_of(import_: Import) -> list[tuple[int, str, str]]:
    return list(import_.line_errors.order_by("number").values_list("number", "field", "message"))


def uploads() -> list[str]:
    return [str(path) for path in Path(default_storage.path("uploads")).rglob("*") if path.is_file()]


def at_once(*calls) -> list[Exception | None]:
    """Run the calls in threads of their own, each with its own connection, from one start. Returns what each raised."""
    barrier = threading.Barrier(len(calls))
    raised: list[Exception | None] = [None] * len(calls)

    def run(index: int) -> None:
        try:
            barrier.wait(10)
            calls[index]()
        except Exception as error:
            raised[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[index]) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return raised
