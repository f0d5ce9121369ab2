"""A real Chromium in front of the live server. One browser per test process, a fresh context per test."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from PIL import Image as Picture
from PIL import ImageDraw
from playwright.sync_api import sync_playwright
from pytest_django.live_server_helper import LiveServer

from annotator.importing.images import CleanImage, ingest_image, store_image
from annotator.importing.ingest_batch import stored_image
from annotator.models import Campaign, Image, Member, Pair, Prompt
from tests.browser.driver import BrowserThread, Remote
from tests.factories import GuidelineFactory, ImageFactory, MemberFactory, PairFactory, PromptFactory

# The first has no window of its own, and takes a third less time than the whole Chromium.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT_MS = 20_000
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 640}
# A service worker would fetch images past what a test does to the network: Playwright does not see what workers ask for.
DEFAULTS = {"viewport": WIDE, "reduced_motion": "reduce", "service_workers": "block"}


def find_chromium() -> str:
    """The path of Chromium; without one the tests are skipped, and where CI is set they fail."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found:
        return found
    message = "Chromium is missing. Get it with `apt-get install chromium`, or set CHROMIUM to its path."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Remote]:
    path = find_chromium()
    thread = BrowserThread()
    playwright = thread.call(sync_playwright().start)
    browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
    yield browser
    browser.close()
    playwright.stop()
    thread.stop()


Open = Callable[..., Remote]


@pytest.fixture
def open_page(chromium: Remote, server: LiveServer) -> Iterator[Open]:
    """Opens a page of the site, logged in as a member, with the options of a Playwright context.

    What Chromium reports as an error of ours (a script, the content security policy) fails the test.
    """
    contexts: list[Remote] = []
    errors: list[str] = []

    def open_as(member: Member | None, path: str, **options: Any) -> Remote:
        context = chromium.new_context(**DEFAULTS | {"base_url": server.url} | options)
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        if member:
            context.add_cookies([{"url": server.url, "name": settings.SESSION_COOKIE_NAME, "value": session_of(member)}])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if "Content Security Policy" in message.text else None)
        page.goto(path)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert not errors


def session_of(member: Member) -> str:
    """The key of a session in which the member is logged in."""
    client = Client()
    client.force_login(member.user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def member(transactional_db: None) -> Member:
    """A member who has accepted the guideline of a campaign with a dozen pairs of real images."""
    member = MemberFactory(campaign__name="Shapes")
    accept(member)
    make_pairs(member.campaign, 12)
    return member


def accept(member: Member) -> None:
    guideline = GuidelineFactory(campaign=member.campaign, text="# Look closely\n\nCount the shapes.")
    member.guideline_accepted, member.guideline_accepted_at = guideline, guideline.published_at
    member.save()


def make_pairs(campaign: Campaign, count: int, *, size: int = 320) -> list[Pair]:
    """Pairs of a wide and a high image, `size` pixels long. All at once: nearly every test here begins with a dozen."""
    pairs = [make_pair(campaign, number, size) for number in range(count)]
    Prompt.objects.bulk_create(pair.prompt for pair in pairs)
    Image.objects.bulk_create(image for pair in pairs for image in (pair.image_a, pair.image_b))
    return Pair.objects.bulk_create(pairs)


def make_pair(campaign: Campaign, number: int, size: int) -> Pair:
    """Not written yet, but for the files of its images."""
    text = f"{number + 2} circles on a grey ground"
    prompt = PromptFactory.build(campaign=campaign, text=text, text_sha256=hashlib.sha256(text.encode()).hexdigest())
    return PairFactory.build(
        campaign=campaign,
        prompt=prompt,
        image_a=make_image(prompt, "tomato", number + 2, (size, size * 3 // 4)),
        image_b=make_image(prompt, "steelblue", number + 1, (size * 3 // 4, size)),
    )


def make_image(prompt: Prompt, colour: str, circles: int, size: tuple[int, int]) -> Image:
    clean = draw(colour, circles, size)
    store_image(clean)
    return ImageFactory.build(prompt=prompt, **stored_image(clean)._asdict())


@cache
def draw(colour: str, circles: int, size: tuple[int, int]) -> CleanImage:
    """A picture as the site takes it in; nearly all tests ask for the same ones."""
    picture = Picture.new("RGB", size, "silver")
    canvas = ImageDraw.Draw(picture)
    for index in range(circles):
        x, y = 20 + index % 5 * 42, 20 + index // 5 * 42
        canvas.ellipse((x, y, x + 30, y + 30), fill=colour)
    file = BytesIO()
    picture.save(file, "PNG")
    return ingest_image(file.getvalue())
