"""Members, tokens and users in the admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.choices import MemberState, Role
from annotator.models import Member, Token, User, Vote
from tests.admin.pages import address, run
from tests.factories import CampaignFactory, MemberFactory, PairFactory, TokenFactory, UserFactory
from tests.judges import judge_all

pytestmark = pytest.mark.django_db


def test_a_member_is_added_and_given_another_role(client: Client) -> None:
    campaign, user = CampaignFactory(), UserFactory()
    form = {"campaign": campaign.pk, "user": user.pk, "role": "annotator"}
    assert client.post(address(Member, "add"), form).status_code == 302
    member = Member.objects.get(campaign=campaign, user=user)
    assert client.post(address(Member, "add"), form).context["adminform"].errors
    assert client.post(address(Member, "change", member.pk), {"role": "reviewer"}).status_code == 302
    member.refresh_from_db()
    assert member.role == Role.REVIEWER


def test_members_are_paused_and_let_work_again_unless_more_was_decided(client: Client) -> None:
    member, gone = MemberFactory(), MemberFactory(state=MemberState.WITHDRAWN)
    page = run(client, Member, "pause", member, gone)
    assert "Paused: 1." in page
    assert "cannot be paused or resumed" in page
    member.refresh_from_db()
    gone.refresh_from_db()
    assert (member.state, gone.state) == (MemberState.PAUSED, MemberState.WITHDRAWN)
    run(client, Member, "let_work", member)
    member.refresh_from_db()
    assert member.state == MemberState.ACTIVE


def test_members_are_suspended_and_let_back_with_their_votes(client: Client, boss: User) -> None:
    member, gone = MemberFactory(), MemberFactory(state=MemberState.WITHDRAWN)
    PairFactory.create_batch(3, campaign=member.campaign)
    judge_all(member)

    page = run(client, Member, "suspend", member, gone)

    for words in ("Suspended: 1.", "Seats released: 3.", "cannot be suspended"):
        assert words in page
    member.refresh_from_db()
    assert member.state == MemberState.SUSPENDED
    assert set(Vote.objects.values_list("void_reason", "voided_by")) == {("suspended", boss.pk)}

    page = run(client, Member, "lift_suspension", member, gone)

    for words in ("Reinstated: 1.", "Answers restored: 3.", "not suspended"):
        assert words in page
    member.refresh_from_db()
    assert member.state == MemberState.ACTIVE
    assert Vote.objects.live().count() == 3


def test_a_token_is_revoked_once_and_its_digest_never_shown(client: Client) -> None:
    token = TokenFactory()
    assert "Revoked: 1." in run(client, Token, "revoke", token)
    assert "Revoked: 0." in run(client, Token, "revoke", token)
    for page in (address(Token, "changelist"), address(Token, "change", token.pk)):
        assert token.digest not in client.get(page).content.decode()
    assert not Token.objects.usable(timezone.now()).exists()


def test_a_user_is_made_with_a_password(client: Client) -> None:
    password = "a long and unusual phrase"
    form = {"username": "fresh", "usable_password": "true", "password1": password, "password2": password}
    assert client.post(address(User, "add"), form).status_code == 302
    assert User.objects.get(username="fresh").check_password(password)


# --- who may change users


@pytest.fixture
def helper() -> Client:
    """Somebody who may change, add and delete users and groups, and is no superuser."""
    user = UserFactory(username="helper", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label__in=["annotator", "auth"]))
    browser = Client()
    browser.force_login(user)
    return browser


def fields_of(user: User, **changes: object) -> dict[str, object]:
    return {
        "username": user.username,
        "email": user.email,
        "is_active": "on",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "12:00",
    } | changes


def test_who_may_change_users_gives_nobody_rights(helper: Client) -> None:
    user, group = UserFactory(), Group.objects.create(name="all")
    rights = {"is_staff": "on", "is_superuser": "on", "groups": [group.pk], "user_permissions": [Permission.objects.first().pk]}

    changed = helper.post(address(User, "change", user.pk), fields_of(user, first_name="Ana") | rights)

    assert changed.status_code == 302
    user.refresh_from_db()
    assert (user.first_name, user.is_staff, user.is_superuser) == ("Ana", False, False)
    assert not user.groups.exists()
    assert not user.user_permissions.exists()
    assert helper.post(address(Group, "change", group.pk), {"name": "more"}).status_code == 403
    assert helper.post(address(Group, "add"), {"name": "more"}).status_code == 403


def test_who_may_change_users_changes_no_account_with_rights_nor_their_own(helper: Client, boss: User) -> None:
    password = {"password1": "a new long phrase", "password2": "a new long phrase", "usable_password": "true"}
    for user in (boss, User.objects.get(username="helper")):
        helper.post(address(User, "change", user.pk), fields_of(user, email="mine@example.org", is_superuser="on"))
        helper.post(reverse("admin:auth_user_password_change", args=[user.pk]), password)
        helper.post(address(User, "delete", user.pk), {"post": "yes"})
        before = (user.email, user.password, user.is_superuser)
        user.refresh_from_db()
        assert (user.email, user.password, user.is_superuser) == before


def test_a_superuser_gives_rights(client: Client) -> None:
    user = UserFactory()

    client.post(address(User, "change", user.pk), fields_of(user, is_staff="on"))

    assert User.objects.get(pk=user.pk).is_staff


def test_a_name_that_looks_like_another_is_refused_beside_its_field(client: Client) -> None:
    UserFactory(username="paul")
    new = {"username": "pau1", "usable_password": "false"}

    page = client.post(address(User, "add"), new)

    assert "looks like that of somebody else" in page.content.decode()
    assert client.post(address(User, "add"), new | {"username": "ana"}).status_code == 302
