"""Markdown in templates."""

from __future__ import annotations

from django.template import engines

TEMPLATE = engines["django"].from_string("{% load markdown %}{{ text|markdown }}|{{ text|markdown:2 }}")


def test_headings_stand_below_those_of_the_page():
    one, two = TEMPLATE.render({"text": "# Rules"}).split("|")

    assert one.startswith("<h2")
    assert two.startswith("<h3")


def test_the_text_is_escaped_once():
    html = TEMPLATE.render({"text": "*Look* at <script>alert(1)</script> & judge"})

    assert "<em>Look</em>" in html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "&amp;amp;" not in html
