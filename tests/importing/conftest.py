"""What the tests of imports share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from annotator.importing import decoder
from annotator.lib.limited_process import Pool
from tests.pictures import write_pictures


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with eight pictures, 0.png to 7.png."""
    write_pictures(tmp_path / "in", 8)
    return tmp_path / "in"


@pytest.fixture
def deadly_decoder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The decoder's process, which some files kill (see `tests/lib/limited_handler.py`)."""
    pool = Pool("tests.lib.limited_handler")
    monkeypatch.setattr(decoder, "_pool", pool)
    yield
    pool.close()
