"""`make attack`: a site of its own on loopback, every attack against it, and a table of what was held.

    make attack
    make attack ARGS="stalled_bodies large_bodies"

Exits with 1 when something was not held.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.attacks.settings"


def main() -> int:
    parser = argparse.ArgumentParser(prog="attack", description="Attack a whole site, and say what it held.")
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help="a module of tests/attacks/; by default all")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Servers of its own, whatever this shell is set up for.
    for name in ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "SEND_FILES", "DATABASE_POOL"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="attack-", ignore_cleanup_errors=True) as folder:
        os.environ |= {"DATA_DIR": folder, "SECRET_KEY": "only for attacks", "LOG_LEVEL": "WARNING"}
        return _run(Path(folder), arguments.attacks)


def _run(folder: Path, names: list[str]) -> int:
    import django  # noqa: PLC0415 - the settings read the environment that was set above

    django.setup()
    from tests.attacks.runner import run  # noqa: PLC0415

    return 0 if run(folder, names) else 1


if __name__ == "__main__":
    sys.exit(main())
