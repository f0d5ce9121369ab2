"""A fresh process that ingests for another one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.local.processes import ROOT

BEGIN = """
import json, signal
from annotator.local.import_worker import begin
begin(
    {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "of the parent"}},
    {"default": {"BACKEND": "of.the.parent"}},
)
from django.conf import settings
from django.db import connection
from annotator.models import Campaign
signal.raise_signal(signal.SIGINT)
print(json.dumps([connection.settings_dict["NAME"], settings.STORAGES["default"]["BACKEND"], Campaign._meta.db_table]))
"""


def test_it_works_on_the_database_and_storage_of_its_parent_and_leaves_ctrl_c_to_it():
    done = subprocess.run(
        [sys.executable, "-c", BEGIN],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["of the parent", "of.the.parent", "annotator_campaign"]
