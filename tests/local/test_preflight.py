"""What stands in the way of serving, with the way out."""

from __future__ import annotations

import socket

import pytest
from django.db import connection

from annotator.local import preflight
from annotator.local.preflight import (
    CannotServe,
    answers,
    fingerprint,
    prepare,
    require_broker,
    require_database,
    require_free_port,
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
def test_a_database_that_is_not_there_is_said_in_one_line(settings, monkeypatch, change, words):
    monkeypatch.setitem(settings.DATABASES, "default", connection.settings_dict)
    require_database()
    monkeypatch.setitem(settings.DATABASES, "default", {**connection.settings_dict, **change})

    with pytest.raises(CannotServe, match=rf"^DATABASE_URL: .*{words}.*$"):
        require_database()


def test_a_broker_that_is_not_there_is_said_in_one_line(settings):
    require_broker()
    settings.CACHE_URL = "redis://127.0.0.1:1/0"

    with pytest.raises(CannotServe, match=r"^REDIS_URL: .*127\.0\.0\.1:1.*$"):
        require_broker()


@pytest.mark.django_db
def test_what_was_prepared_is_prepared_anew_when_something_has_changed_and_only_then(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(preflight, "PREPARATIONS", (("show_mails",), ("version",)))  # which need no second database
    assert not (tmp_path / "prepared").exists()
    prepare()
    (tmp_path / "prepared").touch()
    before = fingerprint()

    settings.STATIC_ROOT = tmp_path
    (tmp_path / "staticfiles.json").touch()

    assert fingerprint() != before
    prepare()
    assert (tmp_path / "prepared").read_text() == fingerprint()


@pytest.mark.django_db
def test_a_preparation_that_fails_is_shown(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(preflight, "PREPARATIONS", (("migrate", "no_such_application"),))

    with pytest.raises(CannotServe, match="no_such_application"):
        prepare()
    assert not (tmp_path / "prepared").exists()


def test_a_web_server_that_is_not_there_does_not_answer(free_port):
    assert not answers(f"http://127.0.0.1:{free_port}/")
