"""How fast releases are built and served, each beside its floor in the same run, and what memory they take.

votes    a campaign's votes, Postgres to parquet, with the statistics and labels made of all of them; floor: COPY … TO STDOUT in
         binary of the same rows, thrown away
images   pairs with two images of 60 KB each: the shards of `pairs` alone, and the whole release with all its configs; floor: the
         same files, one after the other, into one file that is brought to the disk, as shards are
serving  the largest of those shards over the Hub's protocol to `hf_hub_download`, from the web server itself; floor: cp
again    a first release, one with 1 % more votes, and one with 1 % more pairs: the bytes that are written and not shared, the
         time, and by how many bytes a store that keeps each chunk once grows (the Hub's own client, with a store on this disk)

    make bench-release [ARGS="--votes 300000 --pairs 500"]

What is measured runs in processes of its own, whose peak memory is told. Floor and ours take turns; medians of the rounds. "By
CPU" is the same share by the processor time of that process, which others on the machine change less: it is less than a site sees
with two cores, because ours reads, writes and hashes at the same time, and the floor has one thing to do.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

import django

from benchmarks.support.results import Row, median_row, provenance, write_rows

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.support.settings")

ROUNDS = 3
DOWNLOAD = """
import json, os, sys, time
from huggingface_hub import hf_hub_download
start = time.perf_counter()
file = hf_hub_download(sys.argv[1], sys.argv[2], repo_type="dataset")
print(json.dumps({"seconds": time.perf_counter() - start, "bytes": os.path.getsize(file)}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--votes", type=int, default=3_000_000)
    parser.add_argument("--pairs", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", choices=["votes", "images", "serving", "again"])
    parser.add_argument("--json", type=Path, help="a file for the rows")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        sys.meta_path.insert(0, Absent())
    prepare(migrate=arguments.measure is None)
    from benchmarks.support import releasing as measured  # noqa: PLC0415 - the settings are named above

    if arguments.measure:
        what, *values = json.loads(arguments.measure)
        if what == "again":
            from benchmarks.support.releasing_again import again  # noqa: PLC0415 - it needs the Hub's client, others do not

            print(json.dumps(again(*values)))
            return
        print(json.dumps(measured.MEASURED[what](*values)))
        return
    print(f"{os.cpu_count()} cores, medians of {arguments.rounds} rounds, floor and ours in turns\n")
    print(f"{'':<34}{'ours':>14}{'floor':>14}{'of it':>7}{'by CPU':>8}{'target':>8}{'peak memory':>13}")
    rows: list[Row] = []
    if arguments.only in (None, "votes"):
        campaign = measured.campaign_with_votes(arguments.votes)
        rows += take_turns(
            f"votes, {arguments.votes:,}",
            arguments.rounds,
            ours=lambda: measure("votes", campaign.pk),
            floor=lambda: measure("copy", campaign.pk),
            unit=("rows", 1, "rows/s"),
            target=0.5,
            memory=400,  # 300, and 30 bytes a vote
        )
    if arguments.only in (None, "images", "serving"):
        campaign = measured.campaign_with_images(arguments.pairs)
        if arguments.only != "serving":
            rows += bench_images(campaign.pk, arguments.pairs, arguments.rounds)
        rows += bench_serving(campaign, arguments.rounds)
    if arguments.only in (None, "again"):
        rows += bench_again(arguments.pairs, arguments.rounds)
    write_rows(arguments.json, [row | provenance() | {"rounds": arguments.rounds} for row in rows])


class Absent(MetaPathFinder):
    """pandas and polars come with the tests' requirements, and other libraries load them where they are there: over 100 MB that
    no site has."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name in ("pandas", "polars"):
            raise ModuleNotFoundError(name)


def prepare(*, migrate: bool) -> None:
    from annotator.local.hold import hold_embedded  # noqa: PLC0415 - the settings are named above

    hold_embedded()
    django.setup()
    if migrate:
        from django.core.management import call_command  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)


def measure(*what: Any) -> Any:
    """Do it in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.release", "--measure", json.dumps(what)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def take_turns(
    name: str,
    rounds: int,
    *,
    ours: Callable[[], dict[str, Any]],
    floor: Callable[[], dict[str, Any]],
    unit: tuple[str, float, str],
    target: float,
    memory: int | None = None,
) -> list[Row]:
    """One row, of medians."""
    key, size, word = unit
    found: dict[str, list[dict[str, Any]]] = {"floor": [], "ours": []}
    for _ in range(rounds):
        found["floor"].append(floor())
        found["ours"].append(ours())
    rates = {kind: statistics.median(each[key] / each["seconds"] for each in its) / size for kind, its in found.items()}
    cpu = {kind: [each[key] / each["cpu_seconds"] for each in its if each.get("cpu_seconds")] for kind, its in found.items()}
    by_cpu = statistics.median(cpu["ours"]) / statistics.median(cpu["floor"]) if cpu["ours"] and cpu["floor"] else None
    peak = max((each.get("peak_mb", 0) for each in found["ours"]), default=0)
    said = f"{peak:,.0f} MB" + (f" (< {memory})" if memory else "") if peak else ""
    print(
        f"{name:<34}{rates['ours']:>8,.0f} {word:<5}{rates['floor']:>8,.0f} {word:<5}{rates['ours'] / rates['floor']:>7.2f}"
        f"{f'{by_cpu:.2f}' if by_cpu else '':>8}{target:>8.2f}  {said}",
        flush=True,
    )
    share = rates["ours"] / rates["floor"]
    row = {"what": name, "unit": word, "ours": rates["ours"], "floor": rates["floor"], "share": share, "share_by_cpu": by_cpu}
    row["peak_mb"] = peak or None
    return [median_row([row])]


def bench_images(campaign_id: int, pairs: int, rounds: int) -> list[Row]:
    unit = ("bytes", 1e6, "MB/s")
    floor = lambda: measure("concatenate", campaign_id)  # noqa: E731
    name = f"{pairs:,} pairs"
    rows = take_turns(
        f"{name}, shards of `pairs`",
        rounds,
        ours=lambda: measure("pairs", campaign_id),
        floor=floor,
        unit=unit,
        target=0.5,
        memory=400,
    )
    return rows + take_turns(
        f"{name}, the whole release",
        rounds,
        ours=lambda: measure("release", campaign_id),
        floor=floor,
        unit=unit,
        target=0.5,
        memory=400,
    )


AGAIN_BYTES, AGAIN_SECONDS = 0.03, 0.10  # of the first release, for 1 % more votes


def bench_again(pairs: int, rounds: int) -> list[Row]:
    """Medians of the rounds, each with campaigns of its own."""
    found = [measure("again", pairs) for _ in range(rounds)]
    head = f"{'written':>12}{'of v1':>8}{'seconds':>10}{'of v1':>8}{'by CPU':>8}{'deduplicated':>14}{'of v1':>8}"
    print(f"\n{f'{pairs:,} pairs, again':<34}{head}")
    rows: list[Row] = []
    first: dict[str, float] = {}
    for place, step in enumerate(found[0]):
        keys = ("bytes_written", "seconds", "cpu_seconds", "bytes_deduplicated")
        its = {key: statistics.median(each[place][key] for each in found) for key in keys}
        if step["what"].endswith("v1"):
            first = its
        of_first = {key: its[key] / first[key] for key in keys}
        print(
            f"{step['what']:<34}{its['bytes_written'] / 1e6:>9,.1f} MB{of_first['bytes_written']:>8.1%}{its['seconds']:>10.2f}"
            f"{of_first['seconds']:>8.1%}{of_first['cpu_seconds']:>8.1%}{its['bytes_deduplicated'] / 1e6:>11,.1f} MB"
            f"{of_first['bytes_deduplicated']:>8.1%}",
            flush=True,
        )
        rows.append({"what": step["what"], "pairs": pairs, **its, **{f"{key}_of_first": of_first[key] for key in keys}})
    print(f"The compact configs with 1 % more votes: at most {AGAIN_BYTES:.0%} of the bytes and {AGAIN_SECONDS:.0%} of the time.")
    return rows


def bench_serving(campaign: Any, rounds: int) -> list[Row]:
    from benchmarks.support import releasing as measured  # noqa: PLC0415
    from benchmarks.support.site import HOST, granian, running  # noqa: PLC0415

    release = measured.newest_release(campaign)
    file = max(release.files.all(), key=lambda file: file.size)
    stored = measured.place_of(release, file.path)
    unit = ("bytes", 1e6, "MB/s")
    with running(granian(workers=2, threads=4, pool=True), worker=False) as port:
        rows = take_turns(
            f"serving {file.size / 1e6:,.0f} MB",
            rounds,
            ours=lambda: download(f"http://{HOST}:{port}/hub", f"diptych/{campaign.slug}", file.path),
            floor=lambda: copy(stored),
            unit=unit,
            target=0,
        )
    print("\nServing is to reach 200 MB/s; its target is no share of a copy.")
    return rows


def download(endpoint: str, repository: str, path: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-release-") as home:
        environment = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": home, "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        done = subprocess.run(
            [sys.executable, "-c", DOWNLOAD, repository, path], env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer


def copy(file: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-release-") as folder:
        start = time.perf_counter()
        shutil.copyfile(file, Path(folder) / "copy")
        return {"seconds": time.perf_counter() - start, "bytes": file.stat().st_size}


if __name__ == "__main__":
    main()
