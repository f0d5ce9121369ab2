"""Votes at half of the speed of this machine, for an hour, against a site as `make serve` starts it: does anything grow?

    python -m tests.faults.soak --minutes 60 --json soak.json

Each ten seconds, the memory, the open files and the database connections of every process are noted. Its exit code is 1 if any
of them grows beyond the bounds in `tests/faults/growth.py`, or if a vote was not taken.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from annotator.local.child import end_with_parent
from annotator.local.embedded_servers import Postgres
from benchmarks.support.site import free_port
from tests.faults.growth import BOUNDS, Samples, Trend, sample
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
ANNOTATORS = 8
FULL_SPEED_SECONDS = 20.0
SHARE = 0.5  # of full speed
PERIOD = 10.0  # seconds between two samples
START_TIMEOUT = 180.0
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OUR_OWN = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "EMBEDDED_POSTGRES_OPTIONS")

os.environ["DJANGO_SETTINGS_MODULE"] = "annotator.settings"


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak", description="Let people vote for long, and see whether the site grows.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--json", type=Path, help="a file for samples and trends")
    arguments = parser.parse_args()
    for number in STOPPING:
        signal.signal(number, _interrupt)
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    for name in OUR_OWN:
        os.environ.pop(name, None)
    os.environ |= {"DATA_DIR": str(folder), "PORT": str(free_port())}
    try:
        with served(folder):
            return soak(folder, seconds=60 * arguments.minutes, file=arguments.json)
    except KeyboardInterrupt:
        print("Stopped.")
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _interrupt(number: int, frame: object) -> None:
    for other in STOPPING:
        signal.signal(other, signal.SIG_IGN)  # the way out runs undisturbed
    raise KeyboardInterrupt


@contextmanager
def served(folder: Path) -> Iterator[None]:
    """`manage.py serve`, which ends with us."""
    with (folder / "serve.log").open("wb") as log:
        serve = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=partial(end_with_parent, os.getpid(), signal.SIGTERM),
        )
    try:
        wait_until(lambda: _answers(serve), seconds=START_TIMEOUT, why=lambda: (folder / "serve.log").read_text())
        yield
    finally:
        serve.terminate()
        serve.wait()


def _answers(serve: subprocess.Popen[bytes]) -> bool:
    if serve.poll() is not None:
        raise SystemExit("The site did not start.")
    try:
        return httpx.get(f"http://127.0.0.1:{os.environ['PORT']}/healthz", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def soak(folder: Path, *, seconds: float, file: Path | None) -> int:
    with annotating(folder, pairs=5_000, seconds=FULL_SPEED_SECONDS, pause=0.0) as load:
        full_speed = outcome_of(load)["per_second"]
    pause = ANNOTATORS / (SHARE * full_speed)
    print(f"Full speed: {full_speed:.0f} votes/s. Now {SHARE:.0%} of it for {seconds / 60:.0f} minutes.", flush=True)
    postgres = Postgres(folder)
    root = psutil.Process(int((postgres.home / "postmaster.pid").read_text().split()[0])).parent()  # the supervisor
    samples = Samples()
    pairs = 2_000 + int(1.5 * seconds / pause)  # each of which everybody judges once
    with (
        annotating(folder, pairs=pairs, seconds=seconds, pause=pause) as load,
        psycopg.connect(**postgres.connection_parameters(), autocommit=True) as database,
    ):
        start = time.monotonic()
        while load.poll() is None:
            samples.add(time.monotonic() - start, sample(root, database))
            print(f"  {samples.seconds[-1]:6.0f} s", flush=True)
            wait_for_end(load, PERIOD)
        outcome = outcome_of(load)
    trends = samples.trends()
    report(trends, outcome)
    if file is not None:
        rows = {" / ".join(key): [[samples.seconds[n], value] for n, value in row.items()] for key, row in samples.rows.items()}
        said = {"full_speed": full_speed, "votes": outcome, "trends": [trend.as_dict() for trend in trends], "samples": rows}
        file.write_text(json.dumps(said, indent=1))
    return 1 if outcome["errors"] or not trends or any(trend.grows for trend in trends) else 0


@contextmanager
def annotating(folder: Path, *, pairs: int, seconds: float, pause: float) -> Iterator[subprocess.Popen[bytes]]:
    """A process in which people vote on a campaign of their own, so many seconds from one vote to the next of each."""
    script = [sys.executable, "-m", "tests.faults.soak_campaign", str(pairs), str(ANNOTATORS)]
    made = json.loads(subprocess.run(script, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    order = {"kind": "page", "port": int(os.environ["PORT"]), "clients": ANNOTATORS, "warm_up": 2.0, "seconds": seconds}
    command = [sys.executable, "-m", "benchmarks.support.load", json.dumps(order | made | {"pause": pause})]
    load = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        preexec_fn=partial(end_with_parent, os.getpid(), signal.SIGTERM),
    )
    try:
        yield load
    finally:
        load.kill()
        load.wait()


def wait_for_end(load: subprocess.Popen[bytes], seconds: float) -> None:
    """Of the load, or of the seconds."""
    try:
        load.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def outcome_of(load: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What it measured, once it has ended."""
    said, _ = load.communicate()
    if load.returncode:
        raise SystemExit("The load broke off.")
    return dict(json.loads(said.splitlines()[-1]))


def report(trends: list[Trend], outcome: dict[str, Any]) -> None:
    print(f"\n{'process':<20}{'what':<13}{'first':>8}{'last':>8}{'worst':>8}{'per hour':>10}{'at least':>10}{'at most':>10}")
    for each in trends:
        figures = f"{each.first:>8.1f}{each.last:>8.1f}{each.worst:>8.1f}"
        slopes = f"{each.slope:>+10.1f}{each.slope_low:>+10.1f}{each.slope_high:>+10.1f}"
        print(f"{each.process:<20}{each.what:<13}{figures}{slopes}{'  GROWS' if each.grows else ''}")
    bounds = ", ".join(f"{bound.per_hour:g} {bound.unit}" for bound in BOUNDS.values())
    growing = sum(each.grows for each in trends)
    count, rate, p95, errors = (outcome[name] for name in ("count", "per_second", "p95", "errors"))
    print(f"\n{count:,} votes, {rate:.0f}/s, p95 {p95:.0f} ms, {errors} errors.")
    print(f"Bounds per hour and process: {bounds}. {f'{growing} beyond them.' if growing else 'Nothing grows beyond them.'}")


if __name__ == "__main__":
    sys.exit(main())
