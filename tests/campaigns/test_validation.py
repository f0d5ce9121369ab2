"""A row is checked before it is saved, and what is wrong is named by field."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db.models.signals import pre_save

from annotator.campaigns.validation import save_valid
from annotator.errors import Conflict, Invalid
from annotator.models import Campaign, Question
from tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


def test_a_valid_row_is_saved():
    save_valid(Campaign(slug="birds", name="Birds"))

    assert Campaign.objects.get().name == "Birds"


def test_every_field_that_is_wrong_is_named_and_nothing_is_saved():
    CampaignFactory(slug="taken")

    with pytest.raises(Invalid) as error:
        save_valid(Campaign(slug="taken", name="", votes_wanted=0, lease_seconds=1))

    assert set(error.value.errors) == {"slug", "name", "votes_wanted", "lease_seconds"}
    assert Campaign.objects.count() == 1


def test_a_rule_over_several_fields_is_checked_as_well():
    with pytest.raises(Invalid) as error:
        save_valid(Campaign(slug="birds", name="Birds", votes_wanted=5, votes_max=4))

    assert error.value.errors
    assert not Campaign.objects.exists()


@pytest.fixture
def somebody_is_faster() -> Iterator[None]:
    """The same slug comes in between the check and the insert."""

    def insert(instance: Campaign, **_: object) -> None:
        Campaign.objects.bulk_create([Campaign(slug=instance.slug, name="First")])  # sends no signal

    pre_save.connect(insert, sender=Campaign)
    yield
    pre_save.disconnect(insert, sender=Campaign)


@pytest.mark.usefixtures("somebody_is_faster")
def test_a_row_that_came_in_after_the_check_is_a_conflict_and_the_transaction_goes_on():
    with pytest.raises(Conflict):
        save_valid(Campaign(slug="birds", name="Second"))

    assert not Campaign.objects.filter(name="Second").exists()
    assert not Question.objects.exists()  # the connection still answers
