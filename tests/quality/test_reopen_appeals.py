"""Undoing the answer to an appeal."""

from __future__ import annotations

import pytest

from annotator.errors import Conflict
from annotator.models import Member
from annotator.quality import moderation
from annotator.quality.appeals import answer_appeal, appeal
from annotator.quality.reopen_appeals import reopen_appeal
from tests.factories import MemberFactory, UserFactory, VoteFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (moderation.warn_member, "active"),
        (moderation.pause_member, "paused"),
        (moderation.suspend_member, "suspended"),
    ],
)
def test_what_an_accepted_appeal_took_back_applies_again(act, state: str) -> None:
    by, vote = UserFactory(), VoteFactory(assignment__pair__seats_taken=1, assignment__pair__seats_a_on_left=1)
    member = vote.assignment.member
    act(member=member, by=by, reason=moderation.Reason(note="Look at both."))
    before = (Member.objects.get(pk=member.pk).notice_id is None, state)
    made = appeal(member=Member.objects.select_related("notice").get(pk=member.pk), message="I did.")
    answer_appeal(appeal=made, is_accepted=True, answer="True.", by=by)

    reopened = reopen_appeal(appeal=made, by=by)

    member.refresh_from_db()
    vote.refresh_from_db()
    assert (member.notice_id is None, member.state) == before
    assert member.actions.first().note == "Look at both."
    assert (reopened.state, reopened.answer, reopened.answered_by) == ("open", "", None)
    assert vote.void_reason == ("suspended" if state == "suspended" else None)
    with pytest.raises(Conflict):
        reopen_appeal(appeal=made, by=by)


def test_one_that_was_declined_waits_again_and_nothing_else_changes() -> None:
    member, by = MemberFactory(), UserFactory()
    moderation.pause_member(member=member, by=by)
    member.refresh_from_db()
    made = appeal(member=member, message="Why?")
    answer_appeal(appeal=made, is_accepted=False, answer="No.", by=by)

    assert reopen_appeal(appeal=made, by=by).state == "open"
    member.refresh_from_db()
    assert member.state == "paused"


def test_it_stays_answered_where_something_else_was_done_since() -> None:
    member, by = MemberFactory(), UserFactory()
    moderation.pause_member(member=member, by=by)
    member.refresh_from_db()
    made = appeal(member=member, message="Why?")
    answer_appeal(appeal=made, is_accepted=True, answer="", by=by)
    moderation.warn_member(member=Member.objects.get(pk=member.pk), by=by)

    with pytest.raises(Conflict, match="Something else was done"):
        reopen_appeal(appeal=made, by=by)

    made.refresh_from_db()
    assert made.state == "accepted"
