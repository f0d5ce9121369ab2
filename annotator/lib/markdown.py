"""Markdown written by managers, as HTML that is safe to show."""

from __future__ import annotations

from collections.abc import Callable

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

# Raw HTML stays text. Pictures of other sites would not load under our content security policy, so there are none.
PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
ALLOWED_TAGS = {
    *("h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "a"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
}
ALLOWED_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
ALLOWED_SCHEMES = {"http", "https", "mailto"}


WITH_IMAGES = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def render_card(text: str, *, address_of: Callable[[str], str], under: int = 1) -> SafeString:
    """HTML of a release's card, with its own pictures. `address_of` gives the address of a path in the release, or nothing."""
    tokens = WITH_IMAGES.parse(text)
    for token in tokens:
        for child in token.children or []:
            if child.type == "image":
                child.attrs["src"] = address_of(str(child.attrs["src"]))
    html = _with_headings(tokens, WITH_IMAGES, under)
    attributes = {**ALLOWED_ATTRIBUTES, "img": {"src", "alt"}}
    clean = nh3.clean(html, tags={*ALLOWED_TAGS, "img"}, attributes=attributes, url_schemes=ALLOWED_SCHEMES)
    return mark_safe(clean.replace("<th></th>", "<td></td>"))  # noqa: S308 - a heading that says nothing is none


def render_markdown(text: str, *, under: int = 1) -> SafeString:
    """HTML of `text`, whose top headings become those of level `under` + 1, so that they fit below the page's own.

    No level is left out, whatever the author wrote: a screen reader's list of headings has no holes.
    """
    html = _with_headings(PARSER.parse(text), PARSER, under)
    clean = nh3.clean(html, tags=ALLOWED_TAGS, attributes=ALLOWED_ATTRIBUTES, url_schemes=ALLOWED_SCHEMES)
    return mark_safe(clean)  # noqa: S308 - what the sanitiser let through


def _with_headings(tokens: list[Token], parser: MarkdownIt, under: int) -> str:
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    shift = under + 1 - min((int(token.tag[1]) for token in headings), default=1)
    last = under
    for token in headings:
        if token.type == "heading_open":
            last = min(int(token.tag[1]) + shift, last + 1, 6)
        token.tag = f"h{last}"
    return str(parser.renderer.render(tokens, parser.options, {}))
