"""The page behind an invite link: what it decides before anybody presses the button."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.campaigns.consent import publish_consent_text
from annotator.campaigns.invites import key_of
from annotator.models import Consent, Invite, Member
from tests.factories import CrowdIdentityFactory, InviteFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

PID = "5f3e2d1c0b9a8f7e6d5c4b3a"


def link(invite: Invite) -> str:
    return reverse("join", args=[key_of(invite)])


def test_a_visitor_without_an_account_may_sign_up_by_this_link(client: Client):
    invite = InviteFactory()

    context = client.get(link(invite)).context

    assert (context["campaign"], context["arrival"].user, context["arrival"].is_crowd) == (invite.campaign, None, False)
    assert list(client.session.values()) == [invite.pk]


def test_a_link_that_is_over_lets_nobody_sign_up(client: Client):
    invite = InviteFactory(revoked_at=timezone.now())

    assert client.get(link(invite)).status_code == 403
    assert not list(client.session.values())


def test_a_member_who_owes_consent_reads_the_text_and_goes_on(client: Client):
    member = MemberFactory()
    publish_consent_text(campaign=member.campaign, text="One.", by=None)
    invite = InviteFactory(campaign=member.campaign)
    client.force_login(member.user)

    response = client.get(link(invite))
    assert (response.status_code, response.context["consent_text"].version) == (200, 1)
    assert client.post(link(invite), {"consent_version": "1"}).url == reverse("annotate", args=[member.campaign.slug])

    assert Consent.objects.get().member == member
    assert Invite.objects.get().uses == 0


def test_a_refused_agreement_comes_back_to_the_same_address(client: Client):
    invite = InviteFactory()
    publish_consent_text(campaign=invite.campaign, text="One.", by=None)
    client.force_login(UserFactory())

    response = client.post(f"{link(invite)}?from=mail", {"consent_version": "0"})

    assert response.url == f"{link(invite)}?from=mail"
    assert not Member.objects.exists()


def test_a_known_participant_is_found_before_they_press_start(client: Client):
    identity = CrowdIdentityFactory(participant=PID)
    full = InviteFactory(campaign=identity.campaign, for_crowd=True, uses_max=1, uses=1)

    known = client.get(link(full), {"PROLIFIC_PID": PID})
    unknown = client.get(link(full), {"PROLIFIC_PID": "another-person-0001"})

    assert known.context["arrival"].member() == identity.member
    assert unknown.status_code == 403


def test_a_participants_name_in_the_address_of_a_form_does_not_count(client: Client):
    """A POST is read from its body alone, so that no link can make somebody join as another."""
    invite = InviteFactory(for_crowd=True)

    response = client.post(f"{link(invite)}?PROLIFIC_PID={PID}")

    assert response.status_code == 200
    assert not Member.objects.exists()


@pytest.mark.parametrize("version", ["2", "-1", "1.0", "²", "9" * 10])
def test_the_consent_page_records_nothing_but_the_version_that_is_shown(client: Client, version):
    member = MemberFactory()
    publish_consent_text(campaign=member.campaign, text="One.", by=None)
    client.force_login(member.user)
    page = reverse("consent", args=[member.campaign.slug])

    assert client.post(page, {"consent_version": version}).url == page
    assert not Consent.objects.exists()
    assert client.post(page, {"consent_version": "1"}).url == reverse("annotate", args=[member.campaign.slug])
    assert client.get(page).context["must_agree"] is None
