"""What one image costs that a page fetches: by the application itself, and by the shipped nginx, which it only tells the file.

The processor time of the web server, PostgreSQL and nginx for each image, with a session as annotators have it.

    make bench ARGS=serve_images
    .venv/bin/python -m benchmarks.serve_images [--images 40] [--rounds 3] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.release import prepare

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.support.settings")

REQUESTS = 400
ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    prepare(migrate=True)
    rows = list(measure(arguments.images, arguments.rounds))
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


def measure(images: int, rounds: int) -> Iterator[dict[str, Any]]:
    from benchmarks.support.importing import member_with_images  # noqa: PLC0415 - Django is ready now
    from benchmarks.support.load import log_in  # noqa: PLC0415
    from benchmarks.support.site import granian, running  # noqa: PLC0415

    member, addresses = member_with_images(images)
    runs: dict[str, list[dict[str, float]]] = {"app": [], "proxy": []}
    for _ in range(rounds):
        for sender, found in runs.items():
            os.environ["SEND_FILES"] = sender
            with running(granian(workers=1, threads=4, pool=False), worker=False) as port, front(sender, port) as (asked, nginx):
                cookies = log_in(port, member.user.username)
                found.append(fetch_all(asked, cookies, addresses, nginx))
    for sender, found in runs.items():
        middle = {name: statistics.median(run[name] for run in found) for name in found[0]}
        yield {"bytes sent by": {"app": "the application", "proxy": "nginx"}[sender]} | {
            name: round(value, 2) for name, value in middle.items()
        }


@contextmanager
def front(sender: str, web_port: int) -> Iterator[tuple[int, psutil.Process | None]]:
    """The port to ask, and the nginx that is there, if one is."""
    from django.conf import settings  # noqa: PLC0415

    from benchmarks.support.site import free_port  # noqa: PLC0415
    from tests.attacks.site import CONF, answers, with_places  # noqa: PLC0415

    if sender == "app":
        yield web_port, None
        return
    port = free_port()
    program = shutil.which("nginx", path="/usr/sbin:" + os.environ["PATH"])
    if program is None:
        raise SystemExit("nginx is missing: apt-get install nginx-light.")
    with tempfile.TemporaryDirectory(prefix="bench-nginx-") as name:
        folder = Path(name)
        storage = Path(settings.STORAGES["default"]["OPTIONS"]["location"])
        conf = with_places(CONF.read_text(), port=port, web_port=web_port, folder=folder, storage=storage)
        (folder / "nginx.conf").write_text(conf)
        command = [program, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf", "-g", "daemon off;"]
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            while not answers(port, "/proxy-healthz"):
                time.sleep(0.1)
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()


def fetch_all(port: int, cookies: dict[str, str], addresses: list[str], nginx: psutil.Process | None) -> dict[str, float]:
    from benchmarks.support.importing import Meter, cpu_of_tree  # noqa: PLC0415

    server = next(child for child in psutil.Process().children() if "granian" in " ".join(child.cmdline()))
    parts = {"web": server, "database": Meter().database} | ({"nginx": nginx} if nginx else {})
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", cookies=cookies, trust_env=False) as client:
        size = sum(len(client.get(address).raise_for_status().content) for address in addresses)  # and all is warm
        before, start = {name: cpu_of_tree(process) for name, process in parts.items()}, time.perf_counter()
        for number in range(REQUESTS):
            client.get(addresses[number % len(addresses)]).raise_for_status()
        seconds = time.perf_counter() - start
        spent = {name: (cpu_of_tree(process) - before[name]) * 1000 / REQUESTS for name, process in parts.items()}
    spent.setdefault("nginx", 0.0)
    return {f"{name} CPU ms": value for name, value in spent.items()} | {
        "KB": size / len(addresses) / 1000,
        "images/s by one client": REQUESTS / seconds,
    }


if __name__ == "__main__":
    main()
