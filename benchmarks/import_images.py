"""How many one-megapixel images a second are decoded, cleaned and made ready for display, on all cores.

    .venv/bin/python -m benchmarks.import_images [IMAGES]

The pictures are drawn here: soft shapes under fine noise, about as hard to encode as what generators make.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from annotator.importing.images import ingest_image

SIDE = 1024
FORMATS = {"JPEG": {"quality": 92}, "PNG": {}, "WEBP": {"quality": 90}}


def draw(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=np.int16)
    return Image.fromarray((pixels + rng.normal(0, 2.5, (SIDE, SIDE, 1)).astype(np.int16)).clip(0, 255).astype(np.uint8))


def encode(job: tuple[int, str]) -> bytes:
    seed, format = job
    buffer = BytesIO()
    draw(seed).save(buffer, format, **FORMATS[format])
    return buffer.getvalue()


def ingest(data: bytes) -> float:
    """CPU seconds of one image."""
    start = time.process_time()
    ingest_image(data)
    return time.process_time() - start


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    cores = len(os.sched_getaffinity(0))
    table = Table("format", "KB", "CPU ms an image", f"images/s on {cores} cores")
    with ProcessPoolExecutor(cores) as pool:
        for format in FORMATS:
            files = list(pool.map(encode, [(seed, format) for seed in range(count)], chunksize=4))
            start = time.perf_counter()
            seconds = sorted(pool.map(ingest, files, chunksize=4))
            rate = count / (time.perf_counter() - start)
            kilobytes = sum(map(len, files)) / count / 1000
            table.add_row(format, f"{kilobytes:.0f}", f"{seconds[count // 2] * 1000:.1f}", f"{rate:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
