"""Sets up Django, with the benchmarks' own settings and data folder, for whoever imports this before models.

The servers are always the embedded ones: a benchmark fills its database, and looks at the processes.
"""

from __future__ import annotations

import os
from pathlib import Path

import django
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent.parent

for _name in ("DATABASE_URL", "REDIS_URL", "STORAGE_URL"):
    os.environ.pop(_name, None)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.support.settings")
os.environ.setdefault("DATA_DIR", str(ROOT / "var" / "bench"))
django.setup()

from annotator.local.hold import hold_embedded  # noqa: E402 - it needs the settings


def prepare() -> None:
    """Start the servers, bring the database up to date, and collect the static files."""
    hold_embedded()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
