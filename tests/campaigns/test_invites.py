"""Joining by an invite link: who may, once, and as what."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from annotator.campaigns.invites import create_invite, join, why_unusable
from annotator.campaigns.platform_tokens import PURPOSE
from annotator.choices import MemberState, Role
from annotator.errors import Conflict, Invalid, NotAllowed
from annotator.lib.encryption import decrypt
from annotator.models import Invite, Member, User
from tests.factories import CampaignFactory, InviteFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db


NOW = timezone.now()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ""),
        ({"expires_at": NOW + timedelta(seconds=1), "uses_max": 2, "uses": 1}, ""),
        ({"expires_at": NOW}, "invite_expired"),
        ({"uses_max": 2, "uses": 2}, "invite_used_up"),
        ({"revoked_at": NOW, "expires_at": NOW, "uses_max": 1, "uses": 1}, "invite_revoked"),
    ],
)
def test_a_link_says_why_nobody_new_joins_by_it(changes, code):
    assert why_unusable(InviteFactory(**changes), NOW) == code


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"for_crowd": False, "platform_key": "s" * 40}, "platform_key"),
        ({"platform_key": "short"}, "platform_key"),
        ({"platform_key": "https://keys.example.org/jwks.json"}, "platform_customer"),
        ({"platform_customer": "no spaces"}, "platform_customer"),
    ],
)
def test_a_key_that_signs_nothing_is_named(fields, named):
    with pytest.raises(Invalid) as error:
        create_invite(campaign=CampaignFactory(), by=UserFactory(), **({"for_crowd": True} | fields))

    assert set(error.value.errors) == {named}


def test_a_key_is_kept_encrypted():
    secret = "s" * 40
    create_invite(campaign=CampaignFactory(), by=UserFactory(), for_crowd=True, platform_key=f" {secret}\n")

    kept = Invite.objects.get().platform_key
    assert secret not in kept
    assert decrypt(kept, purpose=PURPOSE) == secret


def test_joining_twice_is_joining_once():
    invite, user = InviteFactory(uses_max=1), UserFactory()

    member = join(invite=invite, by=user)

    assert join(invite=invite, by=user) == member
    assert (member.role, member.invite, Invite.objects.get().uses) == (Role.ANNOTATOR, invite, 1)


def test_a_link_never_changes_the_role_of_somebody_who_is_in():
    member = MemberFactory()

    join(invite=InviteFactory(campaign=member.campaign, role=Role.MANAGER), by=member.user)

    assert Member.objects.get().role == Role.ANNOTATOR


def test_a_member_who_withdrew_does_not_come_back_by_a_link():
    member = MemberFactory(state=MemberState.WITHDRAWN)

    with pytest.raises(Conflict) as error:
        join(invite=InviteFactory(campaign=member.campaign), by=member.user)

    assert error.value.code == "member_withdrawn"
    assert Member.objects.get().state == MemberState.WITHDRAWN


@pytest.mark.django_db(transaction=True)
def test_of_many_who_come_at_once_no_more_join_than_are_wanted():
    invite = InviteFactory(uses_max=3)
    users = UserFactory.create_batch(8)
    start, refused = Barrier(len(users)), []

    def come(user: User) -> None:
        start.wait()
        try:
            join(invite=invite, by=user)
        except NotAllowed as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [Thread(target=come, args=[user]) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == ["invite_used_up"] * 5
    assert (Member.objects.count(), Invite.objects.get().uses) == (3, 3)
