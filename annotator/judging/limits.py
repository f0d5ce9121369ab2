"""How many votes one annotator has left: per day, in total, and as a share of the campaign."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from annotator.choices import MemberKind
from annotator.models import Campaign, CampaignProgress, Member, Vote


@dataclass(frozen=True)
class Room:
    """How many votes a member has left, and the limit that decides it, as a code and a sentence."""

    votes: int
    code: str
    detail: str


def room_for(member: Member, now: datetime) -> Room | None:
    """The limit with the fewest votes left for this member; None if the campaign sets no limit. Days are UTC days.

    Machines have no limits: a limit keeps one person from giving too large a share of the human votes.
    """
    if member.kind == MemberKind.MACHINE:
        return None
    campaign = member.campaign
    rooms = []
    if campaign.limit_per_day is not None:
        left = campaign.limit_per_day - votes_of_today(member, now)
        words = f"You reached the daily limit of {counted(campaign.limit_per_day)}. You can continue after midnight UTC."
        rooms.append(Room(max(0, left), "limit_per_day", words))
    if campaign.limit_total is not None:
        left = campaign.limit_total - member.answered_count
        words = f"You reached the limit of {counted(campaign.limit_total)} per person. Thank you."
        rooms.append(Room(max(0, left), "limit_total", words))
    if campaign.limit_share is not None:
        left = votes_in_share(campaign, campaign.limit_share) - member.answered_count
        words = f"You reached the limit of {campaign.limit_share:.0%} of this campaign's votes per person. Thank you."
        rooms.append(Room(max(0, left), "limit_share", words))
    return min(rooms, key=lambda room: room.votes, default=None)


def counted(votes: int) -> str:
    return "one vote" if votes == 1 else f"{votes} votes"


def votes_of_today(member: Member, now: datetime) -> int:
    """Answers since midnight UTC. An index of the votes covers this query."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Vote.objects.answers().filter(member=member, created_at__gte=midnight).count()


def votes_in_share(campaign: Campaign, share: float) -> int:
    """The share of the votes that the campaign wants, at least one. Based on counts a few seconds old."""
    wanted = CampaignProgress.objects.filter(campaign=campaign).values_list("votes_wanted", flat=True).first() or 0
    return max(1, math.floor(share * wanted))


def in_words(campaign: Campaign) -> list[str]:
    """The campaign's limits per annotator, as text."""
    words = []
    if campaign.limit_per_day is not None:
        words.append(f"{campaign.limit_per_day:,} votes per day")
    if campaign.limit_total is not None:
        words.append(f"{campaign.limit_total:,} votes in total")
    if campaign.limit_share is not None:
        words.append(f"{100 * campaign.limit_share:.4g} % of all votes")
    return words
