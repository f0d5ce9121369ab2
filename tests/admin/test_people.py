"""Members, tokens and users in the admin."""

from __future__ import annotations

import pytest
from django.test import Client
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
