"""Coming into a campaign: invite links, consent, and people whom a crowd platform sends."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.campaigns import consent as campaign_consent
from annotator.campaigns import crowd, members
from annotator.campaigns import invites as campaign_invites
from annotator.choices import MemberState, Role
from annotator.errors import Conflict, DomainError, Invalid, NotAllowed
from annotator.models import Campaign, Consent, CrowdIdentity, Invite, Member, User
from tests.factories import (
    CampaignFactory,
    ConsentFactory,
    CrowdIdentityFactory,
    CrowdUserFactory,
    InviteFactory,
    MemberFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

PID = "5f3e2d1c0b9a8f7e6d5c4b3a"
PLATFORM = {"PROLIFIC_PID": PID, "STUDY_ID": "64aa00112233445566778899", "SESSION_ID": "65bb00112233445566778899"}


def link(invite: Invite) -> str:
    return reverse("join", args=[campaign_invites.key_of(invite)])


def page_of(campaign: Campaign) -> str:
    return reverse("annotate", args=[campaign.slug])


@pytest.fixture
def invite() -> Invite:
    return InviteFactory(campaign__name="Shapes")


@pytest.fixture
def crowd_invite() -> Invite:
    return InviteFactory(for_crowd=True)


# --- the page behind the link


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


def test_joining_twice_is_joining_once(client, invite):
    client.force_login(UserFactory())
    client.post(link(invite))
    client.post(link(invite))

    assert client.get(link(invite)).url == page_of(invite.campaign)
    assert (Member.objects.count(), Invite.objects.get().uses) == (1, 1)


def test_a_link_never_changes_the_role_of_somebody_who_is_in(client):
    invite = InviteFactory(role=Role.MANAGER)
    member = MemberFactory(campaign=invite.campaign)
    client.force_login(member.user)
    client.post(link(invite))

    assert Member.objects.get().role == Role.ANNOTATOR


@pytest.mark.parametrize("change", ["one letter", "the id", "another site's", "empty", "null"])
def test_a_link_that_this_site_did_not_make_opens_nothing(client, invite, change, settings):
    key = campaign_invites.key_of(invite)
    key = {
        "one letter": key[:-1] + ("A" if key[-1] != "A" else "B"),
        "the id": InviteFactory().public_id + key[16:],
        "another site's": campaign_invites.Signer(key="other", salt="annotator.invite", sep=".").sign(invite.public_id),
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


def test_who_withdrew_does_not_come_back_by_a_link(client, invite):
    client.force_login(MemberFactory(campaign=invite.campaign, state=MemberState.WITHDRAWN).user)

    client.post(link(invite))

    assert Member.objects.get().state == MemberState.WITHDRAWN


def test_the_link_takes_no_other_method(client, invite):
    assert client.delete(link(invite)).status_code == 405


def test_the_link_is_not_logged(client, invite, caplog):
    with caplog.at_level("INFO", logger="annotator.campaigns.access"):
        client.get(link(invite))

    assert campaign_invites.key_of(invite) not in caplog.text
    assert "/join/" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_of_many_who_come_at_once_no_more_join_than_are_wanted():
    invite = InviteFactory(uses_max=3)
    users = UserFactory.create_batch(8)
    start, refused = Barrier(len(users)), []

    def come(user: User) -> None:
        start.wait()
        try:
            campaign_invites.join(invite=invite, by=user)
        except NotAllowed as refusal:
            refused.append(refusal.code)
        finally:
            connection.close()

    threads = [Thread(target=come, args=[user]) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == ["invite_used_up"] * 5
    assert (Member.objects.count(), Invite.objects.get().uses) == (3, 3)


# --- consent


def test_people_agree_to_the_text_when_they_join_and_it_is_on_record(client, invite):
    text = campaign_consent.publish_consent_text(campaign=invite.campaign, text="Your answers are *published*.", by=None)
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
    campaign_consent.publish_consent_text(campaign=invite.campaign, text="One.", by=None)
    client.force_login(UserFactory())

    response = client.post(link(invite), {"consent_version": version}, follow=True)

    assert "has changed" in response.content.decode()
    assert not Member.objects.exists()
    assert Invite.objects.get().uses == 0


def test_a_new_text_is_agreed_to_before_the_next_pair_and_the_old_consent_stays(client):
    member = MemberFactory()
    client.force_login(member.user)
    for number in (1, 2):
        campaign_consent.publish_consent_text(campaign=member.campaign, text=f"Text {number}.", by=None)
        consent = reverse("consent", args=[member.campaign.slug])
        assert client.get(client.get(page_of(member.campaign)).url).url == consent
        assert f"Text {number}." in client.get(consent).content.decode()
        assert client.post(consent, {"consent_version": str(number)}).url == page_of(member.campaign)
        assert client.get(page_of(member.campaign)).status_code == 200

    assert list(Consent.objects.values_list("text__version", flat=True)) == [1, 2]
    html = client.get(consent).content.decode()
    assert "You agreed to version 1 on" in html
    assert "You agreed to version 2 on" in html


def test_the_text_in_force_is_the_newest_whoever_publishes_at_once():
    campaign = CampaignFactory()
    for number in range(3):
        campaign_consent.publish_consent_text(campaign=campaign, text=f"Text {number}.", by=None)

    campaign.refresh_from_db()
    assert campaign.consent_text == campaign.consent_texts.order_by("-version").first()
    assert campaign.consent_text.version == 3


def test_an_empty_text_is_refused():
    with pytest.raises(Invalid) as refusal:
        campaign_consent.publish_consent_text(campaign=CampaignFactory(), text=" \n", by=None)
    assert set(refusal.value.errors) == {"text"}


def test_a_member_agrees_only_to_what_they_were_shown():
    member = ConsentFactory().member
    campaign_consent.publish_consent_text(campaign=CampaignFactory(), text="Another campaign's.", by=None)
    Campaign.objects.filter(pk=member.campaign_id).update(consent_text=member.consents.get().text)

    with pytest.raises(Conflict):
        campaign_consent.agree(member=member, version=2)


@pytest.mark.parametrize(("state", "status"), [(MemberState.PAUSED, 403), (MemberState.SUSPENDED, 403)])
def test_who_may_not_judge_is_not_asked_to_agree(client, state, status):
    member = MemberFactory(state=state)
    campaign_consent.publish_consent_text(campaign=member.campaign, text="One.", by=None)
    client.force_login(member.user)
    page = reverse("consent", args=[member.campaign.slug])

    assert "I agree" not in client.get(page).content.decode()
    assert client.post(page, {"consent_version": "1"}).status_code == status


def test_the_text_is_for_members(client):
    member = MemberFactory()
    page = reverse("consent", args=[member.campaign.slug])
    client.force_login(member.user)
    assert client.get(page).status_code == 404  # there is none
    campaign_consent.publish_consent_text(campaign=member.campaign, text="One.", by=None)
    client.force_login(UserFactory())
    assert client.get(page).status_code == 404


# --- from a crowd platform


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
    campaign_consent.publish_consent_text(campaign=crowd_invite.campaign, text="Your answers are published.", by=None)
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
        crowd.join_from_crowd(invite=invite, participant=PID)


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


def test_a_manager_gives_somebody_from_a_platform_no_other_role_and_no_other_campaign():
    member = CrowdIdentityFactory().member
    for campaign in (member.campaign, CampaignFactory()):
        with pytest.raises(Invalid):
            members.add_member(campaign=campaign, user=member.user, role=Role.MANAGER)


def test_an_invite_to_an_account_does_not_take_somebody_from_a_platform(client, invite):
    client.force_login(CrowdUserFactory())

    assert client.post(link(invite)).status_code == 403


def test_the_form_that_logs_in_wants_the_csrf_token(crowd_invite):
    assert come(Client(enforce_csrf_checks=True), crowd_invite).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_one_person_who_comes_twice_at_once_is_one_member():
    campaign = CampaignFactory()
    invites = [InviteFactory(campaign=campaign, for_crowd=True) for _ in range(2)] * 4
    start, failed = Barrier(len(invites)), []

    def arrive(invite: Invite) -> None:
        start.wait()
        try:
            crowd.join_from_crowd(invite=invite, participant=PID)
        except DomainError as refusal:
            failed.append(type(refusal))
        finally:
            connection.close()

    threads = [Thread(target=arrive, args=[invite]) for invite in invites]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(failed) <= {Conflict}
    assert (Member.objects.count(), User.objects.filter(is_crowd=True).count()) == (1, 1)
