"""How many votes one annotator has left: per day, in total, and as a share of the campaign."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, ngettext

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
        words = ngettext(
            "You reached the daily limit of one vote. You can continue after midnight UTC.",
            "You reached the daily limit of %(number)s votes. You can continue after midnight UTC.",
            campaign.limit_per_day,
        ) % {"number": campaign.limit_per_day}
        rooms.append(Room(max(0, left), "limit_per_day", words))
    if campaign.limit_total is not None:
        left = campaign.limit_total - member.answered_count
        words = ngettext(
            "You reached the limit of one vote per person. Thank you.",
            "You reached the limit of %(number)s votes per person. Thank you.",
            campaign.limit_total,
        ) % {"number": campaign.limit_total}
        rooms.append(Room(max(0, left), "limit_total", words))
    if campaign.limit_share is not None:
        left = votes_in_share(campaign, campaign.limit_share) - member.answered_count
        words = gettext("You reached the limit of %(share)s of this campaign's votes per person. Thank you.")
        words %= {"share": f"{campaign.limit_share:.0%}"}
        rooms.append(Room(max(0, left), "limit_share", words))
    return min(rooms, key=lambda room: room.votes, default=None)


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
        words.append(gettext("%(number)s votes per day") % {"number": f"{campaign.limit_per_day:,}"})
    if campaign.limit_total is not None:
        words.append(gettext("%(number)s votes in total") % {"number": f"{campaign.limit_total:,}"})
    if campaign.limit_share is not None:
        words.append(gettext("%(share)s %% of all votes") % {"share": f"{100 * campaign.limit_share:.4g}"})
    return words
