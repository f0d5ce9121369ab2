"""Fixtures for all tests: the embedded servers, a storage folder per test, and real processes where they are asked for."""

from __future__ import annotations

import gc
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count, islice
from pathlib import Path

import pytest
from django.core.management.commands import flush
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from annotator.lib.lazy_import import lazy_import
from annotator.local.hold import hold_embedded
from tests.celery_worker import CeleryWorker
from tests.local.processes import Program
from tests.oidc_provider import OidcProvider

charts = lazy_import("annotator.releasing.card.charts")


def pytest_configure(config: pytest.Config) -> None:
    """Start (or join) the embedded servers before any database is made. Workers of a parallel run share them."""
    hold_embedded()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is imported and collected stays to the end: the collector of garbage does not look through it again and again.

    Of what the tests make, little is left when a test is over, and looking for it as often as Python does by itself takes a
    tenth of their time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a quarter of the time is spent waiting for servers, browsers and processes."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, in whatever order they are: the last of them would be alone at the end of a parallel run."""
    items.sort(key=lambda item: item.get_closest_marker("worker") is None)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Once. After every test that committed, Django would look whether content types, permissions and triggers are there.

    What empties the tables leaves them alone (see `tests/postgres/base.py`), and looking takes ten times as long.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "emit_post_migrate_signal", lambda *arguments, **options: None)
        yield


@pytest.fixture(scope="session")
def _storage_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Names of folders that are not there yet: of thousands of tests, few write a file."""
    folder = tmp_path_factory.mktemp("storage")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def storage_folder(request: pytest.FixtureRequest, settings: Settings, _storage_folders: Iterator[Path]) -> Path:
    """A storage folder of the test's own; with a Celery worker, the one that the worker uses, emptied."""
    if "celery_worker_process" in request.fixturenames:
        folder = request.getfixturevalue("_celery_worker").storage
        shutil.rmtree(folder)
        folder.mkdir()
    else:
        folder = next(_storage_folders)
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder), "allow_overwrite": True},
        },
    }
    return folder


@pytest.fixture(scope="session")
def server(django_db_setup: None) -> Iterator[LiveServer]:
    """The site. pytest-django's own fixture would empty the database after every test; here a module may keep what it has."""
    server = LiveServer("localhost")
    yield server
    server.stop()


@pytest.fixture
def few_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """One on the card of a release instead of five, which take half of its time: for tests that look at something else."""
    every = charts.charts_of
    monkeypatch.setattr(charts, "charts_of", lambda facts: islice(every(facts), 1))


@pytest.fixture(scope="session")
def oidc_provider() -> Iterator[OidcProvider]:
    provider = OidcProvider()
    yield provider
    provider.stop()


@pytest.fixture(scope="session")
def _celery_worker(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CeleryWorker]:
    worker = CeleryWorker(tmp_path_factory.mktemp("worker"))
    worker.take_no_tasks()
    yield worker
    worker.stop()


@pytest.fixture
def celery_worker_process(transactional_db: None, _celery_worker: CeleryWorker) -> Iterator[CeleryWorker]:
    """A real Celery worker on this test's database, queue and storage folder; for tests marked `worker`.

    It starts with nothing to do, has nothing in hand when the database is emptied after the test, and takes nothing of others.
    """
    _celery_worker.finish_all()
    _celery_worker.take_tasks()
    yield _celery_worker
    _celery_worker.finish_all()
    _celery_worker.take_no_tasks()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts a program of ours; whatever it leaves is killed after the test."""
    programs: list[Program] = []

    def start(*arguments: str, **environment: str) -> Program:
        marker = f"{tmp_path.name}-{os.getpid()}-{len(programs)}"
        programs.append(Program(list(arguments), folder=tmp_path, marker=marker, **environment))
        return programs[-1]

    yield start
    for program in programs:
        for process in program.running():
            process.kill()
        program.process.wait()


# Below those that the system gives to whoever asks for any: a site may take ten seconds to come to where it listens, and by then
# somebody else would have the port. Each process of a parallel run has some of its own.
PORTS = count(12_000 + 1_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) + os.getpid() % 500)


@pytest.fixture
def free_port() -> int:
    while True:
        port = next(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
