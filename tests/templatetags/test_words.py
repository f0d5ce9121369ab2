from __future__ import annotations

import json
import re

import pytest
from django.utils import translation

from annotator.templatetags.words import script_words


def test_in_english_the_words_of_scripts_are_in_the_scripts():
    with translation.override("en"):
        assert script_words() == ""


@pytest.mark.parametrize(("language", "forms"), [("ar", 6), ("de", 2), ("es", 2), ("fr", 2), ("ja", 1), ("zh-hans", 1)])
def test_a_language_has_a_form_for_each_of_its_plurals(language, forms):
    with translation.override(language):
        html = script_words()

    found = re.fullmatch(r'<script id="script-words" type="application/json">(.*)</script>', html)
    assert found is not None
    data = json.loads(found[1])
    assert data["language"] == language
    assert len(data["words"]["%(number)s answer saved on this device."]) == forms
    assert data["words"]["Reload"] != "Reload"
