"""`manage.py serve`: everything starts together, ends together, and says in one line why it does not start."""

from __future__ import annotations

import httpx
import pytest
from django.conf import settings
from django.db import connection

from annotator.management.commands.serve import is_trouble
from tests.celery_worker import database_url


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-11-23 06:30:09,978 ERROR celery: it broke", True),
        ("django.db.utils.OperationalError: connection lost", True),
        ("ValueError: no", True),
        ("2026-11-23 06:30:09,978 INFO celery: Task errors.count received", False),
        ("[INFO] Started worker-1", False),
    ],
)
def test_trouble_in_a_log_is_recognised(line, expected):
    assert is_trouble(line) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PORT": "0"}, "PORT='0' is not a whole number from 1 to 65535."),
        ({"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}, "DATABASE_URL: connection failed"),
        ({"DATABASE_URL": "missing"}, "does not exist"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "REDIS_URL: Error 111 connecting to 127.0.0.1:1. Connection refused."),
    ],
)
def test_serve_says_in_one_line_why_it_does_not_start(start, tmp_path, free_port, change, words):
    if change.get("DATABASE_URL") == "missing":
        name = str(connection.settings_dict["NAME"])
        change = {"DATABASE_URL": database_url().removesuffix(name) + "no_such_database"}
    servers = {"DATABASE_URL": database_url(), "REDIS_URL": settings.CACHES["default"]["LOCATION"]}

    serve = start("manage.py", "serve", **({"PORT": str(free_port), "DATA_DIR": str(tmp_path / "data")} | servers | change))

    assert serve.ended() == 1
    lines = serve.text().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("Error: ")
    assert words in lines[0]


def test_check_without_demo_is_refused(start):
    serve = start("manage.py", "serve", "--check")

    assert serve.ended() == 1
    assert "serve --demo --check" in serve.text()


# --- the whole of it


@pytest.mark.worker
def test_the_demo_passes_its_checks_and_a_second_start_keeps_serving_until_ctrl_c(start, tmp_path, free_port):
    """On embedded servers of its own, from nothing; then again on what is there."""
    environment = {"DATA_DIR": str(tmp_path / "data"), "PORT": str(free_port), "DATABASE_URL": "", "REDIS_URL": ""}
    demo = start("manage.py", "serve", "--demo", "--check", "--pairs", "12", **environment)
    assert demo.ended(seconds=200) == 0, demo.text()
    assert "13 checks passed, 0 failed." in demo.text()

    serve = start("manage.py", "serve", "--demo", **environment)
    serve.wait_for("Diptych is at")
    assert "Drawing" not in serve.text()
    assert "32 pairs left to judge" in serve.text()
    url = f"http://127.0.0.1:{free_port}"
    assert httpx.get(f"{url}/healthz").text == "ok"
    assert httpx.get(f"{url}/login/").status_code == 200

    busy = start("manage.py", "serve", **environment)
    assert busy.ended() == 1
    assert f"is being served already, at {url}/" in busy.text()

    for _ in range(2):
        serve.press_ctrl_c()
    assert serve.ended() == 0
