"""The page behind an invite link, and the consent text of a campaign."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.signing import Signer
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.campaigns.consent import publish_consent_text
from annotator.campaigns.invites import key_of
from annotator.choices import MemberState, Role
from annotator.models import Campaign, Consent, Invite, Member
from tests.factories import CrowdIdentityFactory, InviteFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

PID = "5f3e2d1c0b9a8f7e6d5c4b3a"


def link(invite: Invite) -> str:
    return reverse("join", args=[key_of(invite)])


def page_of(campaign: Campaign) -> str:
    return reverse("annotate", args=[campaign.slug])


@pytest.fixture
def invite() -> Invite:
    return InviteFactory(campaign__name="Shapes")


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


def test_a_new_person_is_asked_to_sign_up_or_to_log_in_and_comes_back(client, invite):
    html = client.get(link(invite)).content.decode()

    assert "Shapes" in html
    assert f"{reverse('account_signup')}?next={link(invite)}" in html
    assert f"{reverse('login')}?next={link(invite)}" in html
    signed_up = client.post(
        reverse("account_signup"),
        {"username": "ana", "email": "a@example.org", "password1": "a long phrase", "next": link(invite)},
    )
    assert signed_up.url == link(invite)
    joined = client.post(link(invite))
    assert joined.url == page_of(invite.campaign)
    member = Member.objects.get(user__username="ana")
    assert (member.campaign, member.role, member.invite) == (invite.campaign, Role.ANNOTATOR, invite)
    assert Invite.objects.get().uses == 1


def test_opening_the_link_changes_nothing(client, invite):
    client.force_login(UserFactory())

    assert client.get(link(invite)).status_code == 200
    assert client.head(link(invite)).status_code == 200
    assert not Member.objects.exists()


@pytest.mark.parametrize("change", ["one letter", "the id", "another site's", "empty", "null"])
def test_a_link_that_this_site_did_not_make_opens_nothing(client, invite, change, settings):
    key = key_of(invite)
    key = {
        "one letter": key[:-1] + ("A" if key[-1] != "A" else "B"),
        "the id": InviteFactory().public_id + key[16:],
        "another site's": Signer(key="other", salt="annotator.invite", sep=".").sign(invite.public_id),
        "empty": ".",
        "null": "%00",
    }[change]

    response = client.get(f"/join/{key}/")

    assert response.status_code == 404
    assert "This link is not valid" in response.content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "has expired"),
        ({"uses_max": 2, "uses": 2}, "the maximum number of times"),
        ({"revoked_at": timezone.now()}, "was revoked"),
    ],
)
def test_a_link_that_is_over_says_why_and_lets_nobody_new_in(client, changes, words):
    invite = InviteFactory(**changes)
    client.force_login(UserFactory())

    shown, posted = client.get(link(invite)), client.post(link(invite))

    assert (shown.status_code, posted.status_code) == (403, 403)
    assert words in shown.content.decode()
    assert not Member.objects.exists()
    client.force_login(MemberFactory(campaign=invite.campaign).user)
    assert client.get(link(invite)).url == page_of(invite.campaign)  # whoever is in comes in


def test_the_link_takes_no_other_method(client, invite):
    assert client.delete(link(invite)).status_code == 405


def test_the_link_is_not_logged(client, invite, caplog):
    with caplog.at_level("INFO", logger="annotator.campaigns.access"):
        client.get(link(invite))

    assert key_of(invite) not in caplog.text
    assert "/join/" in caplog.text


# --- consent


def test_people_agree_to_the_text_when_they_join_and_it_is_on_record(client, invite):
    text = publish_consent_text(campaign=invite.campaign, text="Your answers are *published*.", by=None)
    client.force_login(UserFactory())
    html = client.get(link(invite)).content.decode()
    assert "<em>published</em>" in html

    client.post(link(invite), {"consent_version": "1"})

    consent = Consent.objects.get()
    assert (consent.text, consent.member) == (text, Member.objects.get())
    assert timezone.now() - consent.accepted_at < timedelta(minutes=1)
    assert client.get(page_of(invite.campaign)).status_code == 200


@pytest.mark.parametrize("version", ["", "2", "x", "99999999999999999999", "-1"])
def test_nobody_joins_without_agreeing_to_the_text_in_force(client, invite, version):
    publish_consent_text(campaign=invite.campaign, text="One.", by=None)
    client.force_login(UserFactory())

    response = client.post(link(invite), {"consent_version": version}, follow=True)

    assert "has changed" in response.content.decode()
    assert not Member.objects.exists()
    assert Invite.objects.get().uses == 0


def test_a_new_text_is_agreed_to_before_the_next_pair_and_the_old_consent_stays(client):
    member = MemberFactory()
    client.force_login(member.user)
    for number in (1, 2):
        publish_consent_text(campaign=member.campaign, text=f"Text {number}.", by=None)
        consent = reverse("consent", args=[member.campaign.slug])
        assert client.get(client.get(page_of(member.campaign)).url).url == consent
        assert f"Text {number}." in client.get(consent).content.decode()
        assert client.post(consent, {"consent_version": str(number)}).url == page_of(member.campaign)
        assert client.get(page_of(member.campaign)).status_code == 200

    assert list(Consent.objects.values_list("text__version", flat=True)) == [1, 2]
    html = client.get(consent).content.decode()
    assert "You agreed to version 1 on" in html
    assert "You agreed to version 2 on" in html


@pytest.mark.parametrize(("state", "status"), [(MemberState.PAUSED, 403), (MemberState.SUSPENDED, 403)])
def test_who_may_not_judge_is_not_asked_to_agree(client, state, status):
    member = MemberFactory(state=state)
    publish_consent_text(campaign=member.campaign, text="One.", by=None)
    client.force_login(member.user)
    page = reverse("consent", args=[member.campaign.slug])

    assert "I agree" not in client.get(page).content.decode()
    assert client.post(page, {"consent_version": "1"}).status_code == status


def test_the_text_is_for_members(client):
    member = MemberFactory()
    page = reverse("consent", args=[member.campaign.slug])
    client.force_login(member.user)
    assert client.get(page).status_code == 404  # there is none
    publish_consent_text(campaign=member.campaign, text="One.", by=None)
    client.force_login(UserFactory())
    assert client.get(page).status_code == 404
