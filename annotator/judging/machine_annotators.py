"""What machine annotators judge: every pair of the campaign, gold ones too, each once, in the order of their ids.

A machine takes nobody's seat. Its assignments are of a kind of their own, which no counter of a pair and no consensus knows,
so that it neither keeps a person from a pair nor brings one nearer to its end.

Pairs of one campaign become visible in the order of their ids: imports of a campaign take turns until they commit
(importing.adding). So the pair that a machine had last says where it is, and later imports are found from there.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from annotator.choices import AssignmentState
from annotator.judging.seats import release_assignments
from annotator.lib.raw_sql import Statement, fetch_prepared, statement
from annotator.models import Assignment, Member

# First the machine's own expired assignments, then new ones. A held pair gets an expired assignment, and is assigned again
# after it is released.
_AGAIN_SQL = statement("""
WITH again AS (
    SELECT seat.id FROM annotator_waiting_seat waiting JOIN annotator_assignment seat ON seat.id = waiting.assignment_id
    JOIN annotator_pair_seats pair ON pair.id = seat.pair_id
    WHERE waiting.member_id = %(member)s::bigint AND waiting.state = 'expired' AND seat.state = 'expired' AND pair.state <> 'held'
    ORDER BY seat.pair_id LIMIT %(limit)s::int
    FOR NO KEY UPDATE OF seat SKIP LOCKED
)
UPDATE annotator_assignment
SET state = 'open', a_on_left = random() < 0.5, guideline_id = %(guideline)s::bigint,
    lease_expires_at = %(lease_expires_at)s::timestamptz, shown_at = NULL, closed_at = NULL
FROM again
WHERE annotator_assignment.id = again.id
RETURNING annotator_assignment.state
""")
_NEXT_SQL = statement("""
INSERT INTO annotator_assignment
    (campaign_id, member_id, pair_id, kind, state, a_on_left, guideline_id, created_at, lease_expires_at, closed_at)
SELECT %(campaign)s::bigint, %(member)s::bigint, pair.id, 'machine',
       CASE WHEN pair.state = 'held' THEN 'expired' ELSE 'open' END, random() < 0.5, %(guideline)s::bigint,
       %(now)s::timestamptz, %(lease_expires_at)s::timestamptz, CASE WHEN pair.state = 'held' THEN %(now)s::timestamptz END
FROM annotator_pair of_campaign JOIN annotator_pair_seats pair ON pair.id = of_campaign.id
WHERE of_campaign.campaign_id = %(campaign)s::bigint
  AND of_campaign.id > coalesce((SELECT max(seat.pair_id) FROM annotator_assignment seat
                          WHERE seat.member_id = %(member)s::bigint AND seat.kind = 'machine'), 0)
ORDER BY of_campaign.id LIMIT %(limit)s::int
RETURNING state
""")


def assign_next(*, member: Member, target: int, now: datetime) -> int:
    """Let a machine have `target` open assignments, or as many as there are. Returns how many are new to it.

    Call inside a transaction that holds the member's row, which makes one refill wait for the other.
    """
    release_assignments(Assignment.objects.overdue(now).filter(member=member), state=AssignmentState.EXPIRED, now=now)
    missing = target - Assignment.objects.open().filter(member=member).count()
    handed_out = 0
    for query in (_AGAIN_SQL, _NEXT_SQL):
        while handed_out < missing:
            states = _take(query, member, missing - handed_out, now)
            handed_out += states.count(AssignmentState.OPEN)
            if not states or query is _AGAIN_SQL:
                break
    return handed_out


def _take(query: Statement, member: Member, limit: int, now: datetime) -> list[str]:
    place = {
        "member": member.pk,
        "campaign": member.campaign_id,
        "guideline": member.campaign.guideline_id,
        "now": now,
        "lease_expires_at": now + timedelta(seconds=member.campaign.lease_seconds),
        "limit": limit,
    }
    return [state for (state,) in fetch_prepared(query, place).rows]
