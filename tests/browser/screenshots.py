"""Pictures of every page, wide and on a phone, in light and dark: `make screenshots`. They are for people to look at; no test
compares them.

Some of them: `make screenshots ARGS="-k phone" NAMES=review,members`. The pictures are in var/screenshots/.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import reverse
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import PHONE, WIDE, Open
from tests.browser.every_page import Site, a_provider, a_site
from tests.committed import committed, stored_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db]

FOLDER = Path(os.environ.get("SCREENSHOTS", "var/screenshots"))
NAMES = [name for name in os.environ.get("NAMES", "").split(",") if name]
SIZES = {"wide": WIDE, "phone": PHONE}
VIEWS = {f"{name}-{scheme}": (size, scheme) for name, size in SIZES.items() for scheme in ("light", "dark")}


@pytest.fixture(scope="module", autouse=True)
def storage_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with stored_in(tmp_path_factory.mktemp("storage")) as folder:
        yield folder


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: DjangoDbBlocker, storage_folder: Path) -> Iterator[Site]:
    providers = {"openid_connect": {"APPS": [a_provider()]}}
    with committed(django_db_blocker), override_settings(OPEN_SIGN_UP=True, SOCIALACCOUNT_PROVIDERS=providers):
        yield a_site()


@pytest.mark.parametrize("view", VIEWS)
def test_pictures_are_taken(open_page: Open, server: LiveServer, site: Site, view: str) -> None:
    size, scheme = VIEWS[view]
    window = open_page(None, reverse("healthz"), viewport=size, color_scheme=scheme)
    folder = FOLDER / view
    folder.mkdir(parents=True, exist_ok=True)
    for name, (session, path) in site.pages.items():
        if NAMES and name not in NAMES:
            continue
        window.context.clear_cookies()
        if session:
            window.context.add_cookies([{"url": server.url, "name": settings.SESSION_COOKIE_NAME, "value": session}])
        window.goto(path)
        window.wait_for_load_state("networkidle")
        file = folder / f"{re.sub(r'[^a-z0-9]+', '-', name.lower())}.png"
        window.screenshot(path=str(file), full_page=True)
        assert file.stat().st_size > 0
