"""Modules that are loaded when they are first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from annotator.lib.lazy_import import lazy_import


def test_a_module_runs_when_something_of_it_is_first_asked_for(tmp_path, monkeypatch):
    (tmp_path / "late_module.py").write_text("import sys\nsys.late_module_ran = True\nanswer = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "late_module_ran", False, raising=False)

    module = lazy_import("late_module")
    assert not sys.late_module_ran
    assert module.answer == 42
    assert sys.late_module_ran
    assert lazy_import("late_module") is module


def test_a_module_that_is_not_there_is_missed_at_once():
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        lazy_import("no_such_module")


def test_what_web_processes_import_brings_no_charts_sketches_and_distributions():
    loaded = (
        "import django, sys; django.setup(); import annotator.urls, annotator.tasks;"
        "print(sorted({'matplotlib.figure', 'datasketch.minhash', 'scipy.special', 'scipy.stats'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
