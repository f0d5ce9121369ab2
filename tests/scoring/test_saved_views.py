"""Views of the list of pairs."""

from __future__ import annotations

import pytest

from annotator.scoring.saved_views import remove_view, save_view
from tests.factories import CampaignFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_name_is_given_once_in_a_campaign_and_new_filters_take_the_place_of_old_ones() -> None:
    campaign, other, user = CampaignFactory(), CampaignFactory(), UserFactory()
    save_view(campaign=other, name="Ties", query="label=tie", by=user)
    view = save_view(campaign=campaign, name=" Ties ", query="label=tie", by=user)

    again = save_view(campaign=campaign, name="Ties", query="label=tie&state=settled", by=UserFactory())

    assert (again.pk, again.name, again.created_by) == (view.pk, "Ties", user)
    assert campaign.saved_views.get().query == "label=tie&state=settled"
    remove_view(view=again, by=user)
    assert not campaign.saved_views.exists()
    assert other.saved_views.exists()
