"""The project's settings, on servers of the tests' own: embedded, in var/tests, unless DATABASE_URL and REDIS_URL say otherwise."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("DATA_DIR", str(ROOT / "var" / "tests"))
os.environ.setdefault("SECRET_KEY", "only-for-tests")
# What is tested is lost with the test; waiting for the disk proves nothing here.
os.environ.setdefault("EMBEDDED_POSTGRES_OPTIONS", "-c fsync=off -c synchronous_commit=off -c full_page_writes=off")

from annotator.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
