"""The page of flagged pairs."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotator.choices import PairState, Role
from annotator.models import Flag, Pair
from annotator.views.manage import flags
from tests.factories import FlagFactory, MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client):
    manager = MemberFactory(role=Role.MANAGER)
    client.force_login(manager.user)
    return manager


def test_flagged_pairs_come_in_pages_of_pairs_and_not_of_flags(client, manager, monkeypatch):
    monkeypatch.setattr(flags, "FLAGGED_PER_PAGE", 2)
    first = FlagFactory(assignment__member__campaign=manager.campaign)
    for _ in range(3):
        FlagFactory(assignment__member__campaign=manager.campaign, assignment__pair=first.assignment.pair)
    FlagFactory.create_batch(2, assignment__member__campaign=manager.campaign)
    page = reverse("flags", args=[manager.campaign.slug])

    one, two = (client.get(page, {"page": number}).context["page"] for number in (1, 2))

    assert one.paginator.count == 3
    assert len(one.object_list) == 2
    assert len({pair.pk for shown in (one, two) for pair in shown.object_list}) == 3


def test_a_decision_is_made_once_and_settles_every_flag_of_the_pair(client, manager):
    pair = FlagFactory(assignment__member__campaign=manager.campaign).assignment.pair
    FlagFactory(assignment__member__campaign=manager.campaign, assignment__pair=pair)
    page = reverse("flags", args=[manager.campaign.slug])

    assert client.post(page, {"pair": pair.pk, "decision": "return"}).url == page
    assert client.post(page, {"pair": pair.pk, "decision": "hold"}).status_code == 404

    assert set(Flag.objects.values_list("resolved_by", flat=True)) == {manager.user_id}
    assert Pair.objects.get().state == PairState.OPEN


def test_twice_as_many_flags_cost_no_further_query(client, manager, django_assert_max_num_queries):
    page = reverse("flags", args=[manager.campaign.slug])
    FlagFactory.create_batch(2, assignment__member__campaign=manager.campaign)
    client.get(page)
    with django_assert_max_num_queries(20) as few:
        client.get(page)
    FlagFactory.create_batch(6, assignment__member__campaign=manager.campaign)

    with django_assert_max_num_queries(len(few)):
        client.get(page)
