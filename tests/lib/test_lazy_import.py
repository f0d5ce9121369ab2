"""Modules that are loaded when they are first used."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

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


def test_threads_that_are_first_at_once_all_find_what_they_ask_for(tmp_path, monkeypatch):
    (tmp_path / "slow_module.py").write_text("import threading\nthreading.Event().wait(0.1)\nanswer = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = lazy_import("slow_module")

    with ThreadPoolExecutor() as threads:
        answers = [threads.submit(lambda: module.answer) for _ in range(4)]

    assert [answer.result() for answer in answers] == [42] * 4


def test_what_processes_import_at_their_start_brings_no_charts_sketches_distributions_and_data_frames():
    late = {"matplotlib.figure", "datasketch.minhash", "scipy.special", "scipy.stats", "pandas", "polars"}
    loaded = f"import django, sys; django.setup(); import annotator.urls, annotator.tasks; print({late} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
