from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from annotator.models.withdrawals import ReleaseAnnotator, TakeDown
from tests.factories import CampaignFactory, MemberFactory, ReleaseFactory

pytestmark = pytest.mark.django_db


def test_an_image_is_taken_down_once_for_a_reason():
    campaign = CampaignFactory()
    taken = {"campaign": campaign, "sha256": "a" * 64, "reason": "The artist asked for it."}
    TakeDown.objects.create(**taken)

    for changed in ({}, {"sha256": "A" * 64}, {"sha256": "b" * 64, "reason": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            TakeDown.objects.create(**taken | changed)


def test_somebody_is_in_a_release_once():
    release, member = ReleaseFactory(), MemberFactory()
    ReleaseAnnotator.objects.create(release=release, member=member)

    with pytest.raises(IntegrityError), transaction.atomic():
        ReleaseAnnotator.objects.create(release=release, member=member)
