"""A notice is dismissed, an appeal is written, consent is withdrawn."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.choices import MemberState
from annotator.models import Appeal, Campaign, Member, ModerationAction
from annotator.quality import moderation
from tests.factories import AppealFactory, MemberFactory, ModerationActionFactory

pytestmark = pytest.mark.django_db


def address(name: str, campaign: Campaign) -> str:
    return reverse(name, args=[campaign.slug])


@pytest.fixture
def member() -> Member:
    member = MemberFactory()
    moderation.warn_member(member=member, by=None)
    return member


@pytest.fixture
def browser(client: Client, member: Member) -> Client:
    client.force_login(member.user)
    return client


@pytest.mark.parametrize("is_piece", [True, False])
def test_a_notice_is_dismissed_with_and_without_a_script(browser, member, is_piece):
    response = browser.post(address("dismiss_notice", member.campaign), headers={"HX-Request": "true"} if is_piece else {})

    assert (response.status_code, response.content) == ((200, b"") if is_piece else (302, b""))
    assert is_piece or response.url == address("annotate", member.campaign)
    member.refresh_from_db()
    assert member.notice is None
    assert ModerationAction.objects.count() == 1  # what was done stays on record


def test_somebody_elses_notice_stays(client, member):
    client.force_login(MemberFactory().user)

    assert client.post(address("dismiss_notice", member.campaign)).status_code == 404
    client.force_login(MemberFactory(campaign=member.campaign).user)
    client.post(address("dismiss_notice", member.campaign))

    member.refresh_from_db()
    assert member.notice is not None


@pytest.mark.parametrize(
    ("changes", "may_appeal"), [({}, True), ({"notice": None}, False), ({"state": MemberState.PAUSED}, True)]
)
def test_the_form_is_there_where_an_appeal_is_possible(browser, member, changes, may_appeal):
    Member.objects.update(**changes)
    page = address("appeal", member.campaign)

    assert browser.get(page).context["may_appeal"] is may_appeal
    assert browser.post(page, {"message": "Please look."}).status_code == (302 if may_appeal else 400)
    assert Appeal.objects.count() == may_appeal
    assert browser.get(page).context["may_appeal"] is False


def test_the_page_lists_own_appeals_alone(browser, member):
    own = AppealFactory(member=member)
    AppealFactory(member__campaign=member.campaign)

    assert browser.get(address("appeal", member.campaign)).context["appeals"] == [own]


@pytest.mark.parametrize("state", [MemberState.ACTIVE, MemberState.PAUSED, MemberState.SUSPENDED])
def test_consent_is_withdrawn_in_any_state_and_only_by_a_form_that_is_sure(browser, member, state):
    Member.objects.update(state=state)
    page = address("withdraw", member.campaign)

    assert browser.get(page, {"is_sure": "on"}).status_code == 200
    assert browser.post(page, {"is_sure": ""}).status_code == 400
    member.refresh_from_db()
    assert member.state == state

    assert browser.post(page, {"is_sure": "on"}).url == reverse("campaigns")
    member.refresh_from_db()
    assert member.state == MemberState.WITHDRAWN


@pytest.mark.parametrize("name", ["appeal", "withdraw"])
def test_the_pages_are_closed_to_strangers_and_to_those_who_left(client, name):
    gone = MemberFactory(state=MemberState.WITHDRAWN)
    ModerationActionFactory(member=gone, kind="withdraw")

    for user in (gone.user, MemberFactory().user):
        client.force_login(user)
        for method in (client.get, client.post):
            assert method(address(name, gone.campaign), {"message": "Back?", "is_sure": "on"}).status_code == 404
    assert not Appeal.objects.exists()
