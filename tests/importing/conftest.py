"""What the tests of imports share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pictures import write_pictures


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with eight pictures, 0.png to 7.png."""
    write_pictures(tmp_path / "in", 8)
    return tmp_path / "in"
