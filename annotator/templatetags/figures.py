from __future__ import annotations

from math import floor

from django import template

register = template.Library()


@register.filter
def thousands(number: int) -> str:
    """1234567 as 1,234,567."""
    return f"{number:,}"


@register.filter
def percent(share: float) -> str:
    """A share from 0 to 1 in whole percents, never rounded up: 100 % means all."""
    return f"{floor(share * 100 + 1e-9)} %"


@register.filter
def file_size(size: int) -> str:
    """Bytes in the unit that fits."""
    for unit, bytes_each in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= bytes_each:
            return f"{size / bytes_each:.1f} {unit}"
    return f"{size} bytes"
