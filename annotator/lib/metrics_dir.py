"""`python -m annotator.lib.metrics_dir FOLDER`: makes the folder of the metrics, without the files of processes that are gone.

Run before a service starts. Their counts go with them: Prometheus sees that counters begin anew, as after any restart.
Standard library only.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path


def main() -> None:
    tidy(Path(sys.argv[1]))


def tidy(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        pid = re.search(r"_(\d+)\.db$", file.name)
        if pid is not None and not is_running(int(pid[1])):
            file.unlink(missing_ok=True)  # two services may start at once


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    main()
