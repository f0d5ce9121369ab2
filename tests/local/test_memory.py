"""The memory of a site's processes is found, and of no others."""

from __future__ import annotations

import psutil

from annotator.local.memory import memory_of_site, processes_of_site
from tests.local.processes import supervisor_of


def test_it_is_that_of_the_supervisor_and_of_all_that_it_owns(data_dir, hold_elsewhere):
    hold_elsewhere(data_dir, "valkey")
    supervisor = supervisor_of(data_dir)

    held = {one.kind: one for one in memory_of_site(data_dir)}

    assert set(held) == {"supervisor", "valkey"}
    assert 5 < held["supervisor"].megabytes <= supervisor.memory_info().rss / 1e6
    assert held["valkey"].processes == 1


def test_a_folder_without_a_site_has_none(tmp_path):
    assert list(processes_of_site(tmp_path)) == []
    assert psutil.Process() not in processes_of_site(tmp_path)
