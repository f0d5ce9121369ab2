"""URL path converters. A value that does not match is a 404, and the view never runs."""

from __future__ import annotations


class CampaignSlug:
    """A campaign's slug: dots are allowed in it, which Django's own `slug` does not."""

    regex = r"[a-z0-9]+(?:[._-][a-z0-9]+)*"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
