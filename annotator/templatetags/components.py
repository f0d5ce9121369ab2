"""The components of the console: what its pages are made of. Each has a template in templates/manage/components/ and its style in
static/css/manage/components.css.

Those with content are blocks: `{% card title=… %}…{% endcard %}`. Badge, stat, tabs and form groups have none, and are includes.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()


def _rendered(name: str, context: Context, values: dict[str, Any]) -> SafeString:
    around = {str(key): value for key, value in context.flatten().items()}
    return render_to_string(f"manage/components/{name}.html", around | values)


@register.simple_block_tag(takes_context=True)
def page_head(context: Context, content: str, title: str, note: str = "", count: str | int = "") -> SafeString:
    """The heading of a page with a sentence about it; the content is what one can do here."""
    return _rendered("page_head", context, {"content": content, "title": title, "note": note, "count": count})


@register.simple_block_tag(takes_context=True)
def card(context: Context, content: str, title: str = "", label: str = "", id: str = "", note: str = "") -> SafeString:
    """A part of a page, with a heading or, where it needs none, a label."""
    values = {"content": content, "title": title, "label": label, "id": id or _id_of(title), "note": note}
    return _rendered("card", context, values)


@register.simple_block_tag(takes_context=True)
def empty_state(context: Context, content: str, title: str, icon: str = "") -> SafeString:
    """In the place of an empty list: that it is empty, and in the content what to do next."""
    return _rendered("empty_state", context, {"content": content, "title": title, "icon": icon})


@register.simple_block_tag(takes_context=True)
def filter_bar(context: Context, content: str, is_filtered: bool = False, label: str = "") -> SafeString:
    """A form over a list that narrows it down: its fields are the content."""
    return _rendered("filter_bar", context, {"content": content, "is_filtered": is_filtered, "label": label})


@register.simple_block_tag(takes_context=True)
def dialog(context: Context, content: str, id: str, title: str, opener: str, kind: str = "") -> SafeString:
    """A button, and what it opens over the page; without a script as well. With `kind` "danger" both look like it."""
    return _rendered("dialog", context, {"content": content, "id": id, "title": title, "opener": opener, "kind": kind})


def _id_of(title: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in str(title).lower()).split())[:40]
