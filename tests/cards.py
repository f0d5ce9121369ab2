"""A dataset card as somebody's browser gets it."""

from __future__ import annotations

from markdown_it import MarkdownIt


def html_of(markdown: str) -> str:
    """As a site shows it that does not clean what it shows."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    html: str = parser.render(markdown)
    return html
