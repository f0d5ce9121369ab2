from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotator.models import Member, User
from tests.factories import CampaignFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db


def added(*arguments: str) -> str:
    out = StringIO()
    call_command("add_member", *arguments, stdout=out)
    return out.getvalue()


def test_it_makes_an_active_member():
    campaign, user = CampaignFactory(), UserFactory()

    assert (
        added(campaign.slug, user.username, "--role", "reviewer")
        == f"{user.username} was added as reviewer of {campaign.slug}.\n"
    )

    member = Member.objects.get()
    assert (member.campaign, member.user, member.role, member.state) == (campaign, user, "reviewer", "active")


def test_it_changes_the_role_of_a_member():
    member = MemberFactory()

    added(member.campaign.slug, member.user.username, "--role", "manager")

    member.refresh_from_db()
    assert member.role == "manager"


def test_it_does_nothing_the_second_time():
    campaign, user = CampaignFactory(), UserFactory()
    added(campaign.slug, user.username, "--role", "annotator")

    assert "was already a member" in added(campaign.slug, user.username, "--role", "annotator")
    assert Member.objects.count() == 1


def test_it_says_what_to_do_about_a_campaign_that_is_not_there():
    with pytest.raises(CommandError, match=r"no campaign 'nothing'.*import_pairs"):
        added("nothing", UserFactory().username, "--role", "annotator")


def test_it_says_what_to_do_about_a_user_that_is_not_there():
    with pytest.raises(CommandError, match=r"no user 'nobody'.*createsuperuser.*--create-user"):
        added(CampaignFactory().slug, "nobody", "--role", "annotator")

    assert not Member.objects.exists()


def test_it_makes_a_user_without_a_password_when_asked_to():
    added(CampaignFactory().slug, "scorer", "--role", "annotator", "--create-user")

    user = User.objects.get(username="scorer")
    assert not user.has_usable_password()
    assert not user.is_staff
    assert Member.objects.get().user == user


def test_it_refuses_a_name_that_no_user_can_have():
    with pytest.raises(CommandError, match="is not a valid user name"):
        added(CampaignFactory().slug, "a b/c", "--role", "annotator", "--create-user")

    assert not User.objects.exists()


@pytest.mark.parametrize("arguments", [["--role", "owner"], []])
def test_it_needs_a_role_that_there_is(arguments):
    with pytest.raises(CommandError, match="--role"):
        added(CampaignFactory().slug, UserFactory().username, *arguments)
