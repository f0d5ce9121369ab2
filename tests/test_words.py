"""Names that gave way to the words of the field do not come back. Django shows nothing for a name that a template misspells."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GONE = {
    "annotator api benchmarks tests": r"\bnext_turn\b|\bsealed_\w+|\bas refusal\b|(?<!X-)\bRefusal|\.standing\b|\.acts\b",
    "templates": r"\b(turn|refusal|standing|act)\.|\bin acts\b",
}


@pytest.mark.parametrize(("folders", "names"), GONE.items())
def test_no_old_name_is_used(folders: str, names: str) -> None:
    listed = subprocess.run(["git", "ls-files", *folders.split()], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [name for name in listed.splitlines() if name.endswith((".py", ".html", ".sql")) and "/migrations/" not in name]
    found = [
        f"{name}: {hit.group()}"
        for name in files
        if name not in ("tests/test_words.py", "tests/migrations/test_upgrade.py") and (ROOT / name).exists()
        for hit in re.finditer(names, (ROOT / name).read_text())
    ]
    assert len(files) > 100
    assert not found
