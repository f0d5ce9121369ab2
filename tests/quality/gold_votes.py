"""Members who answer gold pairs wrongly."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from annotator.models import Campaign, Member
from tests.factories import MemberFactory, VoteFactory


def wrong_on_gold(member: Member, times: int, *, at: datetime | None = None) -> None:
    for _ in range(times):
        vote = VoteFactory(
            assignment__member=member,
            assignment__pair__gold_choice="b",
            assignment__pair__campaign=member.campaign,
            assignment__kind="gold",
            assignment__state="answered",
            choice="a",
            created_at=at or timezone.now(),
        )
    assert vote.choice == "a"


def warned_by_gold(campaign: Campaign, **fields: object) -> Member:
    """Somebody whom a rule that asks for gold applies to."""
    member = MemberFactory(campaign=campaign, **fields)
    wrong_on_gold(member, 8)
    return member
