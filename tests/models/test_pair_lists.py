"""Saved views and bulk changes: what the database refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from annotator.models import BulkChange, SavedView
from tests import factories as make
from tests.models.constraint_cases import Attempts, assert_refused, change, delete

pytestmark = pytest.mark.django_db


def view(**values: Any) -> SavedView:
    return SavedView.objects.create(
        **{"campaign": make.CampaignFactory(), "name": "Ties", "created_by": make.UserFactory()} | values
    )


def bulk_change(**values: Any) -> BulkChange:
    defaults = {"action": "hold", "pairs": 3, "by": make.UserFactory(), "at": timezone.now()}
    return BulkChange.objects.create(**{"campaign": make.CampaignFactory()} | defaults | values)


ATTEMPTS = Attempts(
    {
        "saved_view_name_unique_in_campaign": lambda: view(campaign=view().campaign),
        "saved_view_has_name": lambda: view(name=""),
        "bulk_change_action_known": lambda: bulk_change(action="burn"),
        "bulk_undoing_has_time": lambda: bulk_change(undone_by=make.UserFactory()),
        "bulk_change_never_deleted": lambda: delete(bulk_change()),
        "bulk_change_is_fixed": lambda: change(bulk_change(), pairs=4),
    }
)


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


def test_they_say_what_they_are() -> None:
    assert str(view()) == "Ties"
    assert str(bulk_change()) == "Hold: 3"
