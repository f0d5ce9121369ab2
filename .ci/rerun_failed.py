"""Run the tests that failed once more, alone. One that passes then is flaky: it is named at the end, and the run goes on.

    python .ci/rerun_failed.py FLAKY

Reads what pytest's cache says of the last run, and writes the flaky tests to the file FLAKY. Exits with 1 where a test fails
again, and where the run was broken off: then more than single tests went wrong.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")
STATUS = Path("var/test-status")  # as `make test` leaves it
TESTS_FAILED = "1"  # pytest's status of a run that went to its end
MOST = 10  # beyond this many it is no accident


def main() -> int:
    if STATUS.read_text().strip() != TESTS_FAILED or not LAST_FAILED.exists():
        return 1
    failed = sorted(json.loads(LAST_FAILED.read_text()))
    if len(failed) > MOST:
        print(f"{len(failed)} tests failed: too many to be an accident")
        return 1
    print(f"Running {len(failed)} failed test(s) once more, alone", flush=True)
    again = subprocess.run([sys.executable, "-m", "pytest", "-n", "0", *failed], check=False)
    if again.returncode == 0:
        Path(sys.argv[1]).write_text("".join(f"{test}\n" for test in failed))
    return int(again.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
