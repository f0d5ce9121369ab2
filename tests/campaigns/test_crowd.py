"""People from a crowd platform, without the page behind the link."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from annotator.campaigns.consent import publish_consent_text
from annotator.campaigns.crowd import check_platform_ids, find_crowd_identity, join_from_crowd
from annotator.errors import Conflict, DomainError, Invalid, NotAllowed
from annotator.models import CrowdIdentity, Invite, Member, User
from tests.factories import CampaignFactory, CrowdIdentityFactory, InviteFactory

PID = "5f3e2d1c0b9a8f7e6d5c4b3a"


@pytest.mark.parametrize(
    ("participant", "study", "session"),
    [(PID, "", ""), (PID, "64aa00112233", "65bb_00-1122"), ("a1b2c3", "x" * 64, "")],
)
def test_a_platform_may_leave_study_and_session_out(participant, study, session):
    check_platform_ids(participant=participant, study=study, session=session)


@pytest.mark.parametrize(
    ("participant", "study", "session", "named"),
    [
        ("", "64aa00112233", "", {"PROLIFIC_PID"}),
        ("a1b2c", "x" * 65, "65 bb00", {"PROLIFIC_PID", "STUDY_ID", "SESSION_ID"}),
        (PID, "64aa00\n", "", {"STUDY_ID"}),
    ],
)
def test_each_parameter_that_no_platform_sends_is_named(participant, study, session, named):
    with pytest.raises(Invalid) as error:
        check_platform_ids(participant=participant, study=study, session=session)

    assert set(error.value.errors) == named


@pytest.mark.django_db
def test_an_identity_is_found_in_its_own_campaign_alone(django_assert_num_queries):
    identity = CrowdIdentityFactory(participant=PID)
    here = InviteFactory(campaign=identity.campaign, for_crowd=True)

    assert find_crowd_identity(here, PID) == identity
    assert find_crowd_identity(here, PID.upper()) is None
    assert find_crowd_identity(InviteFactory(campaign=CampaignFactory(), for_crowd=True), PID) is None
    with django_assert_num_queries(1):
        assert find_crowd_identity(here, PID).member.user.is_crowd


@pytest.mark.django_db
def test_a_refused_arrival_leaves_nothing_behind():
    invite = InviteFactory(for_crowd=True)
    publish_consent_text(campaign=invite.campaign, text="One.", by=None)

    with pytest.raises(Conflict) as error:
        join_from_crowd(invite=invite, participant=PID, consent_version=None)

    assert error.value.code == "consent_outdated"
    assert not User.objects.filter(is_crowd=True).exists()
    assert not Member.objects.exists()
    assert not CrowdIdentity.objects.exists()
    assert Invite.objects.get().uses == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"for_crowd": False}, "invite_not_for_crowd"),
        ({"revoked_at": timezone.now()}, "invite_revoked"),
        ({"uses_max": 1, "uses": 1}, "invite_used_up"),
    ],
)
def test_the_code_says_why_a_link_lets_nobody_new_in(changes, code):
    invite = InviteFactory(**{"for_crowd": True} | changes)

    with pytest.raises(NotAllowed) as error:
        join_from_crowd(invite=invite, participant=PID)

    assert error.value.code == code
    assert not User.objects.filter(is_crowd=True).exists()


@pytest.mark.django_db
def test_the_last_visit_is_kept_and_the_link_is_used_once():
    invite = InviteFactory(for_crowd=True)
    first = join_from_crowd(invite=invite, participant=PID, study="64aa00112233", session="65bb00112233")

    again = join_from_crowd(invite=invite, participant=PID, study="64aa00112233", session="65bb00112244")

    assert again == first
    assert CrowdIdentity.objects.get().session == "65bb00112244"
    assert Invite.objects.get().uses == 1


@pytest.mark.django_db(transaction=True)
def test_one_person_who_comes_twice_at_once_is_one_member():
    campaign = CampaignFactory()
    invites = [InviteFactory(campaign=campaign, for_crowd=True) for _ in range(2)] * 4
    start, failed = Barrier(len(invites)), []

    def arrive(invite: Invite) -> None:
        start.wait()
        try:
            join_from_crowd(invite=invite, participant=PID)
        except DomainError as error:
            failed.append(type(error))
        finally:
            connection.close()

    threads = [Thread(target=arrive, args=[invite]) for invite in invites]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(failed) <= {Conflict}
    assert (Member.objects.count(), User.objects.filter(is_crowd=True).count()) == (1, 1)


@pytest.mark.django_db
def test_a_name_without_a_signature_has_one_session_and_each_further_browser_is_counted():
    invite = InviteFactory(for_crowd=True)
    user = join_from_crowd(invite=invite, participant=PID).user
    before = user.get_session_auth_hash()

    join_from_crowd(invite=invite, participant=PID, by=user)  # the same browser, after a reload
    assert User.objects.get(pk=user.pk).get_session_auth_hash() == before
    join_from_crowd(invite=invite, participant=PID)

    assert User.objects.get(pk=user.pk).get_session_auth_hash() != before
    assert CrowdIdentity.objects.get().browsers == 2


@pytest.mark.django_db
def test_a_signed_name_may_come_from_any_browser_and_an_unsigned_one_from_none():
    invite = InviteFactory(for_crowd=True, platform_key="encrypted")
    user = join_from_crowd(invite=invite, participant=PID, is_signed=True).user
    join_from_crowd(invite=invite, participant=PID, is_signed=True)

    assert User.objects.get(pk=user.pk).password == user.password
    assert (CrowdIdentity.objects.get().browsers, CrowdIdentity.objects.get().is_signed) == (1, True)
    with pytest.raises(NotAllowed) as error:
        join_from_crowd(invite=invite, participant=PID)
    assert error.value.code == "platform_token_missing"
