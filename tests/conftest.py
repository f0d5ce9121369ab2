"""Fixtures for all tests: the embedded servers, a storage folder per test, and the factories' sessions."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings as django_settings

from annotator.servers import hold_embedded


def pytest_configure(config: pytest.Config) -> None:
    """Start (or join) the embedded servers before any database is made. Workers of a parallel run share them."""
    hold_embedded()


@pytest.fixture(autouse=True)
def storage_folder(settings: django_settings, tmp_path: Path) -> Path:
    """A storage folder of the test's own."""
    folder = tmp_path / "storage"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder), "allow_overwrite": True},
        },
    }
    return folder
