"""The parts of a script that is written in modules."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@cache
def modules_in(folder: str) -> list[str]:
    """The modules in a folder of static files, by the names of those files."""
    root = Path(settings.BASE_DIR, "static")
    return sorted(str(file.relative_to(root)) for file in (root / folder).glob("*.js"))


@register.simple_tag
def preload_modules(folder: str) -> SafeString:
    """Links that fetch all modules of a folder at once: a module that is found in another costs a slow network a round trip."""
    links = ((static(path),) for path in modules_in(folder))
    return format_html_join("\n", '<link rel="modulepreload" href="{}" />', links)
