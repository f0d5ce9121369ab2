"""The words of scripts, as JSON in the page."""

from __future__ import annotations

from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation.trans_real import DjangoTranslation
from django.views.i18n import JSONCatalog

register = template.Library()


@register.simple_tag
def script_words() -> SafeString:
    """For static/js/annotate/words.js. Nothing in English, which is what stands in the scripts."""
    language = get_language() or settings.LANGUAGE_CODE
    return SafeString("") if language == settings.LANGUAGE_CODE else _catalogue(language)


@cache
def _catalogue(language: str) -> SafeString:
    view = JSONCatalog()
    view.translation = DjangoTranslation(language, domain="djangojs", localedirs=[str(path) for path in settings.LOCALE_PATHS])
    catalogue: dict[str, Any] = view.get_catalog()
    words = {key: value for key, value in catalogue.items() if key and value}
    return json_script({"language": language, "words": words}, "script-words")
