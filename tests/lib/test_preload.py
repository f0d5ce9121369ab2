"""A program finds a module imported, and its memory frozen."""

from __future__ import annotations

import subprocess
import sys

from tests.local.processes import ROOT

PROGRAM = """
import gc, sys
print("loaded" in sys.modules, gc.get_freeze_count() > 0, gc.isenabled(), __name__, sys.argv[1:])
"""


def test_a_program_begins_with_the_module_loaded_and_out_of_the_collector_s_sight(tmp_path):
    (tmp_path / "loaded.py").touch()
    (tmp_path / "program.py").write_text(PROGRAM)

    command = [sys.executable, "-m", "annotator.lib.preload", "loaded", "program", "--of", "its own"]
    done = subprocess.run(command, env={"PYTHONPATH": f"{tmp_path}:{ROOT}"}, capture_output=True, text=True, check=True)

    assert done.stdout == "True True True __main__ ['--of', 'its own']\n"
