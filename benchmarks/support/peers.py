"""The tools that this site is measured beside, each installed in an environment of its own and started as its documents say."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from annotator.local.child import end_with_parent
from benchmarks.support.site import HOST, free_port, stop

START_TIMEOUT = 600.0  # seconds; Label Studio makes its database first, and Potato reads all items
PASSWORD = "Only4measuring!"  # of the users of a server that lives for minutes on this machine
OWNER = "owner@example.org"
SEATS = 100  # of each item, as our own campaigns have
IMPORT_AT_ONCE = 10_000
TOKEN = re.compile(r'csrfmiddlewaretoken" value="([^"]+)"')
POTATO_CONFIG = """
annotation_task_name: Pairs
task_dir: .
output_annotation_dir: output
data_files: [items.jsonl]
item_properties: {id_key: id, text_key: text}
require_password: false
user_config: {allow_all_users: true, users: []}
assignment_strategy: random
num_annotators_per_item: %d
annotation_schemes:
  - {annotation_type: pairwise, name: overall, description: 'Which image is better?', items_key: text, allow_tie: true}
"""
LABEL_CONFIG = """
<View>
  <Text name="prompt" value="$prompt"/><Image name="left" value="$a"/><Image name="right" value="$b"/>
  <Choices name="overall" toName="left" choice="single"><Choice value="a"/><Choice value="b"/></Choices>
</View>
"""


@contextmanager
def potato(program: Path, folder: Path, items: int, clients: int) -> Iterator[dict[str, Any]]:
    """Yields the order of a load: where it answers, and who is logged in."""
    with (folder / "items.jsonl").open("w") as file:
        for number in range(items):
            pictures = [f'<img src="/media/{number}-{slot}.webp">' for slot in "ab"]
            file.write(json.dumps({"id": f"pair-{number}", "text": pictures}) + "\n")
    (folder / "config.yaml").write_text(POTATO_CONFIG % SEATS)
    port = free_port()
    with _running([str(program), "start", "config.yaml", "--port", str(port), "--host", HOST], folder, port, "/"):
        yield {"kind": "potato", "port": port, "cookies": [_log_in_to_potato(port, f"a{n}") for n in range(clients)]}


def _log_in_to_potato(port: int, name: str) -> dict[str, str]:
    with _browser(port) as browser:
        browser.post("/auth", data={"email": name, "pass": ""})
        return dict(browser.cookies)


@contextmanager
def label_studio(program: Path, folder: Path, items: int, clients: int) -> Iterator[dict[str, Any]]:
    """Yields the order of a load, as `potato` does."""
    port = free_port()
    shutil.copytree(_empty_label_studio(program), folder, dirs_exist_ok=True)
    with _label_studio(program, folder, port):
        with _browser(port) as browser:
            _enter_label_studio(browser, "/user/login/", OWNER)
            rules = {"title": "Pairs", "label_config": LABEL_CONFIG, "maximum_annotations": SEATS, "sampling": "Uniform sampling"}
            project = _posted(browser, "/api/projects/", rules)["id"]
            for start in range(0, items, IMPORT_AT_ONCE):
                numbers = range(start, min(items, start + IMPORT_AT_ONCE))
                tasks = [
                    {"data": {"prompt": f"{n} cubes", "a": f"/media/{n}-a.webp", "b": f"/media/{n}-b.webp"}} for n in numbers
                ]
                _posted(browser, f"/api/projects/{project}/import", tasks)
        yield {
            "kind": "label-studio",
            "port": port,
            "project": project,
            "cookies": [_sign_up_to_label_studio(port, f"a{number}@example.org") for number in range(clients)],
        }


def _empty_label_studio(program: Path) -> Path:
    """A data folder in which nothing has happened yet, made once for an installation: it takes minutes."""
    empty = program.parent.parent / "empty"
    if not empty.exists():
        making = empty.with_suffix(".making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        with _label_studio(program, making, free_port()):
            pass  # it answers when the database is made
        making.rename(empty)
    return empty


def _label_studio(program: Path, folder: Path, port: int) -> AbstractContextManager[None]:
    command = [str(program), "start", "--data-dir", str(folder), "--port", str(port), "--internal-host", HOST, "--no-browser"]
    command += ["--log-level", "WARNING", "--username", OWNER, "--password", PASSWORD]
    return _running(command, folder, port, "/health", COLLECT_ANALYTICS="0", SECRET_KEY=PASSWORD)


def _sign_up_to_label_studio(port: int, address: str) -> dict[str, str]:
    with _browser(port) as browser:
        _enter_label_studio(browser, "/user/signup/", address)
        return dict(browser.cookies)


def _enter_label_studio(browser: httpx.Client, path: str, address: str) -> None:
    token = TOKEN.search(browser.get(path).text)
    assert token, f"{path} has no form."
    form = {"email": address, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    answer = browser.post(path, data=form, headers={"Referer": str(browser.base_url)})
    assert "sessionid" in browser.cookies, answer.text[:2000]


def _posted(browser: httpx.Client, path: str, content: Any) -> Any:
    headers = {"X-CSRFToken": browser.cookies["csrftoken"], "Referer": str(browser.base_url)}
    return browser.post(path, json=content, headers=headers).raise_for_status().json()


def _browser(port: int) -> httpx.Client:
    return httpx.Client(base_url=f"http://{HOST}:{port}", follow_redirects=True, timeout=600, trust_env=False)


@contextmanager
def _running(command: list[str], folder: Path, port: int, path: str, **environment: str) -> Iterator[None]:
    """Until it answers at `path`; it ends on the way out."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"} | environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=partial(end_with_parent, os.getpid(), signal.SIGTERM),
        )
    try:
        _wait_for(process, port, path, folder / "log")
        yield
    finally:
        stop([process])


def _wait_for(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with exit code {process.returncode}.\n{log.read_text()[-2000:]}")
        try:
            if httpx.get(f"http://{HOST}:{port}{path}", timeout=60, trust_env=False).status_code < 500:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise SystemExit(f"{process.args!r} did not answer.\n{log.read_text()[-2000:]}")
