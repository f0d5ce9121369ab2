"""What the tests of a module share and only look at: made once, committed, and gone after the last of them.

Such tests are marked `django_db`, without `transaction=True`, which empties the database after every test.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.test import override_settings
from pytest_django import DjangoDbBlocker


@contextmanager
def stored_in(folder: Path) -> Iterator[Path]:
    """For the `storage_folder` of such a module, which is one for all of its tests instead of one for each."""
    options = {"location": str(folder), "allow_overwrite": True}
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    with override_settings(STORAGES={**settings.STORAGES, "default": backend}):
        yield folder


@contextmanager
def committed(blocker: DjangoDbBlocker) -> Iterator[None]:
    """What is written inside stays until the end of it."""
    with blocker.unblock():
        yield
        call_command("flush", verbosity=0, interactive=False, reset_sequences=False)
