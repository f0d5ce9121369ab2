"""Starts the embedded servers that the settings call for. Entry points call it; importing the settings starts nothing."""

from __future__ import annotations

from django.conf import settings

from annotator.local import embedded_servers


def hold_embedded() -> None:
    """Keep the embedded servers up while this process lives. Does nothing where external ones are configured."""
    embedded_servers.hold(settings.DATA_DIR, *settings.EMBEDDED_SERVERS)
