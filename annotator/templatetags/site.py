"""How the site is, for pages of those who can do something about it."""

from __future__ import annotations

from django import template

from annotator.lib.client_address import hidden_addresses
from annotator.lib.disk_space import FULL_WORDS, disk_space

register = template.Library()


@register.simple_tag
def disk_warning() -> str:
    """Empty while there is room."""
    return FULL_WORDS if disk_space.is_full else ""


@register.simple_tag
def proxy_warning() -> str:
    """Empty while the addresses of clients are known."""
    return hidden_addresses.warning()
