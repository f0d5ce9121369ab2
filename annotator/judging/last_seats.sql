-- Seats that were prepared for others and not shown to them yet, given to a member who has none, whose row the caller holds.
--
-- Somebody who was stopped since the caller asked gets none, nor does anybody once the campaign takes no votes.
-- Of the pairs without a free seat, those of the highest priority, from a random place on the ring. A seat keeps its side, so the
-- counters of its pair stay as they are. What somebody holds is left alone: they may be just about to see it. Of the seats that
-- could be had the newest come first, which their member would come to last.
WITH level AS MATERIALIZED (
    SELECT pair.rank AS priority FROM annotator_pair_seats pair
    WHERE pair.campaign_id = %(campaign)s::bigint AND pair.line = 'full'
      AND EXISTS (SELECT FROM annotator_member member JOIN annotator_campaign campaign ON campaign.id = member.campaign_id
                  WHERE member.id = %(member)s::bigint AND member.state = 'active' AND campaign.state = 'open')
    ORDER BY pair.rank DESC LIMIT 1
), full_pair AS MATERIALIZED (
    (SELECT pair.id FROM level JOIN annotator_pair_seats pair ON pair.rank = level.priority
     WHERE pair.campaign_id = %(campaign)s::bigint AND pair.line = 'full' AND pair.ring > %(anywhere)s::int
     ORDER BY pair.ring LIMIT %(window)s::int)
    UNION ALL
    (SELECT pair.id FROM level JOIN annotator_pair_seats pair ON pair.rank = level.priority
     WHERE pair.campaign_id = %(campaign)s::bigint AND pair.line = 'full' AND pair.ring <= %(anywhere)s::int
     ORDER BY pair.ring LIMIT %(window)s::int)
), spare AS MATERIALIZED (
    SELECT seat.id, own.id AS expired_id
    FROM full_pair CROSS JOIN LATERAL (
        SELECT id FROM annotator_assignment
        WHERE pair_id = full_pair.id AND kind = 'regular' AND state = 'open' AND shown_at IS NULL
          AND member_id <> %(member)s::bigint
        ORDER BY id DESC LIMIT 1
    ) seat LEFT JOIN LATERAL (
        SELECT id, state FROM annotator_assignment
        WHERE member_id = %(member)s::bigint AND pair_id = full_pair.id AND kind = 'regular' LIMIT 1
    ) own ON true
    WHERE own.id IS NULL OR own.state = 'expired'
    ORDER BY seat.id DESC LIMIT %(count)s::int
), held AS MATERIALIZED (
    SELECT seat.id, seat.pair_id, seat.a_on_left, spare.expired_id
    FROM spare JOIN annotator_assignment seat ON seat.id = spare.id
    JOIN annotator_pair_seats pair ON pair.id = seat.pair_id
    WHERE seat.state = 'open' AND seat.shown_at IS NULL AND pair.line = 'full'
    FOR UPDATE OF seat SKIP LOCKED FOR NO KEY UPDATE OF pair SKIP LOCKED
), given AS (
    UPDATE annotator_assignment SET state = 'expired', closed_at = %(now)s::timestamptz
    FROM held WHERE annotator_assignment.id = held.id
), fresh AS (
    INSERT INTO annotator_assignment
        (campaign_id, member_id, pair_id, kind, state, a_on_left, guideline_id, created_at, lease_expires_at)
    SELECT %(campaign)s::bigint, %(member)s::bigint, pair_id, 'regular', 'open', a_on_left, %(guideline)s::bigint,
           %(now)s::timestamptz, %(lease_expires_at)s::timestamptz
    FROM held WHERE expired_id IS NULL
), reopened AS (
    UPDATE annotator_assignment
    SET state = 'open', a_on_left = held.a_on_left, guideline_id = %(guideline)s::bigint,
        lease_expires_at = %(lease_expires_at)s::timestamptz, shown_at = NULL, closed_at = NULL
    FROM held WHERE annotator_assignment.id = held.expired_id
), balanced AS (
    UPDATE annotator_member
    SET side_balance = side_balance
        + (SELECT count(*) FILTER (WHERE a_on_left) - count(*) FILTER (WHERE NOT a_on_left) FROM held)
    WHERE id = %(member)s::bigint AND EXISTS (SELECT FROM held)
)
SELECT count(*) AS given FROM held
