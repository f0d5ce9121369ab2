"""`manage.py memory` where nothing is served. Where a site is, tests/local/test_serve.py asks it."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command


def test_it_says_that_no_site_is_served(settings, tmp_path):
    settings.DATA_DIR = tmp_path

    with pytest.raises(CommandError, match=r"No site is served from .*Start it: manage\.py serve"):
        call_command("memory")
