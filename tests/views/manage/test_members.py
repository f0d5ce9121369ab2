"""The pages of a campaign's members."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotator.choices import MemberState, Role
from annotator.models import Member, ModerationAction
from annotator.views.manage import members
from tests.factories import CrowdUserFactory, MemberFactory, UserFactory, VoteFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client):
    manager = MemberFactory(role=Role.MANAGER)
    client.force_login(manager.user)
    return manager


def test_members_come_in_pages(client, manager, monkeypatch):
    monkeypatch.setattr(members, "PER_PAGE", 2)
    MemberFactory.create_batch(2, campaign=manager.campaign)
    MemberFactory()
    page = reverse("members", args=[manager.campaign.slug])

    one, two = (client.get(page, {"page": number}).context["members"] for number in (1, 2))

    assert {member.pk for shown in (one, two) for member in shown} == set(
        Member.objects.filter(campaign=manager.campaign).values_list("pk", flat=True)
    )
    assert (len(one), len(two)) == (2, 1)


def test_what_the_domain_refuses_is_said_in_the_form(client, manager):
    page = reverse("members", args=[manager.campaign.slug])
    person = MemberFactory(campaign=manager.campaign).user

    for form, field in (
        ({"person": CrowdUserFactory().username, "role": "annotator"}, "person"),
        ({"person": person.username, "role": "annotator", "kind": "machine"}, "kind"),
        ({"person": UserFactory().username, "role": "manager", "kind": "machine"}, "role"),
    ):
        response = client.post(page, form)
        assert (response.status_code, list(response.context["form"].errors)) == (400, [field])
    assert Member.objects.count() == 2


def test_looking_at_a_suspension_suspends_nobody(client, manager):
    vote = VoteFactory(
        assignment__member__campaign=manager.campaign, assignment__pair__seats_taken=1, assignment__pair__seats_a_on_left=1
    )
    member = vote.assignment.member
    page = reverse("member_suspension", args=[manager.campaign.slug, member.pk])

    assert client.get(page, {"lift": ""}).status_code == 200
    assert not ModerationAction.objects.exists()
    assert client.post(page).url == reverse("members", args=[manager.campaign.slug])

    member.refresh_from_db()
    vote.refresh_from_db()
    assert (member.state, vote.void_reason) == (MemberState.SUSPENDED, "suspended")
    assert ModerationAction.objects.get().actor == manager.user


@pytest.mark.parametrize("state", ["", "suspended", "withdrawn", "gone"])
def test_a_button_that_is_none_changes_nothing(client, manager, state):
    member = MemberFactory(campaign=manager.campaign)

    response = client.post(reverse("member_state", args=[manager.campaign.slug, member.pk]), {"state": state})

    assert response.url == reverse("members", args=[manager.campaign.slug])
    member.refresh_from_db()
    assert member.state == MemberState.ACTIVE
    assert not ModerationAction.objects.exists()
