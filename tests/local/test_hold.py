"""Servers that are shared by whoever holds them, however each holder ends."""

from __future__ import annotations

import os

import psycopg
import pytest

from annotator.local import hold as holding
from annotator.local.embedded_servers import Postgres, Valkey
from annotator.local.hold import SupervisorError, hold, release, socket_address
from tests.local.processes import is_supervised, processes_of, server_of, start_holder, wait_until_held, wait_until_off
from tests.waiting import wait_until


def test_processes_that_start_at_once_share_one_server_of_each_kind(data_dir, holders):
    holders += [start_holder(data_dir, "postgres", "valkey") for _ in range(3)]
    for holder in holders:
        wait_until_held(holder)

    assert Postgres(data_dir).is_up()
    assert Valkey(data_dir).is_up()
    assert len(processes_of(data_dir)) == 3  # one supervisor, one server of each kind


def test_the_servers_stop_when_the_last_holder_ends(data_dir, hold_elsewhere):
    first, second = hold_elsewhere(data_dir, "postgres", "valkey"), hold_elsewhere(data_dir, "postgres", "valkey")
    before = server_of(data_dir, "postgres")

    first.communicate(timeout=10)
    assert_stays_up(data_dir)
    assert server_of(data_dir, "postgres") == before

    second.communicate(timeout=10)
    wait_until_off(data_dir)
    assert not is_supervised(data_dir)


def test_the_servers_stop_when_their_holder_is_killed(data_dir, hold_elsewhere):
    hold_elsewhere(data_dir, "postgres", "valkey").kill()

    wait_until_off(data_dir)


def test_whoever_comes_while_the_servers_are_being_stopped_gets_others(data_dir, holders, hold_elsewhere):
    for _ in range(2):
        hold_elsewhere(data_dir, "postgres", "valkey").kill()
        hold_elsewhere(data_dir, "postgres")
        assert Postgres(data_dir).is_up()
        holders.pop().communicate(timeout=10)


def test_a_server_that_nobody_held_yet_is_started_beside_the_other(data_dir, hold_elsewhere):
    hold_elsewhere(data_dir, "valkey")
    before = server_of(data_dir, "valkey-server")

    hold_elsewhere(data_dir, "postgres", "valkey")

    assert Postgres(data_dir).is_up()
    assert server_of(data_dir, "valkey-server") == before


def test_data_survives_a_stop_and_a_start(data_dir, hold_elsewhere):
    holder = hold_elsewhere(data_dir, "postgres")
    with psycopg.connect(**Postgres(data_dir).connection_parameters()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('still here')")
    holder.communicate(timeout=10)
    wait_until_off(data_dir)

    hold_elsewhere(data_dir, "postgres")

    with psycopg.connect(**Postgres(data_dir).connection_parameters()) as connection:
        assert connection.execute("SELECT DISTINCT word FROM kept").fetchall() == [("still here",)]


def test_this_process_can_let_go_and_hold_again(data_dir):
    for _ in range(2):
        hold(data_dir, "valkey")
        hold(data_dir, "valkey")  # a second time changes nothing
        assert Valkey(data_dir).is_up()

        release(data_dir)
        assert not Valkey(data_dir).is_up()
        assert not is_supervised(data_dir)


def test_who_lets_go_does_not_stop_what_another_holds(data_dir, hold_elsewhere):
    hold_elsewhere(data_dir, "valkey")
    hold(data_dir, "valkey")

    release(data_dir)

    assert Valkey(data_dir).is_up()


def test_it_says_why_when_the_folder_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(SupervisorError, match=r"DATA_DIR='.*/file' cannot be used"):
        hold(tmp_path / "file", "valkey")


def test_a_socket_in_the_folder_of_another_user_is_not_used(tmp_path, monkeypatch):
    another = os.getuid() + 1
    monkeypatch.setattr(holding.os, "getuid", lambda: another)

    with pytest.raises(SupervisorError, match="belongs to another user"):
        hold(tmp_path, "valkey")
    assert not socket_address(tmp_path).exists()


def assert_stays_up(data_dir) -> None:
    """A supervisor looks at its clients and servers several times a second; a wrongly stopped server would be gone by then."""
    looks = iter(range(30))

    def has_been_looked_at_long_enough() -> bool:
        assert Postgres(data_dir).is_up()
        assert Valkey(data_dir).is_up()
        return next(looks, None) is None

    wait_until(has_been_looked_at_long_enough, why="the supervisor to look")
