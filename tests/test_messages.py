"""The catalogues of translations, and the check that finds what is missing in them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Message

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "locale"))

import messages  # noqa: E402
import unmarked  # noqa: E402


def test_what_annotators_see_is_whole_in_every_language():
    done = subprocess.run([sys.executable, "locale/messages.py", "check"], cwd=ROOT, capture_output=True, text=True)

    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>Not marked</p>", ["Not marked"]),
        ('<img alt="A cat">', ["A cat"]),
        ("{{ number }} pair{{ number|pluralize }}", ["number|pluralize", "pair"]),
        (
            '{% load i18n %}<p title="{% translate "A title" %}"><kbd>Ctrl</kbd> {{ name }} · Diptych</p>',
            [],
        ),
        ("{% blocktranslate %}{{ a }} pairs{% endblocktranslate %}", []),
    ],
)
def test_words_of_a_template_that_are_not_marked_are_found(source, words):
    assert list(unmarked.in_template(source)) == words


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('raise Conflict("Too late.")', ["Too late."] * 2),
        ('WORDS = {"a": "This is a sentence."}', ["This is a sentence."]),
        ('raise Conflict(gettext("Too late."))', []),
        ('"""A docstring is none."""', []),
        ('name = "no_sentence"', []),
    ],
)
def test_words_of_a_module_that_are_not_marked_are_found(source, words):
    assert list(unmarked.in_python(source)) == words


@pytest.mark.parametrize(
    ("source", "words"),
    [('say("You are offline.")', ["You are offline."]), ('say(gettext("You are offline."))', []), ("// Only a comment", [])],
)
def test_words_of_a_script_that_are_not_marked_are_found(source, words):
    assert list(unmarked.in_script(source)) == words


@pytest.mark.parametrize(
    ("singular", "plural", "forms", "is_right"),
    [
        ("%(name)s left", None, "%(name)s ist fort", True),
        ("%(name)s left", None, "ist fort", False),
        ("<b>Here</b>", None, "<i>Hier</i>", False),
        ("%(number)s pair", "%(number)s pairs", ("ein Paar", "%(number)s Paare"), True),
        ("%(number)s pair", "%(number)s pairs", ("ein Paar", "Paare"), False),
        ("%(number)s pair", "%(number)s pairs", ("ein Paar", ""), False),
        ("Pair", None, "", False),
    ],
)
def test_a_translation_keeps_values_and_tags_and_has_every_form(singular, plural, forms, is_right):
    message = Message((singular, plural) if plural else singular, forms, locations=[("templates/base.html", None)])

    assert (list(messages.problems_of(message)) == []) is is_right
