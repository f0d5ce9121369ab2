"""What an import of one-megapixel images costs, and what pages then fetch.

steps    processor milliseconds of each step for one image, beside the floor: decoding it, and encoding the one copy a pair needs
import   a ZIP to pairs that can be judged, with as many processes as cores: images a second, the processor time of everything
         that took part, decoders and database included, and then that of the copies made later
copies   bytes, processor time and likeness (SSIM of the luma) of copies for display by effort; the one in use is marked

    make bench ARGS=import_images
    .venv/bin/python -m benchmarks.import_images [--images 120] [--rounds 3] [--pictures FOLDER] [--json FILE]

The pictures are drawn here; for the copies, those of a FOLDER are taken instead. On a busy machine the processor time is the
figure: 33 ms an image are 60 images a second on two idle cores.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from annotator.importing.images import DISPLAY_QUALITY, DISPLAY_WIDTHS, ingest_image, make_display
from annotator.importing.images import _loaded as loaded
from annotator.importing.images import _perceptual_hash as perceptual_hash
from annotator.importing.metadata_stripping import PNG_READING_CHUNKS, strip_jpeg, strip_png, strip_webp
from benchmarks.release import prepare
from benchmarks.support.pictures import FORMATS, SIDE, draw, drawn_file, drawn_files, encode, zip_of
from benchmarks.support.results import Row, provenance, write_rows

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.support.settings")

TARGET_MS = 33.0
REPEATS = 3
EFFORTS = [("WEBP", method) for method in (0, 1, 2, 4, 6)] + [("JPEG", 0)]
STRIPPERS = {"JPEG": strip_jpeg, "PNG": lambda data: strip_png(data, PNG_READING_CHUNKS), "WEBP": strip_webp}
console = Console()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS))
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", choices=["steps", "import", "copies"])
    arguments = parser.parse_args()
    found: dict[str, list[Row]] = {}
    if arguments.only in (None, "steps"):
        found["steps"] = list(steps())
        show(found["steps"])
    if arguments.only in (None, "import"):
        prepare(migrate=True)
        found["import"] = [
            row | {"rounds": arguments.rounds} for row in imports(arguments.images, arguments.rounds, arguments.formats)
        ]
        show(found["import"])
    if arguments.only in (None, "copies"):
        found["copies"] = list(copies(arguments.pictures))
        show(found["copies"])
    write_rows(arguments.json, [{"of": of} | row | provenance() for of, rows in found.items() for row in rows])


def show(rows: list[Row]) -> None:
    if len(rows) > len(FORMATS):
        table = Table(*rows[0])
        for row in rows:
            table.add_row(*map(str, row.values()))
    else:
        table = Table("", *(row["name"] for row in rows))
        for key in list(rows[0])[1:]:
            table.add_row(key, *(str(row[key]) for row in rows))
    console.print(table)


def cpu_ms(work: Callable[[], Any]) -> float:
    """The least of some runs: what others do on the machine only adds."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) * 1000


def steps() -> Iterator[Row]:
    for format in FORMATS:
        data = drawn_file(format)
        picture = opened(data)
        small = picture.resize((640, 640), Image.Resampling.HAMMING, reducing_gap=2.0)
        kept = ingest_image(data).data
        parts = {
            "decode": cpu_ms(lambda kept=kept, format=format: loaded(kept, format)),
            "resize": cpu_ms(lambda picture=picture: picture.resize((640, 640), Image.Resampling.HAMMING, reducing_gap=2.0)),
            "encode_640": cpu_ms(lambda small=small: encode(small, "WEBP", **DISPLAY_QUALITY[640])),
            "strip": cpu_ms(lambda data=data, strip=STRIPPERS[format]: strip(data)),
            "sha256": cpu_ms(lambda data=data: hashlib.sha256(data).hexdigest()),
            "phash": cpu_ms(lambda small=small: perceptual_hash(small)),
        }
        whole, floor = cpu_ms(lambda data=data: ingest_image(data)), sum(list(parts.values())[:3])
        later = cpu_ms(lambda kept=kept, format=format: make_display(kept, format, 1280))
        figures = parts | {"all": whole, "floor": floor, "later": later}
        milliseconds = {f"{name}_ms": round(value, 2) for name, value in figures.items()}
        yield {"name": format, "kb": len(data) // 1000} | milliseconds | {"share": round(floor / whole, 2)}


def opened(data: bytes) -> Image.Image:
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture


def imports(count: int, rounds: int, formats: list[str]) -> Iterator[Row]:
    from benchmarks.support.importing import import_zip  # noqa: PLC0415 - Django is ready now

    cores = len(os.sched_getaffinity(0))
    runs: dict[str, list[dict[str, Any]]] = {format: [] for format in formats}
    for _ in range(rounds):
        for format, found in runs.items():
            with tempfile.TemporaryDirectory(prefix="bench-import-") as folder:
                path = Path(folder) / f"{format.lower()}.zip"
                zip_of(drawn_files(format, count), format, path)
                found.append(import_zip(path, cores))
    for format, found in runs.items():
        middle = {name: statistics.median(run[name] for run in found) for name in found[0]}
        each = 1000 / middle["images"]
        cpu = (middle["staging_cpu"] + middle["ingest_cpu"]) * each
        yield {
            "name": format,
            "images_per_s": round(middle["images"] / middle["seconds"], 1),
            "first_pair_s": round(middle["first_pair_seconds"], 2),
            "cpu_ms": round(cpu, 1),
            "staging_cpu_ms": round(middle["staging_cpu"] * each, 1),
            "database_cpu_ms": round(middle["database_cpu"] * each, 1),
            "cores": cores,
            "images_per_s_by_cpu": round(cores * 1000 / cpu, 1),
            "target_per_s": round(cores * 1000 / TARGET_MS, 1),
            "later_cpu_ms": round(middle["later_cpu"] * each, 1),
            "memory_mb": round(middle["memory_mb"]),
        }


def copies(folder: Path | None) -> Iterator[Row]:
    pictures = [draw(seed) for seed in range(4)]
    if folder is not None:
        pictures = [picture.convert("RGB") for picture in map(Image.open, sorted(folder.glob("*.*g")))]
    for width in DISPLAY_WIDTHS:
        shown = [fitted(picture, width) for picture in pictures]
        pixels = sum(picture.width * picture.height for picture in shown) / 1e6
        before = (0.0, 0.0)
        for format, method in EFFORTS:
            options = DISPLAY_QUALITY[width] | {"method": method} if format == "WEBP" else {"quality": 80}
            size = sum(len(encode(picture, format, **options)) for picture in shown) / 1000
            ms = sum(cpu_ms(lambda picture=picture, f=format, o=options: encode(picture, f, **o)) for picture in shown)
            likeness = statistics.mean(ssim(picture, opened(encode(picture, format, **options))) for picture in shown)
            per_kilobyte = (ms - before[0]) / (before[1] - size) if method and before[1] > size else None
            before = (ms, size)
            yield {
                "name": f"{width}: {format} {' '.join(str(value) for value in options.values())}",
                "KB a megapixel": round(size / pixels, 1),
                "ms a megapixel": round(ms / pixels, 1),
                "SSIM": round(likeness, 4),
                "ms for 1 KB less": "" if per_kilobyte is None else round(per_kilobyte, 1),
                "in use": "yes" if format == "WEBP" and method == DISPLAY_QUALITY[width]["method"] else "",
            }


def fitted(picture: Image.Image, width: int) -> Image.Image:
    scale = min(1.0, width / picture.width, SIDE / picture.width if width > SIDE else 1.0)
    return picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)


def ssim(one: Image.Image, other: Image.Image) -> float:
    """Structural similarity of the luma (Wang et al. 2004), over blocks of 8 by 8 pixels."""
    x, y = (np.asarray(image.convert("L"), dtype=np.float64) for image in (one, other))
    mean_x, mean_y = block_means(x), block_means(y)
    var_x, var_y = block_means(x * x) - mean_x**2, block_means(y * y) - mean_y**2
    covariance = block_means(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float((above / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean())


def block_means(values: np.ndarray[Any, Any], side: int = 8) -> np.ndarray[Any, Any]:
    sums = np.cumsum(np.cumsum(np.pad(values, ((1, 0), (1, 0))), 0), 1)
    return (sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]) / side**2


if __name__ == "__main__":
    main()
