"""A worker that answers, a broker without workers, and no broker."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings

from annotator.local.worker_ping import worker_answers
from tests.local.processes import ROOT
from tests.settings import with_database_number

PING = """
from annotator.celery import app
from annotator.local.worker_ping import worker_answers
print(worker_answers())
"""


@pytest.mark.worker
def test_a_worker_answers(celery_worker_process):
    assert worker_answers()


@pytest.mark.parametrize("broker", ["without workers", "away"])
def test_nobody_answers_where_there_is_no_worker(broker):
    own = settings.CACHES["default"]["LOCATION"]
    url = with_database_number(own, 0) if broker == "without workers" else "redis://127.0.0.1:1/0"

    done = subprocess.run(
        [sys.executable, "-c", PING],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "annotator.settings", "DATABASE_URL": "postgres:///none", "REDIS_URL": url},
        capture_output=True,
        text=True,
    )

    assert done.stdout == "False\n", done.stderr
