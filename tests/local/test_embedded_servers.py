"""Where the servers live: within reach of their user alone, and under any path."""

from __future__ import annotations

import stat

import psutil

from annotator.local.embedded_servers import SOCKET_PATH_LIMIT, Postgres, Valkey, short_folder
from tests.local.processes import processes_of


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
