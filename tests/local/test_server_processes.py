"""Servers that are killed or cannot start."""

from __future__ import annotations

import subprocess
import sys

import psutil
import psycopg
import pytest

from annotator.local.embedded_servers import Postgres, Valkey
from annotator.local.hold import SupervisorError, hold, release
from tests.local.processes import processes_of, server_of, supervisor_of, wait_until_off
from tests.waiting import wait_until


@pytest.fixture
def broken_folder(tmp_path):
    yield tmp_path
    release(tmp_path)


@pytest.mark.parametrize(("kind", "program"), [(Postgres, "postgres"), (Valkey, "valkey-server")])
def test_a_server_that_was_killed_is_started_again(data_dir, hold_elsewhere, kind, program):
    hold_elsewhere(data_dir, kind.name)
    killed = server_of(data_dir, program)

    killed.kill()

    wait_until(lambda: not killed.is_running(), why="the end of the killed server")
    wait_until(kind(data_dir).is_up, why=f"another {kind.name}")


def test_the_servers_end_with_a_supervisor_that_is_killed_and_the_next_one_starts_others(data_dir, hold_elsewhere):
    hold_elsewhere(data_dir, "postgres", "valkey")
    before = {process.pid for process in processes_of(data_dir)}

    supervisor_of(data_dir).kill()
    hold_elsewhere(data_dir, "postgres", "valkey")  # at once, while the others are still ending

    assert not before & {process.pid for process in processes_of(data_dir)}
    with psycopg.connect(**Postgres(data_dir).connection_parameters()):
        assert Valkey(data_dir).is_up()


@pytest.mark.parametrize("also", ["postgres", "valkey-server"])
def test_nothing_outlives_a_supervisor_that_is_killed(data_dir, hold_elsewhere, also):
    """With one of its servers, so that a server which is just being started ends as well."""
    hold_elsewhere(data_dir, "postgres", "valkey")
    server, supervisor = server_of(data_dir, also), supervisor_of(data_dir)

    server.kill()
    wait_until(lambda: server.status() == psutil.STATUS_ZOMBIE or not server.is_running())
    supervisor.kill()

    wait_until_off(data_dir)


def test_the_pid_file_of_a_killed_postgres_that_nobody_has_reaped_is_no_obstacle(data_dir, hold_elsewhere, holders):
    hold_elsewhere(data_dir, "postgres")
    holders.pop().communicate(timeout=10)
    wait_until_off(data_dir)
    zombie = subprocess.Popen([sys.executable, "-c", ""])
    wait_until(lambda: psutil.Process(zombie.pid).status() == psutil.STATUS_ZOMBIE, why="a zombie")
    (data_dir / "postgres" / "postmaster.pid").write_text(f"{zombie.pid}\n{data_dir / 'postgres'}\n")

    hold_elsewhere(data_dir, "postgres")

    assert Postgres(data_dir).is_up()
    assert zombie.wait() == 0


def test_it_says_why_when_the_data_is_of_another_version(broken_folder):
    (broken_folder / "postgres").mkdir()
    (broken_folder / "postgres" / "PG_VERSION").write_text("16\n")

    with pytest.raises(
        SupervisorError, match=r"The embedded postgres did not start: .*expecting version 18 but found version 16"
    ):
        hold(broken_folder, "postgres")


def test_it_shows_the_end_of_the_log_when_the_server_refuses_its_data(data_dir, monkeypatch):
    monkeypatch.setenv("EMBEDDED_POSTGRES_OPTIONS", "-c no_such_setting=1")  # of the supervisor that this process starts

    with pytest.raises(SupervisorError) as error:
        hold(data_dir, "postgres")
    release(data_dir)

    assert f"The end of {data_dir / 'postgres.log'}:" in str(error.value)
    assert 'unrecognized configuration parameter "no_such_setting"' in str(error.value)


def test_a_folder_that_failed_can_be_used_once_it_is_mended(broken_folder):
    (broken_folder / "valkey").write_text("in the way")
    with pytest.raises(SupervisorError, match=r"The embedded valkey did not start: .*File exists"):
        hold(broken_folder, "valkey")
    (broken_folder / "valkey").unlink()

    hold(broken_folder, "valkey")

    assert Valkey(broken_folder).is_up()
