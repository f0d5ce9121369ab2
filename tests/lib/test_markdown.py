from __future__ import annotations

import re

import pytest

from annotator.lib.markdown import render_markdown


def test_it_makes_html_whose_headings_fit_below_the_pages_own():
    html = render_markdown("# One\n\n###### Six\n\n*a* **b** ~~c~~\n\n- d\n\n| e |\n|---|\n| f |", under=2)

    assert "<h3>One</h3>" in html
    assert "<h4>Six</h4>" in html  # and no level is left out
    for piece in ("<em>a</em>", "<strong>b</strong>", "<s>c</s>", "<li>d</li>", "<th>e</th>", "<td>f</td>"):
        assert piece in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "<img src=x onerror=alert(1)>",
        "![x](https://elsewhere.example/pixel.png)",
        '<a href="x" onclick="alert(1)">x</a>',
        '[x](https://example.org "\'onmouseover=alert(1)")',
        "<style>body{display:none}</style>",
        "<iframe src=https://elsewhere.example>",
    ],
)
def test_it_lets_no_code_pictures_or_styles_through(text):
    html = render_markdown(text)

    assert not re.search(r"<(script|img|style|iframe)|<[^>]* on\w+=|<[^>]*(javascript|data|vbscript):", html)


def test_links_lead_out_without_telling_where_from():
    html = render_markdown("[examples](https://example.org/)")

    assert html.count('rel="noopener noreferrer"') == 1


def test_broken_markup_stays_text():
    assert "&lt;b" in render_markdown("<b **not closed")
