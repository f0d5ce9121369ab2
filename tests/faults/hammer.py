"""Attacks a whole site with many annotators and every fault at once, and checks afterwards that nothing was lost.

    python -m tests.faults.hammer --votes 100000 --annotators 48 --faults all --seed 1

It brings its own servers, in a folder of its own, and leaves nothing running. Its exit code is 0 when every invariant holds
and nobody got an answer that must not be.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.faults import names_of, only_possible
from tests.faults.small_disk import small_disk
from tests.faults.standby import OPTIONS, ServerPair

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.settings"
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    parser = argparse.ArgumentParser(prog="hammer", description="Attack a whole site, then check that nothing was lost.")
    parser.add_argument("--votes", type=int, default=2000, help="acknowledged votes before the attacks end")
    parser.add_argument("--annotators", type=int, default=32, help="how many work at the same time")
    parser.add_argument("--faults", default="all", help="all, none, some of them (worker,wipe), or all but some (all,-disk)")
    parser.add_argument(
        "--fault-every", type=int, help="votes between two faults; by default each comes twice, or every 600 votes"
    )
    parser.add_argument("--suspensions", type=int, help="how often the manager acts; by default every 60 to 400 votes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, help="seconds after which the run has failed; by default 120 and a tenth per vote")
    parser.add_argument("--data-dir", type=Path, help="kept afterwards; by default a temporary folder that is removed")
    arguments = parser.parse_args()
    for number in STOPPING:
        signal.signal(number, _interrupt)
    faults = names_of(arguments.faults)
    folder = arguments.data_dir or Path(tempfile.mkdtemp(prefix="hammer-"))
    # Servers of our own, and no durability given away: a crash of Postgres must cost nothing.
    for name in ("DATABASE_URL", "REDIS_URL", "EMBEDDED_POSTGRES_OPTIONS", "STORAGE_URL", "DATABASE_POOL"):
        os.environ.pop(name, None)
    os.environ |= {"DATA_DIR": str(folder), "SECRET_KEY": "only for the hammer", "LOG_LEVEL": "WARNING"}
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if arguments.data_dir is not None:  # to be looked at afterwards
            return _run(arguments, folder, faults)
        with small_disk(folder, megabytes=(600 + arguments.votes // 100) * (2 if "failover" in faults else 1)):
            return _run(arguments, folder, faults)
    except KeyboardInterrupt:
        print("Stopped.")
        return 130
    finally:
        if arguments.data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)


def _interrupt(number: int, frame: object) -> None:
    for other in STOPPING:
        signal.signal(other, signal.SIG_IGN)  # the way out runs undisturbed
    raise KeyboardInterrupt


def _run(arguments: argparse.Namespace, folder: Path, faults: list[str]) -> int:
    faults = only_possible(faults, folder)
    pair = ServerPair(folder) if "failover" in faults else None
    if pair is not None:
        os.environ |= {"DATABASE_URL": pair.url(), "EMBEDDED_POSTGRES_OPTIONS": OPTIONS}
    import django  # noqa: PLC0415 - the settings read the environment that was set above

    django.setup()
    from annotator.local.hold import hold_embedded, release  # noqa: PLC0415
    from tests.faults.attack import Attack  # noqa: PLC0415
    from tests.faults.report import report  # noqa: PLC0415

    start = time.monotonic()
    hold_embedded()
    attack = Attack(arguments, faults, pair)
    try:
        if pair is not None:
            pair.start()
        attack.prepare()
        print(f"Ready after {time.monotonic() - start:.1f} s. Logs: {attack.site.logs}", flush=True)
        attack.run()
        attack.finish()
        broken = attack.check()
    finally:
        attack.stop()
        if pair is not None:
            pair.stop()
        release(folder)
    return 0 if report(attack, broken, total=time.monotonic() - start) else 1


if __name__ == "__main__":
    sys.exit(main())
