"""The project's settings, on servers of the tests' own: embedded, in var/tests, unless the environment names others."""

import os
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("DATA_DIR", str(ROOT / "var" / "tests"))
os.environ.setdefault("SECRET_KEY", "only-for-tests")
# Matrices are small here, and as many processes as there are cores share them: threads would wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# What is tested is lost with the test; waiting for the disk proves nothing here.
os.environ.setdefault("EMBEDDED_POSTGRES_OPTIONS", "-c fsync=off -c synchronous_commit=off -c full_page_writes=off")
if os.environ.get("TEST_POOLER", "") not in ("", "0"):  # tests/pooler.py; PgBouncer of Debian is older than 1.21
    os.environ.setdefault("DATABASE_PREPARE", "0")

from annotator.settings import *  # noqa: E402, F403

DATABASES["default"]["ENGINE"] = "tests.postgres"  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
WHITENOISE_AUTOREFRESH = True  # files are found when asked for; nothing was collected into STATIC_ROOT


def with_database_number(url: str, number: int) -> str:
    """The same Redis server, another of its 16 databases."""
    parts = urlsplit(url)
    if parts.scheme in ("redis", "rediss"):
        return parts._replace(path=f"/{number}").geturl()
    parameter = "db" if parts.scheme == "unix" else "virtual_host"
    return f"{parts.scheme}://{parts.path}?{parameter}={number}"


# Each process of a parallel run has its own, as it has its own Postgres database: no shared cache, no shared queue.
REDIS_DATABASE = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 15 + 1
CELERY_BROKER_URL = with_database_number(CELERY_BROKER_URL, REDIS_DATABASE)  # noqa: F405
CACHES["default"]["LOCATION"] = with_database_number(CACHE_URL, REDIS_DATABASE)  # noqa: F405
