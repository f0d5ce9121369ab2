"""Markdown written by managers, as HTML that is safe to show."""

from __future__ import annotations

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

# Raw HTML stays text. Pictures of other sites would not load under our content security policy, so there are none.
PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
ALLOWED_TAGS = {
    *("h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "a"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
}
ALLOWED_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
ALLOWED_SCHEMES = {"http", "https", "mailto"}


def render_markdown(text: str, *, under: int = 1) -> SafeString:
    """HTML of `text`, whose top headings become those of level `under` + 1, so that they fit below the page's own.

    No level is left out, whatever the author wrote: a screen reader's list of headings has no holes.
    """
    tokens = PARSER.parse(text)
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    shift = under + 1 - min((int(token.tag[1]) for token in headings), default=1)
    last = under
    for token in headings:
        if token.type == "heading_open":
            last = min(int(token.tag[1]) + shift, last + 1, 6)
        token.tag = f"h{last}"
    html = PARSER.renderer.render(tokens, PARSER.options, {})
    clean = nh3.clean(html, tags=ALLOWED_TAGS, attributes=ALLOWED_ATTRIBUTES, url_schemes=ALLOWED_SCHEMES)
    return mark_safe(clean)  # noqa: S308 - what the sanitiser let through
