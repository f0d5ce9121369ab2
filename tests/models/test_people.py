"""Users, members, invites and tokens: what the database refuses, and which can be used."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotator.models import (
    Invite,
    Member,
    RingCursor,
    Token,
    User,
)
from tests import factories as make
from tests.models.constraint_cases import Attempts, assert_refused, change, check_at_once, delete

pytestmark = pytest.mark.django_db

ATTEMPTS = Attempts(
    {
        "member_kind_known": lambda: change(make.MemberFactory(), kind="ghost"),
        "member_role_known": lambda: change(make.MemberFactory(), role="owner"),
        "member_state_known": lambda: change(make.MemberFactory(), state="asleep"),
        "member_acceptance_has_time": lambda: change(make.MemberFactory(), guideline_accepted_at=timezone.now()),
        "token_digest_is_sha256": lambda: change(make.TokenFactory(), digest="dpt_the-key-itself"),
        "token_scopes_known_and_some": lambda: change(make.TokenFactory(), scopes=[]),
        "user_crowd_is_pseudonymous": lambda: change(make.CrowdUserFactory(), is_staff=True),
        "user_language_form": lambda: make.UserFactory(language="Deutsch"),
        "invite_role_known": lambda: change(make.InviteFactory(), role="owner"),
        "invite_for_crowd_makes_annotators": lambda: make.InviteFactory(for_crowd=True, role="manager"),
        "invite_key_is_of_a_platform": lambda: make.InviteFactory(platform_key="encrypted"),
        "invite_uses_within_max": lambda: change(make.InviteFactory(uses_max=2), uses=3),
        "crowd_identity_participant_form": lambda: make.CrowdIdentityFactory(participant="'; --"),
        "consent_is_fixed": lambda: delete(make.ConsentFactory()),
        "member_machine_is_annotator": lambda: make.MemberFactory(kind="machine", role="reviewer"),
        "crowd_identity_member_in_campaign": lambda: check_at_once(
            lambda: make.CrowdIdentityFactory(campaign=make.CampaignFactory())
        ),
    }
)


@ATTEMPTS.refused_by("member_once_per_campaign")
def _() -> None:
    member = make.MemberFactory()
    Member.objects.create(campaign=member.campaign, user=member.user)


@ATTEMPTS.refused_by("ring_cursor_once_per_priority")
def _() -> None:
    member = make.MemberFactory()
    for ring in (1, 2):
        RingCursor.objects.create(member=member, priority=0, ring=ring)


@ATTEMPTS.refused_by("crowd_identity_once_per_campaign")
def _() -> None:
    first = make.CrowdIdentityFactory()
    make.CrowdIdentityFactory(member__campaign=first.campaign, participant=first.participant)


@ATTEMPTS.refused_by("consent_once_per_member_and_text")
def _() -> None:
    first = make.ConsentFactory()
    make.ConsentFactory(member=first.member, text=first.text)


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


def test_active_members_and_managers() -> None:
    campaign = make.CampaignFactory()
    annotator, manager = (make.MemberFactory(campaign=campaign, role=role) for role in ("annotator", "manager"))
    make.MemberFactory(campaign=campaign, role="manager", state="withdrawn")
    assert list(campaign.members.active()) == [annotator, manager]
    assert list(campaign.members.managers()) == [manager]


NOW = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
LATER = NOW + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("values", "usable"),
    [
        ({}, True),
        ({"expires_at": LATER}, True),
        ({"expires_at": NOW}, False),
        ({"uses_max": 2, "uses": 1}, True),
        ({"uses_max": 2, "uses": 2}, False),
        ({"revoked_at": NOW}, False),
    ],
)
def test_an_invite_can_be_used_until_it_expires_is_used_up_or_revoked(values: dict[str, Any], usable: bool) -> None:
    make.InviteFactory(**values)
    assert Invite.objects.usable(NOW).exists() == usable


@pytest.mark.parametrize(
    ("values", "usable"),
    [
        ({}, True),
        ({"expires_at": LATER}, True),
        ({"expires_at": NOW}, False),
        ({"revoked_at": NOW}, False),
        ({"user__is_active": False}, False),
    ],
)
def test_a_token_can_be_used_until_it_expires_or_is_revoked_by_an_active_user(values: dict[str, Any], usable: bool) -> None:
    make.TokenFactory(**values)
    assert Token.objects.usable(NOW).exists() == usable


def test_the_database_refuses_two_names_that_look_alike_and_lets_old_ones_be():
    make.UserFactory(username="paul")
    with pytest.raises(IntegrityError), transaction.atomic():
        make.UserFactory(username="pau1")

    old = make.UserFactory(username="other")
    User.objects.filter(pk=old.pk).update(username="pаul", name_skeleton=None)  # from before names were compared
    old.refresh_from_db()
    old.save()
    assert (old.name_skeleton, make.CrowdUserFactory().name_skeleton) == (None, None)


def test_a_changed_name_is_compared_anew():
    user = make.UserFactory(username="paul")
    user.username = "ANA"
    user.save()

    assert User.objects.get(name_skeleton="ana") == user
