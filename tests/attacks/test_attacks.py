"""The short forms of `make attack`, against the web server of the Procfile, alone and behind the shipped nginx."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from django.conf import settings as django_settings

from tests.attacks import large_bodies, stalled_bodies, tokens, unread_downloads
from tests.attacks.runner import ATTACKS
from tests.attacks.site import has_nginx, nginx, web_server, with_places
from tests.attacks.target import FILE, FILE_SIZE, SLUG, Pulse, Target, make_material
from tests.celery_worker import database_url
from tests.faults.clients import HOST

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:unclosed <socket"),
]
PATIENCE = 2  # seconds that the site has with slow clients here
FROZEN = 15.0  # seconds; a site that answers takes a hundredth of that


@pytest.fixture(params=["alone", "behind nginx"])
def target(request, storage_folder, tmp_path, free_port) -> Iterator[Target]:
    has_proxy = request.param == "behind nginx"
    if has_proxy and not has_nginx():
        pytest.skip("needs nginx (Debian: apt-get install nginx-light)")
    keys = make_material(storage_folder)
    environment = {
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "DATABASE_URL": database_url(),
        "REDIS_URL": django_settings.CACHES["default"]["LOCATION"],
        "SECRET_KEY": django_settings.SECRET_KEY,
        "STORAGE_URL": str(storage_folder),
        "SEND_FILES": "proxy" if has_proxy else "app",
        "SLOW_CLIENT_SECONDS": str(PATIENCE),
        "WEB_WORKERS": "1",
    }
    with ExitStack() as stack:
        stack.enter_context(web_server(free_port, tmp_path, **environment))
        port = free_port
        if has_proxy:
            with socket.socket() as probe:
                probe.bind((HOST, 0))
                port = probe.getsockname()[1]
            stack.enter_context(nginx(port, free_port, tmp_path / "nginx", storage_folder))
        yield Target(port, *keys, tmp_path, is_behind_proxy=has_proxy)


def test_strangers_stop_nobody(target):
    """One test, because the start of the site takes longer than all that is done to it."""
    with ExitStack() as stack:
        stalled = [stack.enter_context(stalled_bodies.open_one(target, number)) for number in range(60)]
        imports = [stack.enter_context(stalled_bodies.open_import(target, number)) for number in range(20)]
        unread = [stack.enter_context(unread_downloads.open_one(target, number)) for number in range(30)]

        pulse = Pulse.take(target, times=5)

        assert pulse.healthz < FROZEN
        assert pulse.vote < FROZEN
        if not target.is_behind_proxy:  # which has a longer patience
            for connection in (stalled[0], stalled[1], stalled[2], imports[0]):
                assert read_all(connection).startswith(b"HTTP/1.1 408 ")
            # What the systems had taken for it already may come; then it is over.
            assert len(read_all(unread[0])) < FILE_SIZE // 2
    for found in large_bodies.run(target, megabytes=12):
        assert found.is_held, found
    a_download_can_be_taken_in_parts_and_refused(target)
    if not target.is_behind_proxy:
        for found in tokens.run(target, guesses=5):
            assert found.is_held, found


def test_every_attack_of_this_folder_is_in_the_list():
    modules = [path for path in Path(__file__).parent.glob("*.py") if "\ndef run(target: Target" in path.read_text()]

    assert {path.stem for path in modules} == set(ATTACKS)


def a_download_can_be_taken_in_parts_and_refused(target: Target) -> None:
    address = f"http://{HOST}:{target.port}/api/v1/campaigns/{SLUG}/releases/1/files/{FILE}"
    with httpx.Client(headers={"Authorization": f"Bearer {target.manager_key}"}, trust_env=False, timeout=60) as client:
        whole = client.get(address)
        part = client.get(address, headers={"Range": "bytes=100-299", "If-Range": whole.headers["ETag"]})
        changed = client.head(address, headers={"Range": "bytes=100-299", "If-Range": '"another"'})
        known = client.get(address, headers={"If-None-Match": whole.headers["ETag"]})
    stranger = httpx.get(address, trust_env=False)
    direct = httpx.get(f"http://{HOST}:{target.port}/stored/releases/1/1/{FILE}", trust_env=False)

    assert (whole.status_code, len(whole.content)) == (200, FILE_SIZE)
    assert whole.headers["ETag"] == f'"{"ab" * 32}"'
    assert whole.headers["Content-Type"] == "application/vnd.apache.parquet"
    assert whole.headers["Content-Disposition"].startswith("attachment")
    assert whole.headers["Cache-Control"] == "private, no-cache"
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert whole.headers["X-Request-ID"]
    assert (part.status_code, len(part.content)) == (206, 200)
    assert part.headers["Content-Range"] == f"bytes 100-299/{FILE_SIZE}"
    assert (changed.status_code, known.status_code) == (200, 304)
    assert (stranger.status_code, direct.status_code) == (401, 404)


def read_all(connection: socket.socket) -> bytes:
    """Until the other side closes."""
    blocks = []
    with suppress(ConnectionResetError):
        while block := connection.recv(65536):
            blocks.append(block)
    return b"".join(blocks)


def test_every_place_of_the_container_is_replaced_in_a_local_nginx():
    conf = with_places(Path("deploy/nginx.conf").read_text(), port=1, web_port=2, folder=Path("/f"), storage=Path("/s"))

    assert "/dev/std" not in conf
    assert "/etc/nginx/tls" not in conf
