"""The frame of the console: who sees which rooms, and that no link of it ends at a refusal."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from annotator.choices import MemberState, Role
from annotator.models import Member
from annotator.templatetags.console import ROOMS
from tests.factories import CampaignFactory, FlagFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

# Forms without a page, pieces of a page, and pages without a campaign.
NO_ROOM = {"campaign_state", "archive_campaign", "member_state", "revoke_invite", "new_campaign"}
ELSEWHERE = ("/manage/new/", "/manage/-/")


def frame_of(html: str) -> str:
    """The bar, the sidebar and the tabs."""
    return html.split('<header class="bar">')[1].split('<div id="notice"')[0]


def links_in(html: str) -> list[str]:
    return [link for link in re.findall(r'href="(/manage/[^"#?]*)', frame_of(html)) if not link.startswith(ELSEWHERE)]


def page_names(role_is_manager: bool) -> list[str]:
    return [page.route for room in ROOMS for page in room.pages if role_is_manager or page.for_reviewers]


@pytest.mark.parametrize("role", [Role.MANAGER, Role.REVIEWER])
def test_everybody_sees_what_they_may_open_and_nothing_else(client: Client, role: str) -> None:
    member = MemberFactory(role=role)
    slug = member.campaign.slug
    client.force_login(member.user)
    followed: set[str] = set()
    waiting = [reverse(page_names(role == Role.MANAGER)[0], args=[slug])]

    while waiting:  # through all rooms and tabs, as somebody would go
        address = waiting.pop()
        if address not in followed:
            followed.add(address)
            response = client.get(address)
            assert response.status_code == 200, address
            waiting += links_in(response.content.decode())

    assert followed == {reverse(name, args=[slug]) for name in page_names(role == Role.MANAGER)}


def test_a_reviewer_is_refused_what_the_frame_does_not_show_them(client: Client) -> None:
    reviewer = MemberFactory(role=Role.REVIEWER)
    client.force_login(reviewer.user)
    for name in set(page_names(True)) - set(page_names(False)):
        assert client.get(reverse(name, args=[reviewer.campaign.slug])).status_code == 403, name


def test_every_page_of_the_console_is_in_a_room() -> None:
    inside = {name for room in ROOMS for page in room.pages for name in (page.route, *page.within)}
    in_console = set()
    for pattern in get_resolver().url_patterns:
        if str(pattern.pattern).startswith("manage/<str:slug>/"):
            in_console.add(pattern.name)
    forms = {"ping_webhook", "remove_webhook", "webhook_state", "resend_delivery"} | {
        *("cancel_import", "undo_import", "preview_guideline", "cancel_release", "forget_hub_account")
    }

    assert in_console - inside - forms - NO_ROOM == set()
    for name in inside:
        assert name in in_console, name


def test_what_waits_is_counted_beside_the_room(client: Client) -> None:
    manager = MemberFactory(role=Role.MANAGER)
    client.force_login(manager.user)
    address = reverse("members", args=[manager.campaign.slug])
    assert "waiting" not in frame_of(client.get(address).content.decode())

    FlagFactory(assignment__member__campaign=manager.campaign)

    frame = " ".join(frame_of(client.get(address).content.decode()).split())
    assert re.search(r'Review queue</span> <span class="count">1<span class="visually-hidden"> waiting', frame)


def test_the_switcher_has_the_campaigns_that_the_user_may_enter(client: Client) -> None:
    user = MemberFactory(role=Role.MANAGER, campaign__name="Here").user
    reviewed = MemberFactory(user=user, role=Role.REVIEWER, campaign__name="Reviewed").campaign
    MemberFactory(user=user, campaign__name="Only judged")
    MemberFactory(user=user, role=Role.MANAGER, state=MemberState.PAUSED, campaign__name="Paused there")
    CampaignFactory(name="Of others")
    here = Member.objects.get(user=user, campaign__name="Here").campaign
    client.force_login(user)

    frame = frame_of(client.get(reverse("members", args=[here.slug])).content.decode())

    assert reverse("queue", args=[reviewed.slug]) in frame
    for name in ("Only judged", "Paused there", "Of others"):
        assert name not in frame
    client.force_login(UserFactory(is_superuser=True))
    assert "Of others" in client.get(reverse("members", args=[here.slug])).content.decode()


def test_the_way_back_leads_through_what_the_reader_may_open(client: Client) -> None:
    annotator = MemberFactory()
    slug = annotator.campaign.slug
    page = reverse("member_page", args=[slug, annotator.pk])
    for role, way in ((Role.MANAGER, ["campaign_page", "review"]), (Role.REVIEWER, ["queue", "review"])):
        client.force_login(MemberFactory(campaign=annotator.campaign, role=role).user)
        crumbs = client.get(page).content.decode().split('class="crumbs"')[1].split("</nav>")[0]
        assert re.findall(r'href="([^"]*)"', crumbs) == [reverse(name, args=[slug]) for name in way]


def test_a_page_without_a_campaign_has_a_frame_as_well(client: Client) -> None:
    user = MemberFactory(role=Role.MANAGER, campaign__name="Mine", user__is_staff=True).user
    client.force_login(user)

    frame = frame_of(client.get(reverse("new_campaign")).content.decode())

    assert "Mine" in frame
    assert 'class="room-tabs"' not in frame


def test_an_address_of_the_table_exists() -> None:
    for name in page_names(True):
        try:
            reverse(name, args=["a"])
        except NoReverseMatch:
            pytest.fail(f"{name} is no address")
