"""Saved views: what the database refuses."""

from __future__ import annotations

from typing import Any

import pytest

from annotator.models import SavedView
from tests import factories as make
from tests.models.constraint_cases import Attempts, assert_refused

pytestmark = pytest.mark.django_db


def view(**values: Any) -> SavedView:
    return SavedView.objects.create(
        **{"campaign": make.CampaignFactory(), "name": "Ties", "created_by": make.UserFactory()} | values
    )


ATTEMPTS = Attempts(
    {
        "saved_view_name_unique_in_campaign": lambda: view(campaign=view().campaign),
        "saved_view_has_name": lambda: view(name=""),
    }
)


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


def test_it_says_what_it_is() -> None:
    assert str(view()) == "Ties"
