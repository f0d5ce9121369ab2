"""The managers' page of the training: who is where in it, and what a manager may decide."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.choices import Role
from annotator.models import Campaign, Member, Pair
from tests.factories import MemberFactory
from tests.judging.trainees import do_training, training_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    return training_campaign()


def test_managers_see_who_is_where_and_let_people_in(client: Client, campaign):
    boss = MemberFactory(campaign=campaign, role=Role.MANAGER)
    failed, at_it, new = (MemberFactory(campaign=campaign, user__username=name) for name in ("zz-failed", "zz-midway", "zz-new"))
    do_training(failed, "bbbb")
    do_training(at_it, "ab")
    client.force_login(boss.user)
    address = reverse("trainees", args=[campaign.slug])

    html = client.get(address).content.decode()
    assert html.index("zz-failed") < html.index("zz-midway") < html.index("zz-new")
    assert "Failed" in html
    client.post(address, {"member": failed.pk, "decision": "try"})
    client.post(address, {"member": new.pk, "decision": "pass_training"})

    failed.refresh_from_db()
    new.refresh_from_db()
    assert (failed.training_try, failed.training_failed_at) == (2, None)
    assert new.training_passed_at is not None


def test_an_annotator_sees_no_pages_of_managers(client: Client, campaign):
    client.force_login(MemberFactory(campaign=campaign).user)
    pair = Pair.objects.first()
    for name, *more in (("trainees",), ("pairs",), ("proposed_gold",), ("pair_page", pair.pk)):
        assert client.get(reverse(name, args=[campaign.slug, *more])).status_code == 403


def test_a_manager_decides_about_members_of_the_campaign_alone(client: Client, campaign):
    trainee, stranger = MemberFactory(campaign=campaign), MemberFactory()
    client.force_login(MemberFactory(campaign=campaign, role=Role.MANAGER).user)
    page = reverse("trainees", args=[campaign.slug])

    for data in (
        {"member": stranger.pk, "decision": "pass_training"},
        {"member": trainee.pk, "decision": "expel"},
        {"member": "x"},
    ):
        assert client.post(page, data).status_code == 404
    assert not Member.objects.filter(training_passed_at__isnull=False).exists()

    assert client.post(page, {"member": trainee.pk, "decision": "pass_training"}).url == page
    assert Member.objects.get(training_passed_at__isnull=False) == trainee
