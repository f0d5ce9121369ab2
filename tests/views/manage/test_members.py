"""The pages of a campaign's members."""

from __future__ import annotations

import csv

import pytest
from django.test import Client
from django.urls import reverse

from annotator.choices import MemberState, Role
from annotator.models import Campaign, Member, ModerationAction, Vote
from annotator.views.manage import members
from tests.factories import CrowdUserFactory, MemberFactory, PairFactory, UserFactory, VoteFactory
from tests.judges import judge_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client: Client) -> Member:
    manager = MemberFactory(role=Role.MANAGER)
    client.force_login(manager.user)
    return manager


@pytest.fixture
def campaign(manager: Member) -> Campaign:
    return manager.campaign


def address(name: str, campaign: Campaign, *more: object) -> str:
    return reverse(name, args=[campaign.slug, *more])


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


@pytest.mark.parametrize("person", ["ana", "ana@example.org", "ANA@example.ORG"])
def test_a_person_is_added_by_name_or_address(client: Client, campaign: Campaign, person: str) -> None:
    ana = UserFactory(username="ana")
    response = client.post(address("members", campaign), {"person": person, "role": "reviewer"})
    assert response.url == address("campaign_page", campaign) + "#people"
    assert campaign.members.get(user=ana).role == Role.REVIEWER


def test_a_member_is_given_another_role(client: Client, campaign: Campaign) -> None:
    member = MemberFactory(campaign=campaign)
    client.post(address("members", campaign), {"person": member.user.username, "role": "manager"})
    member.refresh_from_db()
    assert member.role == Role.MANAGER


@pytest.mark.parametrize(
    ("person", "role", "field"),
    [
        ("nobody", "annotator", "person"),
        ("", "annotator", "person"),
        ("x\0y", "annotator", "person"),
        ("shared@example.org", "annotator", "person"),
        ("twin1", "emperor", "role"),
    ],
)
def test_nobody_is_added_by_a_bad_form(client: Client, campaign: Campaign, person: str, role: str, field: str) -> None:
    for number in (1, 2):
        UserFactory(username=f"twin{number}", email="shared@example.org")
    response = client.post(address("members", campaign), {"person": person, "role": role})
    assert (response.status_code, list(response.context["form"].errors)) == (400, [field])
    assert campaign.members.count() == 1


def test_a_member_is_paused_and_works_again(client: Client, campaign: Campaign) -> None:
    member = MemberFactory(campaign=campaign)
    for state in ("paused", "active"):
        response = client.post(address("member_state", campaign, member.pk), {"state": state})
        assert response.url == address("members", campaign)
        member.refresh_from_db()
        assert member.state == state


@pytest.mark.parametrize(("before", "wanted"), [("active", "suspended"), ("active", ""), ("withdrawn", "active")])
def test_what_is_not_a_managers_to_decide_is_refused(client: Client, campaign: Campaign, before: str, wanted: str) -> None:
    member = MemberFactory(campaign=campaign, state=before)
    html = client.post(address("member_state", campaign, member.pk), {"state": wanted}, follow=True).content.decode()
    assert "notice error" in html
    member.refresh_from_db()
    assert member.state == before


def test_a_member_is_suspended_and_let_back(client: Client, campaign: Campaign, manager: Member) -> None:
    member = MemberFactory(campaign=campaign)
    PairFactory.create_batch(2, campaign=campaign)
    judge_all(member)
    member.refresh_from_db()
    path = address("member_suspension", campaign, member.pk)
    page = " ".join(client.get(path).content.decode().split())
    assert "voids <strong>2</strong> votes and reopens <strong>0</strong> settled pairs" in page
    assert Vote.objects.live().count() == 2  # looking at it does nothing

    html = client.post(path, follow=True).content.decode()

    assert "Assignments released: 2." in html
    member.refresh_from_db()
    assert member.state == MemberState.SUSPENDED
    assert set(Vote.objects.values_list("void_reason", "voided_by")) == {("suspended", manager.user.pk)}
    assert "Lift suspension" in html

    assert 'name="lift"' in client.get(path).content.decode()
    html = client.post(path, {"lift": ""}, follow=True).content.decode()

    assert "Votes restored: 2." in html
    member.refresh_from_db()
    assert (member.state, Vote.objects.live().count()) == (MemberState.ACTIVE, 2)


@pytest.mark.parametrize(("state", "form"), [("active", {"lift": ""}), ("withdrawn", {}), ("withdrawn", {"lift": ""})])
def test_a_suspension_that_cannot_be_is_refused(client: Client, campaign: Campaign, state: str, form: dict[str, str]) -> None:
    member = MemberFactory(campaign=campaign, state=state)
    html = client.post(address("member_suspension", campaign, member.pk), form, follow=True).content.decode()
    assert "notice error" in html
    member.refresh_from_db()
    assert member.state == state


def test_the_table_is_sorted_filtered_and_has_no_buttons_beside_oneself(
    client: Client, campaign: Campaign, manager: Member
) -> None:
    ada, bea = (MemberFactory(campaign=campaign, user__username=name, answered_count=n) for name, n in (("ada", 1), ("bea", 2)))
    page = address("members", campaign)

    assert client.get(page, {"order": "name", "role": "annotator"}).context["members"] == [ada, bea]
    html = client.get(page, {"order": "-answered", "words": "a"}).content.decode()
    assert html.index(">bea</a>") < html.index(">ada</a>")
    assert 'aria-sort="descending"' in html
    assert address("member_page", campaign, ada.pk) + "#decide" in html
    assert address("member_page", campaign, manager.pk) + "#decide" not in html
    assert client.get(page, {"state": "nonsense"}).status_code == 400
    assert "Nobody passes these filters." in client.get(page, {"words": "nobody"}).content.decode()


def test_the_csv_runs_nothing_and_has_what_the_filters_leave(client: Client, campaign: Campaign) -> None:
    MemberFactory(campaign=campaign, user__username="=HYPERLINK(1)", answered_count=5)
    MemberFactory(campaign=campaign, user__username="ada", state="paused")

    response = client.get(address("members", campaign), {"as": "csv", "state": "active", "role": "annotator"})

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    [row] = csv.DictReader(response.content.decode().splitlines())
    found = [row[name] for name in ("name", "state", "answered", "gold_count", "trust")]
    assert found == ["'=HYPERLINK(1)", "active", "5", "0", ""]
