from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from annotator.lib.markdown import render_markdown

register = template.Library()


@register.filter
def markdown(text: str, under: int = 1) -> SafeString:
    """`{{ guideline.text|markdown:2 }}`: the text's top headings become <h3>."""
    return render_markdown(text, under=under)
