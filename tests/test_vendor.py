"""What is vendored is what its README says it is."""

from __future__ import annotations

import hashlib
import re

import pytest
from django.conf import settings

VENDOR = settings.BASE_DIR / "static" / "vendor"
FOR_TESTS = settings.BASE_DIR / "tests" / "browser" / "vendor"
ROW = re.compile(r"^\| `(?P<file>[^`]+)` \|.*\| `(?P<sha256>[0-9a-f]{64})` \|$", re.MULTILINE)


@pytest.mark.parametrize("folder", [VENDOR, FOR_TESTS], ids=["site", "tests"])
def test_every_vendored_file_has_the_checksum_of_its_readme(folder):
    stated = dict(ROW.findall((folder / "README.md").read_text()))
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir() if file.name != "README.md"}

    assert stated
    assert found == stated


def test_pages_use_the_version_that_is_vendored():
    used = re.findall(r"vendor/([\w.-]+\.js)", (settings.BASE_DIR / "templates" / "base.html").read_text())

    assert used
    assert set(used) <= {file.name for file in VENDOR.iterdir()}
