"""Members are added, get another role, and are paused by managers."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from annotator.campaigns.members import add_member, change_member_state
from annotator.choices import MemberKind, MemberState, Role
from annotator.errors import Conflict, Invalid
from annotator.models import Member, ModerationAction
from tests.factories import CampaignFactory, CrowdIdentityFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_user_is_added_once_and_then_given_another_role():
    campaign, user = CampaignFactory(), UserFactory()

    member, is_new = add_member(campaign=campaign, user=user)
    assert (member.role, member.kind, member.state, is_new) == (Role.ANNOTATOR, MemberKind.HUMAN, MemberState.ACTIVE, True)

    again, is_new = add_member(campaign=campaign, user=user, role=Role.REVIEWER)
    assert (again.pk, again.role, is_new) == (member.pk, Role.REVIEWER, False)
    assert Member.objects.get().role == Role.REVIEWER


def test_another_role_leaves_state_and_other_campaigns_alone():
    member = MemberFactory(state=MemberState.PAUSED)
    elsewhere = MemberFactory(user=member.user)

    add_member(campaign=member.campaign, user=member.user, role=Role.MANAGER)

    member.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (member.role, member.state, elsewhere.role) == (Role.MANAGER, MemberState.PAUSED, Role.ANNOTATOR)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"role": "owner"}, "role"),
        ({"kind": "robot"}, "kind"),
        ({"role": Role.REVIEWER, "kind": MemberKind.MACHINE}, "role"),
    ],
)
def test_what_no_member_can_be_names_its_field_and_adds_nobody(options, field):
    with pytest.raises(Invalid) as error:
        add_member(campaign=CampaignFactory(), user=UserFactory(), **options)

    assert set(error.value.errors) == {field}
    assert not Member.objects.exists()


def test_a_manager_pauses_and_resumes_and_the_same_again_is_no_change():
    member = MemberFactory()
    for state, acts in [("paused", 1), ("paused", 1), ("active", 2), ("active", 2)]:
        assert change_member_state(member=member, state=state, by=None).state == state
        assert ModerationAction.objects.count() == acts


@pytest.mark.parametrize("state", [MemberState.SUSPENDED, MemberState.WITHDRAWN])
def test_a_managers_word_neither_starts_nor_ends_a_suspension_or_a_withdrawal(state):
    active, gone = MemberFactory(), MemberFactory(state=state)

    with pytest.raises(Invalid) as invalid:
        change_member_state(member=active, state=state, by=None)
    assert set(invalid.value.errors) == {"state"}
    for wanted in (MemberState.ACTIVE, MemberState.PAUSED):
        with pytest.raises(Conflict) as conflict:
            change_member_state(member=gone, state=wanted, by=None)
        assert conflict.value.code == "member_state_refused"
    gone.refresh_from_db()
    assert gone.state == state


@pytest.mark.parametrize(("kind", "other"), [(MemberKind.HUMAN, MemberKind.MACHINE), (MemberKind.MACHINE, MemberKind.HUMAN)])
def test_a_person_never_becomes_a_machine_nor_a_machine_a_person(kind, other):
    member = MemberFactory(kind=kind)

    with pytest.raises(Conflict):
        add_member(campaign=member.campaign, user=member.user, kind=other)

    assert Member.objects.get().kind == kind


def test_a_machine_is_an_annotator():
    with pytest.raises(IntegrityError, match="member_machine_is_annotator"):
        MemberFactory(kind=MemberKind.MACHINE, role=Role.MANAGER)


def test_a_manager_gives_somebody_from_a_platform_no_other_role_and_no_other_campaign():
    member = CrowdIdentityFactory().member
    for campaign in (member.campaign, CampaignFactory()):
        with pytest.raises(Invalid):
            add_member(campaign=campaign, user=member.user, role=Role.MANAGER)
