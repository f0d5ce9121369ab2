"""Where the servers live: within reach of their user alone, and under any path. And servers that are killed or cannot start."""

from __future__ import annotations

import stat
import subprocess
import sys

import psutil
import psycopg
import pytest

from annotator.local.embedded_servers import SOCKET_PATH_LIMIT, Postgres, Valkey, short_folder
from annotator.local.hold import SupervisorError, hold, release
from annotator.local.watchdog import is_running
from tests.local.processes import processes_of, server_of, supervisor_of, wait_until_off
from tests.waiting import wait_until


@pytest.fixture
def broken_folder(tmp_path):
    yield tmp_path
    release(tmp_path)


def test_they_answer_while_they_are_held(data_dir, hold_elsewhere):
    servers = [Postgres(data_dir), Valkey(data_dir)]
    assert [server.is_up() for server in servers] == [False, False]

    hold_elsewhere(data_dir, "postgres", "valkey")

    assert [server.is_up() for server in servers] == [True, True]


def test_only_their_user_can_reach_the_servers(data_dir, hold_elsewhere):
    hold_elsewhere(data_dir, "postgres", "valkey")

    for server in (Postgres(data_dir), Valkey(data_dir)):
        assert stat.S_IMODE(server.socket_dir.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE((data_dir / "supervisor").stat().st_mode) & 0o077 == 0
    assert not [
        c for process in processes_of(data_dir) for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN
    ]


def test_a_folder_whose_path_is_too_long_for_a_socket_is_fine(tmp_path, hold_elsewhere):
    data_dir = tmp_path / ("a long name" * 9)

    hold_elsewhere(data_dir, "postgres", "valkey")

    for server in (Postgres(data_dir), Valkey(data_dir)):
        assert server.is_up()
        assert server.socket_dir != server.home
        assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700


def test_a_short_folder_is_the_same_for_everybody_and_another_for_every_path(tmp_path):
    long, other = tmp_path / ("x" * SOCKET_PATH_LIMIT), tmp_path / ("y" * SOCKET_PATH_LIMIT)

    assert short_folder(tmp_path, "s") == tmp_path
    assert short_folder(long, "s") == short_folder(long, "s")
    assert short_folder(long, "s") != short_folder(other, "s")


# --- servers that are killed or cannot start


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
    wait_until(lambda: not is_running(server.pid))
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
