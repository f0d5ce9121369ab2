"""Signed cookies, and the nginx that checks them: the shipped configuration, with other places."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.http import HttpResponse

from annotator.lib.cdn import COOKIE, COOKIE_SECONDS, add_cookie, redirect_to_cdn, signed
from benchmarks.support.site import free_port
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
CONF = ROOT / "deploy" / "nginx-cdn.conf"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", os.defpath))
SECRET = "k" * 32
NAME = "displays/ab/abcdef/640.webp"


@pytest.fixture(autouse=True)
def _cdn(settings) -> None:
    settings.CDN_URL, settings.CDN_SECRET, settings.CDN_COOKIE_DOMAIN = "https://images.example.org", SECRET, "example.org"


@pytest.fixture(scope="module")
def edge(tmp_path_factory) -> Iterator[str]:
    """The address of a CDN with one copy for display, and a full-size file that is none."""
    if NGINX is None:
        pytest.skip("nginx is missing: apt-get install nginx-light.")
    folder, port = tmp_path_factory.mktemp("cdn"), free_port()
    for name in (NAME, "images/ab/abcdef/full.png"):
        (folder / "storage" / name).parent.mkdir(parents=True)
        (folder / "storage" / name).write_bytes(b"picture")
    (folder / "secret.conf").write_text(f'set $cdn_secret "{SECRET}";')
    conf = CONF.read_text()
    for place, own in (
        ("/run/nginx.pid", f"{folder}/nginx.pid"),
        ("/dev/stderr", f"{folder}/error.log"),
        ("/dev/stdout", f"{folder}/access.log"),
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("/etc/nginx/cdn/*.conf", f"{folder}/secret.conf"),
        ("root /storage;", f"root {folder}/storage;"),
    ):
        assert place in conf
        conf = conf.replace(place, own)
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(user + conf.replace("http {", f"http {{ {temporary}", 1))
    command = [NGINX, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf", "-g", "daemon off;"]
    process = subprocess.Popen(command)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: is_there(address), seconds=30, why="nginx")
        yield address
    finally:
        process.terminate()
        process.wait()


def is_there(address: str) -> bool:
    try:
        return httpx.get(f"{address}/cdn-healthz", trust_env=False).status_code == 204
    except httpx.TransportError:
        return False


def ask(edge: str, cookie: str, name: str = NAME, method: str = "GET") -> httpx.Response:
    return httpx.request(method, f"{edge}/{name}", headers={"Cookie": f"{COOKIE}={cookie}"} if cookie else {}, trust_env=False)


def test_nginx_sends_the_copy_to_who_has_a_cookie(edge):
    response = ask(edge, signed(7, until=int(time.time()) + 60))

    assert (response.status_code, response.content) == (200, b"picture")
    assert response.headers["Content-Type"] == "image/webp"
    assert response.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert {"etag", "last-modified"}.isdisjoint(response.headers)


def test_nginx_refuses_whoever_has_none_or_changed_it(edge):
    now = int(time.time())
    good, other = signed(7, until=now + 60), signed(8, until=now + 60)
    person, until, signature = good.split(".")
    changed = [
        f"{other.split('.')[0]}.{until}.{signature}",
        f"{person}.{now + 9999}.{signature}",
        f"{person}.{until}.{other.split('.')[2]}",
        f"{person}.{until}.",
        f"..{signature}",
    ]

    refused = ["", "nonsense", signed(7, until=now - 1), *changed]

    assert [ask(edge, cookie).status_code for cookie in refused] == [403] * len(refused)


def test_nginx_has_nothing_but_copies_for_display(edge):
    cookie = signed(7, until=int(time.time()) + 60)

    for name in (
        "images/ab/abcdef/full.png",
        "displays/../images/ab/abcdef/full.png",
        "displays/",
        "displays/ab/",
        "",
        "secret.conf",
    ):
        assert ask(edge, cookie, name).status_code in (403, 404)
    assert ask(edge, cookie, method="POST").status_code == 403


def test_another_secret_signs_nothing(edge, settings):
    settings.CDN_SECRET = "x" * 32

    assert ask(edge, signed(7, until=int(time.time()) + 60)).status_code == 403


def test_a_redirect_brings_a_cookie_of_the_person_that_tells_nothing(settings):
    settings.SESSION_COOKIE_SECURE = True

    response = redirect_to_cdn(NAME, user_id=7)

    assert (response.status_code, response["Location"]) == (302, f"https://images.example.org/{NAME}")
    cookie = response.cookies[COOKIE]
    assert (cookie["domain"], cookie["path"], cookie["max-age"]) == ("example.org", "/", COOKIE_SECONDS)
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
    person, until, signature = cookie.value.split(".")
    assert re.fullmatch("[0-9a-f]{16}", person)
    assert 0 < int(until) - time.time() <= COOKIE_SECONDS
    assert re.fullmatch("[A-Za-z0-9_-]{22}", signature)
    assert person != signed(8, until=int(until)).split(".")[0]


def test_at_a_path_of_the_site_the_cookie_goes_there_alone(settings):
    settings.CDN_URL, settings.CDN_COOKIE_DOMAIN = "/cdn", ""
    response = HttpResponse()

    add_cookie(response, user_id=7)

    assert (response.cookies[COOKIE]["path"], response.cookies[COOKIE]["domain"]) == ("/cdn/", "")
    assert redirect_to_cdn(NAME, user_id=7)["Location"] == f"/cdn/{NAME}"
