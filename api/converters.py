"""What may stand in an address. Anything else is no address, so that a view never sees it."""

from __future__ import annotations


class CampaignSlug:
    """A campaign's slug: dots are allowed in it, which Django's own `slug` does not."""

    regex = r"[a-z0-9]+(?:[._-][a-z0-9]+)*"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
