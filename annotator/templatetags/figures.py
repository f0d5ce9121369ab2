from __future__ import annotations

from datetime import datetime, timedelta
from math import floor
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext, pgettext

register = template.Library()
TEN_YEARS = timedelta(days=3653)


@register.filter
def thousands(number: int) -> str:
    """1234567 as 1,234,567, or as the language of the page has it."""
    return number_format(number, force_grouping=True)


@register.filter
def day(moment: datetime) -> str:
    """ "5 March 2026"."""
    # Translators: how a date is written, in letters of Django's `date` filter
    return date_format(moment, pgettext("format of a date", "j F Y"))


@register.filter
def moment(moment: datetime) -> str:
    """ "5 March 2026, 14:30"."""
    # Translators: how a date with a time is written, in letters of Django's `date` filter
    return date_format(moment, pgettext("format of a date", "j F Y, H:i"))


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


@register.filter
def duration(left: timedelta) -> str:
    """Roughly, in one unit: 2:51:00 is "3 hours". Beyond ten years nobody wants to know."""
    if left <= timedelta(0):
        return pgettext("time", "none")
    if left >= TEN_YEARS:
        return gettext("over 10 years")
    days, hours, minutes = (round(left / timedelta(**{unit: 1})) for unit in ("days", "hours", "minutes"))
    if days >= 2:
        return ngettext("%(number)s day", "%(number)s days", days) % {"number": days}
    if hours >= 2:
        return ngettext("%(number)s hour", "%(number)s hours", hours) % {"number": hours}
    if minutes:
        return ngettext("%(number)s minute", "%(number)s minutes", minutes) % {"number": minutes}
    return gettext("under a minute")


@register.filter
def until(moment: datetime) -> str:
    """How long to go: "3 hours". As `duration` says it."""
    return duration(moment - timezone.now())


@register.filter
def ago(moment: datetime) -> str:
    """How long since, in the largest unit: "4 minutes ago". It may be broken where large text needs the room."""
    now = timezone.now()
    if now - moment < timedelta(minutes=1):
        return gettext("just now")
    return gettext("%(time)s ago") % {"time": timesince(moment, now, depth=1).replace("\xa0", " ")}


@register.filter
def rate(of: dict[str, Any]) -> str:
    """A share with its interval: "62 % (55–69 %)"; a dash where nothing is counted."""
    return _shares(of["rate"], of["lower"], of["upper"])


def _shares(value: float | None, lower: float | None, upper: float | None) -> str:
    if value is None:
        return "–"
    interval = "" if lower is None or upper is None else f" ({lower * 100:.0f}–{upper * 100:.0f} %)"
    return f"{value * 100:.0f} %{interval}"


@register.filter
def estimated_share(of: dict[str, Any]) -> str:
    """A share that was estimated, as `rate` says one; without an interval where there is none."""
    return _shares(of["value"], of["lower"], of["upper"])


@register.filter
def estimated(of: dict[str, Any]) -> str:
    """An estimated number with its interval: "0.32 (0.25 to 0.40)"; a dash for none."""
    if of["value"] is None:
        return "–"
    interval = "" if of["lower"] is None else f" ({decimal(of['lower'])} to {decimal(of['upper'])})"
    return f"{decimal(of['value'])}{interval}"


@register.filter
def share(value: float | None) -> str:
    """A share to a tenth of a percent; a dash for none."""
    return "–" if value is None else f"{value * 100:.1f} %"


@register.filter
def points(value: float | None) -> str:
    """A difference of shares, with its sign: "+3.1"."""
    return "–" if value is None else f"{value * 100:+.1f}".replace("-", "−")


@register.filter
def decimal(value: float | None) -> str:
    """To two places; a dash for none."""
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


@register.filter
def chance(value: float | None) -> str:
    """A probability in whole percents; nothing that may be is called impossible or certain. A dash for none."""
    if value is None:
        return "–"
    if 0 < value < 0.005:
        return "<1 %"
    if 0.995 < value < 1:
        return ">99 %"
    return f"{value * 100:.0f} %"


@register.filter
def ranks(row: dict[str, Any]) -> str:
    """The ranks that a generator may have: "2–4"; a dash for none."""
    low, high = row["rank_lower"], row["rank_upper"]
    if low is None:
        return "–"
    return f"{low}" if low == high else f"{low}–{high}"


@register.filter
def seconds(milliseconds: float | None) -> str:
    return "–" if milliseconds is None else f"{milliseconds / 1000:.1f} s"
