"""Views of the list of pairs that managers gave a name."""

from __future__ import annotations

from annotator.models import Campaign, SavedView, User


def save_view(*, campaign: Campaign, name: str, query: str, by: User) -> SavedView:
    """Give filters a name. A name that exists gets the new filters."""
    view, _ = SavedView.objects.update_or_create(
        campaign=campaign, name=name.strip(), defaults={"query": query}, create_defaults={"query": query, "created_by": by}
    )
    return view


def remove_view(*, view: SavedView, by: User) -> None:
    view.delete()
