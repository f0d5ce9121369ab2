"""The pieces that the card's text is made of."""

from __future__ import annotations

import dataclasses
import re

import pytest

from annotator.releasing.card.phrases import literal, quoted
from annotator.releasing.card.readme import card
from tests.cards import html_of

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](<JavaScript:alert(1)>)",
    "[x](java&#115;cript:alert(1))",
    "[x]( data:text/html,<b>)",
    "[x][y]\n\n[y]: javascript:alert(1)",
    "![x](javascript:alert(1))",
    "<javascript:alert(1)>",
    "&lt;script&gt; &#60;script&#62;",
    "```\n</code></pre><script>1</script>\n```",
    "# Heading\n\n| a | b |\n|---|---|",
    "a | b `code` *bold* _it_ ~~no~~ $x$",
]


def test_names_do_not_break_its_tables(facts, shards):
    assert "| generators | flux\\|dev and sdxl |" in card(facts, shards, {})


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_is_read_as_it_was_written(text):
    line = " ".join(text.split())
    shown = re.sub(r"<[^>]*>", "", html_of(f"before {literal(text)} after"))
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert shown.strip() == f"before {escaped} after"
    assert html_of(literal(text)).count("<") == 2, "a paragraph and nothing else"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_guideline_has_no_html_and_no_link_that_runs_code(text):
    html = html_of(quoted(text))
    assert not re.search(r"<(script|img src=x|b)\b", html)
    assert not re.search(r"""(href|src)="(?!https?:)""", html)


def test_a_guideline_keeps_its_markdown():
    html = html_of(quoted("# How\n\nLook at *both*, see [this](https://example.org/a) or <https://example.org/b>.\n\n> 2 < 3"))
    assert "<em>both</em>" in html
    assert '<a href="https://example.org/a">this</a>' in html
    assert "https://example.org/b" in html
    assert "2 &lt; 3" in html


def test_text_from_people_is_no_html_anywhere_on_the_card(facts, shards):
    hostile = "<script>alert(1)</script> [x](javascript:alert(1))"
    facts = dataclasses.replace(
        facts,
        name=hostile,
        description=hostile,
        questions=[{**each, "text": hostile} for each in facts.questions],
        guidelines=[{**each, "text": hostile} for each in facts.guidelines],
        consents=[{"version": 1, "text": hostile, "people": 3}],
        generators=[hostile],
    )
    for part in ("categories", "languages"):
        facts.statistics[part][0]["name"] = hostile
    text = card(facts, shards, {})
    assert "<script" not in text
    assert not re.search(r"""(href|src)="(?!https?:)""", html_of(text))
