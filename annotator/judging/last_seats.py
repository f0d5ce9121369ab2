"""The end of a campaign: what is prepared for one member and not shown to them goes to another who has nothing to do.

Queues are filled ahead, so the last free seats of a campaign are in somebody's queue, perhaps of one who went home. Without this
the others would wait until the leases run out. Called only for who is about to be told that nothing is left.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from annotator.choices import MemberKind
from annotator.lib.raw_sql import fetch_prepared, read_statement
from annotator.models import Member
from annotator.models.pair_seats import RING_SIZE

WINDOW = 250  # pairs without a free seat that are looked at on each side of a random place

_GIVE_SQL = read_statement(__file__, "last_seats")


@dataclass(frozen=True)
class Given:
    given: int


def hand_over(member: Member, *, count: int, now: datetime) -> int:
    """Up to `count` seats of others for the member, who is to be shown them now. Returns how many.

    Call inside a transaction that holds the member's row.
    """
    if member.kind == MemberKind.MACHINE:  # takes no seats
        return 0
    campaign = member.campaign
    return (
        fetch_prepared(
            _GIVE_SQL,
            {
                "campaign": campaign.pk,
                "member": member.pk,
                "count": count,
                "window": WINDOW,
                "anywhere": random.randrange(RING_SIZE),  # noqa: S311 - nothing secret hangs on it
                "guideline": campaign.guideline_id,
                "now": now,
                "lease_expires_at": now + timedelta(seconds=campaign.lease_seconds),
            },
        )
        .first(Given)
        .given
    )
