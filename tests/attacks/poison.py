"""Files that are small and become large, sent by a manager: each is set aside with a reason, and nothing else suffers."""

from __future__ import annotations

import json
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pyarrow.parquet as pq

from annotator.accounts.api_tokens import create_token
from annotator.choices import Role
from annotator.models import Campaign, Member, User
from tests.attacks.target import Finding, Target, processes_of
from tests.attacks.visitor import Visitor
from tests.importing.poison import dictionary_bomb, page_bomb, png_of_nothing, with_lying_footer, zip_with_hidden_directory
from tests.pictures import picture_file

SLUG = "poisoned"
IMPORTS = f"/api/v1/campaigns/{SLUG}/imports/"
SECONDS = 120.0  # that an import may take
LIMIT_MB = 1536 + 500  # IMPORT_MEMORY_MB, and what the decoder's own program takes
MEGABYTE = 1024 * 1024


def run(target: Target) -> Iterator[Finding]:
    manager = Visitor(target, token=key_of_manager())
    workers = workers_of(target)
    with tempfile.TemporaryDirectory() as folder:
        for what, make in POISONS.items():
            path = make(Path(folder))
            yield is_set_aside(target, manager, f"{what}, {path.stat().st_size // 1024} KB", path)
        good = in_zip(Path(folder) / "good.zip", picture_file(1), picture_file(2))
        ended, _ = imported(target, manager, good)
    is_same = workers_of(target) == workers
    seen = f"{ended['state']}, {ended['pairs_added']} pair; {'the same' if is_same else 'other'} workers as before"
    yield Finding("poison: a good import afterwards", ended["pairs_added"] == 1 and is_same, seen)


def key_of_manager() -> str:
    campaign, _ = Campaign.objects.get_or_create(slug=SLUG, name="Poisoned")
    user = User.objects.create_user("poison-manager")
    Member.objects.create(campaign=campaign, user=user, role=Role.MANAGER)
    return create_token(user=user, scopes=["import"])[1]


def is_set_aside(target: Target, manager: Visitor, what: str, path: Path) -> Finding:
    ended, peak = imported(target, manager, path)
    reasons = [ended["error"], *(refused["message"] for refused in ended["line_errors"])]
    reason = next((text for text in reasons if text), "")
    is_held = ended["state"] in ("done", "failed") and not ended["pairs_added"] and bool(reason) and peak < LIMIT_MB * MEGABYTE
    return Finding(f"poison: {what}", is_held, f"{ended['state']}: {reason or 'no reason'} {peak // MEGABYTE} MB at most")


def imported(target: Target, manager: Visitor, path: Path) -> tuple[dict[str, Any], int]:
    """The import once it has ended or its time is over, and how many bytes of memory the workers took for it."""
    workers = workers_of(target)
    usual = peak = memory_of(workers)
    with path.open("rb") as file:
        sent = manager.post(IMPORTS, files={"file": (path.name, file)})
    if sent.status_code != 202:
        return {"state": "failed", "error": sent.text, "line_errors": [], "pairs_added": 0}, 0
    deadline = time.monotonic() + SECONDS
    while True:
        peak = max(peak, memory_of(workers))
        import_ = manager.get(httpx.URL(sent.headers["Location"]).path).json()
        if import_["state"] in ("done", "failed", "cancelled") or time.monotonic() > deadline:
            return import_, peak - usual
        time.sleep(0.05)


def workers_of(target: Target) -> set[psutil.Process]:
    return set(processes_of(target, "celery"))


def memory_of(workers: set[psutil.Process]) -> int:
    """Bytes, with their decoders."""
    family, total = set(workers), 0
    for worker in workers:
        with suppress(psutil.Error):
            family |= set(worker.children(recursive=True))
    for process in family:
        with suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def in_zip(path: Path, *images: bytes) -> Path:
    line = {"prompt": "a cat", "image_a": "0.png", "image_b": "1.png"}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("pairs.jsonl", json.dumps(line))
        for number, image in enumerate(images):
            archive.writestr(f"{number}.png", image)
    return path


def lying_pages(folder: Path) -> Path:
    """Half a gigabyte a page, and a footer that says it is a kilobyte."""
    path = page_bomb(folder / "pages.parquet", value_bytes=500_000_000, rows=1)
    return with_lying_footer(path, true=pq.read_metadata(path).row_group(0).column(1).total_uncompressed_size, said=1000)


POISONS: dict[str, Callable[[Path], Path]] = {
    "Parquet of one value of 30 MB in 200 images": lambda folder: dictionary_bomb(
        folder / "dictionary.parquet", value_bytes=30_000_000, rows=100
    ),
    "Parquet of a page of 500 MB whose footer says 1 KB": lying_pages,
    "ZIP whose zip64 record hides a list of 400 MB": lambda folder: zip_with_hidden_directory(
        folder / "hidden.zip", 100, at_end=True, said=400_000_000
    ),
    "PNG of 16 bits and 64 megapixels": lambda folder: in_zip(
        folder / "deep.zip", png_of_nothing(8000, 8000, bits=16), picture_file(3)
    ),
    "PNG of 60,000 × 60,000 pixels": lambda folder: in_zip(
        folder / "wide.zip", png_of_nothing(60_000, 60_000, bits=8, rows=10), picture_file(4)
    ),
}
