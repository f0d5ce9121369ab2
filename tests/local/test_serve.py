"""`manage.py serve`: everything starts together, ends together, and says in one line why it does not start."""

from __future__ import annotations

import re

import httpx
import pytest
from django.conf import settings

from tests.celery_worker import database_url


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PORT": "0"}, "PORT='0' is not valid. Use a whole number from 1 to 65535."),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "REDIS_URL: Error 111 connecting to 127.0.0.1:1. Connection refused."),
    ],
)
def test_serve_says_in_one_line_why_it_does_not_start(start, tmp_path, free_port, change, words):
    servers = {"DATABASE_URL": database_url(), "REDIS_URL": settings.CACHES["default"]["LOCATION"]}

    serve = start("manage.py", "serve", **({"PORT": str(free_port), "DATA_DIR": str(tmp_path / "data")} | servers | change))

    assert serve.ended() == 1
    lines = serve.text().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("Error: ")
    assert words in lines[0]


# --- the whole of it


@pytest.mark.worker
def test_the_demo_passes_its_checks_and_a_second_start_keeps_serving_until_ctrl_c(start, tmp_path, free_port):
    """On embedded servers of its own, from nothing; then again on what is there."""
    environment = {"DATA_DIR": str(tmp_path / "data"), "PORT": str(free_port), "DATABASE_URL": "", "REDIS_URL": ""}
    environment |= {"WEB_WORKERS": "1", "WORKER_CONCURRENCY": "1"}  # each takes a second or two to start
    environment |= {"DJANGO_SETTINGS_MODULE": "tests.management.demo_settings"}
    demo = start("manage.py", "serve", "--demo", "--check", "--pairs", "8", **environment)
    assert demo.ended(seconds=600) == 0, demo.text()
    assert "13 checks passed, 0 failed." in demo.text()

    serve = start("manage.py", "serve", "--demo", **environment)
    serve.wait_for("Diptych is running at")
    assert "Drawing" not in serve.text()
    assert re.search(r"\b[1-9]\d* pairs? left to judge", serve.text()), "gold among them is drawn by lot"
    url = f"http://127.0.0.1:{free_port}"
    assert httpx.get(f"{url}/healthz").text == "ok"
    assert httpx.get(f"{url}/login/").status_code == 200

    memory = start("manage.py", "memory", **environment)
    assert memory.ended() == 0
    held = {line.split()[0]: float(line.split()[2]) for line in memory.text().splitlines()[1:]}
    assert set(held) - {"decoder"} == {"web", "worker", "beat", "postgres", "supervisor", "serve", "watchdog", "valkey", "all"}
    assert held["serve"] < 20, "it stays, and so keeps nothing that it needed to start"
    # A decoder that still looks at images is not idle, nor is a worker whose first tasks have come: up to 60 MB.
    assert held["all"] - held.get("decoder", 0) < 560

    busy = start("manage.py", "serve", **environment)
    assert busy.ended() == 1
    assert f"is being served already, at {url}/" in busy.text()

    for _ in range(2):
        serve.press_ctrl_c()
    assert serve.ended() == 0
