"""What stands in the way of serving, with the way out."""

from __future__ import annotations

import socket

import pytest
from django.db import connection

from annotator.local import preflight
from annotator.local.preflight import (
    CannotServe,
    collect_static_files,
    require_broker,
    require_database,
    require_free_port,
    wait_until_answering,
)


def test_a_busy_port_is_named_with_the_way_out(free_port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()
        with pytest.raises(CannotServe, match=rf"Port {free_port} is in use.* PORT={free_port % 60000 + 1}"):
            require_free_port("127.0.0.1", free_port)

    require_free_port("127.0.0.1", free_port)


@pytest.mark.parametrize("host", ["192.0.2.1", "not a host"])
def test_an_address_of_another_machine_is_refused(host, free_port):
    with pytest.raises(CannotServe, match=host):
        require_free_port(host, free_port)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"HOST": "127.0.0.1", "PORT": "1"}, "connection failed: "),
        ({"NAME": "no_such_database"}, '"no_such_database" does not exist'),
    ],
)
def test_a_database_that_is_not_there_is_said_in_one_line(monkeypatch, change, words):
    require_database()
    elsewhere = connection.copy()
    elsewhere.settings_dict = {**connection.settings_dict, **change}
    monkeypatch.setattr(preflight, "connection", elsewhere)

    with pytest.raises(CannotServe, match=rf"^DATABASE_URL: .*{words}.*$"):
        require_database()


def test_a_broker_that_is_not_there_is_said_in_one_line(settings):
    require_broker()
    settings.CACHE_URL = "redis://127.0.0.1:1/0"

    with pytest.raises(CannotServe, match=r"^REDIS_URL: .*127\.0\.0\.1:1.*$"):
        require_broker()


def test_static_files_are_collected_when_something_has_changed_and_only_then(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path / "static"
    collect_static_files()
    (settings.STATIC_ROOT / "favicon.svg").unlink()

    collect_static_files()
    assert not (settings.STATIC_ROOT / "favicon.svg").exists()

    (settings.STATIC_ROOT / ".collected-from").write_text("of another version")
    collect_static_files()
    assert (settings.STATIC_ROOT / "favicon.svg").exists()


def test_a_web_server_that_never_answers_is_not_waited_for_for_ever(monkeypatch, free_port):
    monkeypatch.setattr(preflight, "START_TIMEOUT", 0.2)

    with pytest.raises(CannotServe, match="did not answer"):
        wait_until_answering(f"http://127.0.0.1:{free_port}/")
