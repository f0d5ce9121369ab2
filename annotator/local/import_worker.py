"""Start of a fresh process that ingests for this one. Imports no domain module: Django is not ready when it is imported."""

from __future__ import annotations

import signal
from typing import Any

import django
from django.conf import settings


def begin(databases: dict[str, Any], storages: dict[str, Any]) -> None:
    """Make Django ready, on the database and the storage of the process that started this one. Ctrl-C is for that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings.DATABASES = databases
    settings.STORAGES = storages
    django.setup()
