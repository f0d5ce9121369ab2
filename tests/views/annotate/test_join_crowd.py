"""The page behind an invite link, for people whom a crowd platform sends."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.campaigns.consent import publish_consent_text
from annotator.campaigns.crowd import join_from_crowd
from annotator.campaigns.invites import key_of
from annotator.campaigns.platform_tokens import PURPOSE
from annotator.choices import Role
from annotator.errors import NotAllowed
from annotator.lib.encryption import encrypt
from annotator.models import Campaign, Consent, CrowdIdentity, Invite, Member, User
from tests.factories import CrowdIdentityFactory, CrowdUserFactory, InviteFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

PID = "5f3e2d1c0b9a8f7e6d5c4b3a"
PLATFORM = {"PROLIFIC_PID": PID, "STUDY_ID": "64aa00112233445566778899", "SESSION_ID": "65bb00112233445566778899"}


def link(invite: Invite) -> str:
    return reverse("join", args=[key_of(invite)])


def page_of(campaign: Campaign) -> str:
    return reverse("annotate", args=[campaign.slug])


@pytest.fixture
def invite() -> Invite:
    return InviteFactory(campaign__name="Shapes")


@pytest.fixture
def crowd_invite() -> Invite:
    return InviteFactory(for_crowd=True)


def come(client: Client, invite: Invite, **changes: Any) -> Any:
    return client.post(link(invite), PLATFORM | {"consent_version": ""} | changes)


def test_somebody_from_the_platform_starts_without_an_account(client, crowd_invite):
    shown = client.get(link(crowd_invite), PLATFORM)
    assert "Start" in shown.content.decode()
    assert not User.objects.filter(is_crowd=True).exists()

    response = come(client, crowd_invite)

    assert response.url == page_of(crowd_invite.campaign)
    identity = CrowdIdentity.objects.select_related("member__user").get()
    assert (identity.participant, identity.study, identity.session) == tuple(PLATFORM.values())
    user = identity.member.user
    assert (user.is_crowd, user.has_usable_password(), user.email, user.is_staff) == (True, False, "", False)
    assert PID not in user.username
    assert client.session["_auth_user_id"] == str(user.pk)
    assert identity.member.role == Role.ANNOTATOR
    assert client.get(response.url).status_code == 200


def test_the_same_person_is_the_same_member_from_any_browser_and_by_any_link_of_the_campaign(client, crowd_invite):
    come(client, crowd_invite)
    second = InviteFactory(campaign=crowd_invite.campaign, for_crowd=True)
    come(Client(), crowd_invite)
    come(Client(), second, SESSION_ID="another-session")

    assert Member.objects.count() == 1
    assert CrowdIdentity.objects.get().session == "another-session"
    other = InviteFactory(for_crowd=True)
    come(Client(), other)
    assert Member.objects.values("user").distinct().count() == 2  # in another campaign they are somebody else


def test_two_people_on_one_machine_do_not_become_one(client, crowd_invite):
    come(client, crowd_invite)
    come(client, crowd_invite, PROLIFIC_PID="another-person-0001")

    assert Member.objects.count() == 2
    assert client.session["_auth_user_id"] == str(CrowdIdentity.objects.get(participant="another-person-0001").member.user_id)


@pytest.mark.parametrize("changes", [{"uses_max": 1, "uses": 1}, {"expires_at": timezone.now() - timedelta(days=1)}])
def test_who_has_been_here_comes_back_by_a_link_that_is_full_or_expired_but_not_by_one_that_was_revoked(
    client, crowd_invite, changes
):
    come(client, crowd_invite)
    Invite.objects.update(**changes)
    assert come(Client(), crowd_invite).status_code == 302
    assert come(Client(), crowd_invite, PROLIFIC_PID="another-person-0001").status_code == 403

    Invite.objects.update(revoked_at=timezone.now())
    assert come(Client(), crowd_invite).status_code == 403


def test_they_agree_to_the_text_like_everybody(client, crowd_invite):
    publish_consent_text(campaign=crowd_invite.campaign, text="Your answers are published.", by=None)
    assert "Agree and continue" in client.get(link(crowd_invite), PLATFORM).content.decode()

    come(client, crowd_invite)
    assert not Member.objects.exists()
    come(client, crowd_invite, consent_version="1")
    assert Consent.objects.get().member == Member.objects.get()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"PROLIFIC_PID": "short"}, "PROLIFIC_PID"),
        ({"PROLIFIC_PID": "x" * 65}, "PROLIFIC_PID"),
        ({"PROLIFIC_PID": "{{%PROLIFIC_PID%}}"}, "PROLIFIC_PID"),
        ({"PROLIFIC_PID": PID + "\n"}, "PROLIFIC_PID"),
        ({"PROLIFIC_PID": "٥٥٥٥٥٥٥٥"}, "PROLIFIC_PID"),
        ({"STUDY_ID": "'; DROP"}, "STUDY_ID"),
        ({"SESSION_ID": "\0" * 8}, "SESSION_ID"),
    ],
)
def test_what_no_platform_sends_is_refused_by_name(client, crowd_invite, changes, name):
    response = come(client, crowd_invite, **changes)

    assert response.status_code == 400
    assert f"{name}: Use 6 to 64" in response.content.decode()
    assert not Member.objects.exists()


def test_without_a_number_of_the_platform_it_is_an_ordinary_link(client, crowd_invite):
    assert "Sign up and join" in client.get(link(crowd_invite)).content.decode()
    assert "Sign up and join" in client.post(link(crowd_invite)).content.decode()


def test_a_number_is_nothing_at_a_link_that_is_not_for_a_platform(client, invite):
    come(client, invite)

    assert "_auth_user_id" not in client.session
    assert not Member.objects.exists()
    with pytest.raises(NotAllowed):
        join_from_crowd(invite=invite, participant=PID)


def test_nobody_logs_in_to_an_ordinary_account_by_a_number(client, crowd_invite):
    """Not even by one that is spelled like the user name of somebody, or that a row says is somebody's."""
    boss = UserFactory(username=PID, is_staff=True, is_superuser=True)
    come(client, crowd_invite)
    assert client.session["_auth_user_id"] != str(boss.pk)
    CrowdIdentityFactory(member=MemberFactory(campaign=crowd_invite.campaign, user=boss), participant="ordinary-account")

    response = come(Client(), crowd_invite, PROLIFIC_PID="ordinary-account")

    assert response.status_code == 403
    assert "closed" in response.content.decode()


@pytest.mark.parametrize("how", ["a role", "switched off"])
def test_a_place_that_became_more_than_an_annotators_is_closed_to_the_link(client, crowd_invite, how):
    come(client, crowd_invite)
    if how == "a role":
        Member.objects.update(role=Role.MANAGER)
    else:
        User.objects.filter(is_crowd=True).update(is_active=False)

    assert come(Client(), crowd_invite).status_code == 403


def test_somebody_with_an_account_is_told_to_log_out_first(client, crowd_invite):
    manager = MemberFactory(campaign=crowd_invite.campaign, role=Role.MANAGER).user
    client.force_login(manager)

    assert "You are logged in as" in client.get(link(crowd_invite), PLATFORM).content.decode()
    come(client, crowd_invite)

    assert client.session["_auth_user_id"] == str(manager.pk)
    assert not CrowdIdentity.objects.exists()


def test_an_invite_to_an_account_does_not_take_somebody_from_a_platform(client, invite):
    client.force_login(CrowdUserFactory())

    assert client.post(link(invite)).status_code == 403


def test_the_form_that_logs_in_wants_the_csrf_token(crowd_invite):
    assert come(Client(enforce_csrf_checks=True), crowd_invite).status_code == 403


# --- signed parameters

SECRET = "a secret that only the platform and this site know"


@pytest.fixture
def signed_invite() -> Invite:
    encrypted = encrypt(SECRET, purpose=PURPOSE)
    return InviteFactory(for_crowd=True, platform_key=encrypted, platform_customer=PLATFORM["STUDY_ID"])


def token_for(participant: str = PID, *, seconds: int = 60, **claims: Any) -> str:
    named = {"PROLIFIC_PID": participant, "STUDY_ID": PLATFORM["STUDY_ID"], "SESSION_ID": PLATFORM["SESSION_ID"]}
    return jwt.encode({"exp": int(time.time()) + seconds, "aud": "testserver", "prolific": named} | claims, SECRET)


def visit_in(page: Any) -> str:
    return re.search(r'name="visit" value="([^"]+)"', page.content.decode())[1]


def test_somebody_whom_the_platform_signed_starts(client, signed_invite):
    page = client.get(link(signed_invite), {"prolific_token": token_for()})
    assert "PROLIFIC_PID" not in page.content.decode()

    assert client.post(link(signed_invite), {"visit": visit_in(page)}).url == page_of(signed_invite.campaign)

    identity = CrowdIdentity.objects.get()
    assert (identity.participant, identity.session, identity.is_signed) == (PID, PLATFORM["SESSION_ID"], True)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (PLATFORM, "are not signed"),
        ({"token": "x.y.z"}, "signature of this link is not valid"),
        ({"token": token_for(seconds=-3600)}, "has expired"),
        ({"token": token_for(aud="elsewhere.example", seconds=36_000)}, "another site"),
    ],
)
def test_nobody_comes_in_without_a_valid_signature(client, signed_invite, parameters, words):
    response = client.get(link(signed_invite), parameters)

    assert response.status_code == 403
    assert words in response.content.decode()
    assert client.post(link(signed_invite), parameters).status_code in (200, 403)
    assert not Member.objects.exists()


def test_a_page_made_for_one_link_opens_no_other(client, signed_invite):
    visit = visit_in(client.get(link(signed_invite), {"token": token_for()}))
    other = InviteFactory(for_crowd=True, platform_key=signed_invite.platform_key)

    client.post(link(other), {"visit": visit})

    assert not Member.objects.exists()


def test_without_a_signature_a_second_browser_ends_the_session_of_the_first(client, crowd_invite):
    come(client, crowd_invite)
    assert client.get(page_of(crowd_invite.campaign)).status_code == 200

    second = Client()
    come(second, crowd_invite)

    assert client.get(page_of(crowd_invite.campaign)).status_code == 302
    assert second.get(page_of(crowd_invite.campaign)).status_code == 200


def test_an_address_from_which_very_many_join_has_to_wait(crowd_invite, settings):
    settings.JOIN_RATE_ADDRESS = 2
    for number in range(2):
        assert come(Client(), crowd_invite, PROLIFIC_PID=f"person-{number}").status_code == 302

    refused = come(Client(), crowd_invite, PROLIFIC_PID="person-2")

    assert refused.status_code == 403
    assert "Wait an hour" in refused.content.decode()
    assert come(Client(), crowd_invite, PROLIFIC_PID="person-0").status_code == 302  # who is in comes in
