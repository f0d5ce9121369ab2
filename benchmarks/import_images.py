"""How many one-megapixel images a second are decoded, cleaned and made ready for display, on all cores.

Each worker has the decoder's process beside it, as in production: the processor time is that of both.

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
import psutil
from PIL import Image
from rich.console import Console
from rich.table import Table

from annotator.importing.decoder_child import handle
from annotator.lib.limited_process import Limits, Pool

SIDE = 1024
LIMITS = Limits(memory=1024**3, cpu_seconds=60)
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


pool_of_decoders = Pool(handle.__module__)


def ingest(data: bytes) -> float:
    """CPU seconds of one image."""
    with pool_of_decoders.process(LIMITS) as child:
        start = cpu_seconds(child.pid)
        child.call("image", blobs=[data])
        return cpu_seconds(child.pid) - start


def cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(time.process_time() + times.user + times.system)


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
