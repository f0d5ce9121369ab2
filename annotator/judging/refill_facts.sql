-- What a refill goes by, once it holds the member: how many assignments they have before them, how many of theirs are overdue,
-- and the priorities (`rank` on the line of free ones) that have free seats, highest first, with the place of the member's cursor on each: one step down the
-- index for each priority, however many pairs there are.
--
-- The bounds of 100 hold the planner to the index of open assignments, as in queue_head.sql.
WITH RECURSIVE level AS (
    (SELECT pair.rank AS priority FROM annotator_pair_seats pair
     WHERE pair.campaign_id = %(campaign)s::bigint AND pair.line = 'free'
     ORDER BY pair.rank DESC LIMIT 1)
    UNION ALL
    SELECT (SELECT pair.rank AS priority FROM annotator_pair_seats pair
            WHERE pair.campaign_id = %(campaign)s::bigint AND pair.line = 'free' AND pair.rank < level.priority
            ORDER BY pair.rank DESC LIMIT 1)
    FROM level WHERE level.priority IS NOT NULL
), seats AS (
    SELECT count(*) FILTER (WHERE lease_expires_at > %(now)s::timestamptz) AS leased,
           count(*) FILTER (WHERE lease_expires_at <= %(now)s::timestamptz) AS overdue
    FROM (SELECT lease_expires_at FROM annotator_assignment
          WHERE member_id = %(member)s::bigint AND state = 'open' ORDER BY id LIMIT 100) seat
)
SELECT seats.leased, seats.overdue, level.priority, ring_cursor.ring
FROM seats
LEFT JOIN level ON level.priority IS NOT NULL
LEFT JOIN annotator_ringcursor ring_cursor
  ON ring_cursor.member_id = %(member)s::bigint AND ring_cursor.priority = level.priority
ORDER BY level.priority DESC
