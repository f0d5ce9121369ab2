"""`serve` as a command among the others."""

from __future__ import annotations

import signal

import pytest
from django.core.management import call_command


def test_it_does_what_manage_py_serve_does(capsys, monkeypatch):
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)  # the handlers of this process stay as they are

    with pytest.raises(SystemExit) as ended:
        call_command("serve", "--check")

    assert ended.value.code == 1
    assert capsys.readouterr().err == "Error: --check needs --demo: serve --demo --check\n"
