"""The managers' pages about how people come in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from annotator.campaigns import consent, invites
from annotator.choices import Role
from annotator.models import CrowdIdentity, Invite, Member
from tests.factories import CrowdIdentityFactory, InviteFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

PAGES = ["invites", "edit_consent", "crowd"]


@pytest.fixture
def manager() -> Member:
    return MemberFactory(role=Role.MANAGER, campaign__name="Shapes")


@pytest.fixture
def browser(client: Client, manager: Member) -> Client:
    client.force_login(manager.user)
    return client


def address(name: str, manager: Member, *more: object) -> str:
    return reverse(name, args=[manager.campaign.slug, *more])


def make(browser: Client, manager: Member, **fields: object) -> str:
    """The page that answers; "" where the link was made."""
    response = browser.post(address("invites", manager), {"role": "annotator"} | fields)
    return "" if response.status_code == 302 else response.content.decode()


def test_a_link_is_made_copied_and_followed(browser, manager):
    assert make(browser, manager, note="Students", uses_max="20") == ""

    html = browser.get(address("invites", manager)).content.decode()

    (shown,) = re.findall(r'value="http://testserver(/join/[^"?]+/)"', html)
    assert shown == reverse("join", args=[invites.key_of(Invite.objects.get())])
    assert "0 of 20 joined" in html
    visitor = Client()
    visitor.force_login(UserFactory())
    visitor.post(shown)
    assert "1 of 20 joined" in browser.get(address("invites", manager)).content.decode()


def test_a_link_for_a_platform_has_the_names_that_the_platform_fills_in(browser, manager):
    make(browser, manager, for_crowd="on")

    html = browser.get(address("invites", manager)).content.decode()

    assert "?PROLIFIC_PID={{%PROLIFIC_PID%}}&amp;STUDY_ID={{%STUDY_ID%}}&amp;SESSION_ID={{%SESSION_ID%}}" in html


def test_a_link_works_through_its_last_day(browser, manager):
    today = datetime.now(tz=UTC).date()
    assert make(browser, manager, expires_on=today.isoformat()) == ""

    assert Invite.objects.get().expires_at == datetime.combine(today + timedelta(days=1), datetime.min.time(), tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"role": "owner"}, "Select a valid choice"),
        ({"expires_on": "2020-01-01"}, "Use today or a later day."),
        ({"expires_on": "9999-12-31"}, "Use today or a later day."),
        ({"expires_on": "soon"}, "Enter a valid date."),
        ({"uses_max": "0"}, "greater than or equal to 1"),
        ({"uses_max": "99999999999999"}, "less than or equal to"),
        ({"note": "x" * 101}, "at most 100 characters"),
        ({"for_crowd": "on", "role": "manager"}, "can only be annotators"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(browser, manager, fields, words):
    assert words in make(browser, manager, **fields)
    assert not Invite.objects.exists()


def test_a_link_is_revoked_and_who_joined_by_it_stays(browser, manager):
    invite = InviteFactory(campaign=manager.campaign, note="Students")
    invites.join(invite=invite, by=UserFactory())

    browser.post(address("revoke_invite", manager, invite.pk))
    listed = browser.post(address("revoke_invite", manager, invite.pk), follow=True).content.decode()
    assert invite.members.get().user.username in listed
    assert manager.user.username not in listed.split("Who joined")[1]

    html = browser.get(address("invites", manager)).content.decode()
    assert "Revoked" in html
    assert invites.key_of(invite) not in html
    invite.refresh_from_db()
    assert invite.revoked_by == manager.user
    assert invite.members.count() == 1


def test_a_link_of_another_campaign_is_not_ours_to_revoke(browser, manager):
    other = InviteFactory()

    assert browser.post(address("revoke_invite", manager, other.pk)).status_code == 404
    assert browser.get(address("invite_page", manager, other.pk)).status_code == 404
    assert browser.get(address("revoke_invite", manager, other.pk)).status_code == 405
    other.refresh_from_db()
    assert other.revoked_at is None


def test_a_consent_text_is_looked_at_first_and_then_published(browser, manager):
    page = address("edit_consent", manager)
    looked = browser.post(page, {"text": "You *agree*.", "preview": ""}).content.decode()
    assert "<em>agree</em>" in looked
    assert not manager.campaign.consent_texts.exists()

    assert browser.post(page, {"text": "You *agree*."}).url == address("campaign_page", manager)

    text = manager.campaign.consent_texts.get()
    assert (text.version, text.author) == (1, manager.user)
    consent.agree(member=manager, version=1)
    html = browser.get(page).content.decode()
    assert "Version 1 is published" in html
    assert "You *agree*." in html
    assert re.search(r"1\s+member has", html)
    assert browser.post(page, {"text": " "}).status_code == 400


def test_managers_see_which_links_are_not_signed_and_who_continued_in_another_browser(browser, manager):
    make(browser, manager, for_crowd="on")
    assert "are not signed" in browser.get(address("invites", manager)).content.decode()
    assert make(browser, manager, for_crowd="on", platform_key="s" * 40) == ""
    signed = Invite.objects.first()
    assert "are not signed" not in browser.get(address("invite_page", manager, signed.pk)).content.decode()

    CrowdIdentityFactory(member__campaign=manager.campaign)
    assert "another browser" not in browser.get(address("crowd", manager)).content.decode()
    CrowdIdentityFactory(member__campaign=manager.campaign, browsers=3)
    assert "1 participant continued in another browser" in " ".join(
        browser.get(address("crowd", manager)).content.decode().split()
    )


def test_who_the_platform_sent_is_listed_by_its_names_and_in_no_other_campaign(browser, manager):
    mine = CrowdIdentityFactory(member__campaign=manager.campaign, study="study-0001", session="session-0001")
    other = CrowdIdentityFactory()

    html = browser.get(address("crowd", manager)).content.decode()

    assert all(words in html for words in (mine.participant, "study-0001", "session-0001", mine.member.public_id))
    assert other.participant not in html


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_are_for_managers(client, manager, name):
    page = address(name, manager)
    assert client.get(page).url.startswith(reverse("login"))
    client.force_login(UserFactory())
    assert client.get(page).status_code == 404
    client.force_login(MemberFactory(campaign=manager.campaign, role=Role.REVIEWER).user)
    assert client.get(page).status_code == 403
    assert client.post(page, {"role": "manager", "text": "Mine."}).status_code in (403, 405)
    assert not Invite.objects.exists()


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_take_as_many_queries_for_many_rows_as_for_one(browser, manager, name, django_assert_max_num_queries):
    for _ in range(12):
        InviteFactory(campaign=manager.campaign, created_by=UserFactory())
        CrowdIdentityFactory(member__campaign=manager.campaign)

    with django_assert_max_num_queries(7):
        browser.get(address(name, manager))


def test_no_names_of_a_platform_leave_by_the_api(manager):
    identity = CrowdIdentityFactory(member__campaign=manager.campaign)
    client = Client()
    client.force_login(manager.user)

    for path in ("", "stats/", "votes/", "leaderboard/", "releases/", "imports/"):
        shown = client.get(f"/api/v1/campaigns/{manager.campaign.slug}/{path}").content.decode()
        assert identity.participant not in shown
    assert CrowdIdentity.objects.count() == 1
