"""What makes the site an app that can be installed."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image


def test_whoever_asks_gets_it_and_every_icon_is_as_large_as_it_says():
    response = Client().get("/manifest.webmanifest")

    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/manifest+json")
    manifest = response.json()
    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")
    pictures = [icon for icon in manifest["icons"] if icon["type"] == "image/png"]
    assert {(icon["purpose"], icon["sizes"]) for icon in pictures} >= {("any", "192x192"), ("any", "512x512")}
    for icon in pictures:
        content = Path(finders.find(icon["src"].removeprefix("/static/"))).read_bytes()
        width, height = Image.open(BytesIO(content)).size
        assert icon["sizes"] == f"{width}x{height}"
