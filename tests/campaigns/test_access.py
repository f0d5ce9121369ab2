"""Who may reach a campaign, as the first line of every view asks it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission

from annotator.campaigns import access
from annotator.choices import CampaignState, MemberState, Role
from annotator.errors import DomainError, NotAllowed
from annotator.models import Campaign, User
from tests.factories import CampaignFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

HELPERS: dict[str, Callable[[User, str], object]] = {
    "member": access.campaign_for_member,
    "annotator": access.campaign_for_annotator,
    "reader": access.campaign_for_reader,
    "reviewer": access.campaign_for_reviewer,
    "manager": access.campaign_for_manager,
}


@pytest.fixture
def campaign() -> Campaign:
    return CampaignFactory()


def answers(user: User, slug: str) -> dict[str, str]:
    """By helper: "yes", or the code of the error."""
    found = {}
    for name, helper in HELPERS.items():
        try:
            helper(user, slug)
        except DomainError as error:
            found[name] = error.code
        else:
            found[name] = "yes"
    return found


@pytest.mark.parametrize(
    ("role", "state", "annotator", "reviewer", "manager"),
    [
        (Role.ANNOTATOR, MemberState.ACTIVE, "yes", "not_a_reviewer", "not_a_manager"),
        (Role.REVIEWER, MemberState.ACTIVE, "yes", "yes", "not_a_manager"),
        (Role.MANAGER, MemberState.ACTIVE, "yes", "yes", "yes"),
        (Role.MANAGER, MemberState.PAUSED, "member_paused", "member_paused", "member_paused"),
        (Role.REVIEWER, MemberState.SUSPENDED, "member_suspended", "member_suspended", "member_suspended"),
        (Role.ANNOTATOR, MemberState.WITHDRAWN, "member_withdrawn", "member_withdrawn", "member_withdrawn"),
    ],
)
def test_role_and_state_decide_what_a_member_may_reach(campaign, role, state, annotator, reviewer, manager):
    member = MemberFactory(campaign=campaign, role=role, state=state)

    assert answers(member.user, campaign.slug) == {
        "member": "yes",
        "reader": "yes",
        "annotator": annotator,
        "reviewer": reviewer,
        "manager": manager,
    }
    is_active_manager = (role, state) == (Role.MANAGER, MemberState.ACTIVE)
    assert access.is_manager(member.user, campaign) is is_active_manager


def test_a_stranger_cannot_tell_a_campaign_from_none(campaign):
    stranger = MemberFactory(role=Role.MANAGER).user  # of another campaign

    assert answers(stranger, campaign.slug) == answers(stranger, "nowhere") == dict.fromkeys(HELPERS, "not_found")
    assert not access.is_manager(stranger, campaign)


def test_a_superuser_reaches_everything_but_annotates_only_as_a_member(campaign):
    superuser = UserFactory(is_superuser=True)

    outside = answers(superuser, campaign.slug)
    assert outside == {"member": "not_found", "annotator": "not_found", "reader": "yes", "reviewer": "yes", "manager": "yes"}
    assert set(answers(superuser, "nowhere").values()) == {"not_found"}
    assert access.is_manager(superuser, campaign)
    assert access.campaign_for_reader(superuser, campaign.slug) == (campaign, None)
    member = MemberFactory(campaign=campaign, user=superuser)
    assert access.campaign_for_reader(superuser, campaign.slug) == (campaign, member)
    assert set(answers(superuser, campaign.slug).values()) == {"yes"}


def test_releases_are_read_by_reviewers_and_managers_and_public_ones_by_everybody():
    private = CampaignFactory(slug="private")
    CampaignFactory(slug="public", data_is_public=True)
    CampaignFactory(slug="draft", data_is_public=True, state=CampaignState.DRAFT)

    def readable(user: User | None) -> set[str]:
        return set(access.readers_campaigns(user).values_list("slug", flat=True))

    assert readable(None) == readable(MemberFactory(campaign=private).user) == {"public"}
    for role in (Role.REVIEWER, Role.MANAGER):
        assert readable(MemberFactory(campaign=private, role=role).user) == {"public", "private"}
        assert readable(MemberFactory(campaign=private, role=role, state=MemberState.PAUSED).user) == {"public"}
    assert readable(UserFactory(is_superuser=True)) == {"public", "private", "draft"}


def test_staff_and_users_with_the_permission_create_campaigns():
    creator = UserFactory()
    creator.user_permissions.add(Permission.objects.get(codename="add_campaign"))
    allowed = [UserFactory(is_staff=True), UserFactory(is_superuser=True), creator]
    manager = MemberFactory(role=Role.MANAGER).user

    assert all(access.may_create_campaigns(user) for user in allowed)
    access.require_may_create_campaigns(creator)
    assert not access.may_create_campaigns(manager)
    with pytest.raises(NotAllowed) as error:
        access.require_may_create_campaigns(manager)
    assert error.value.code == "may_not_create"
