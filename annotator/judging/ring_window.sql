-- The next stretch of the ring: which pairs have a free seat, and what the member has to do with each already.
--
-- The LIMIT in the lateral query makes it one index probe per pair; without it the planner may read all that the member ever
-- judged.
SELECT pair.id AS pair_id, pair.ring, seat.id AS assignment_id, seat.state
FROM (
    SELECT pair.id, pair.ring FROM annotator_pair_seats pair
    WHERE pair.campaign_id = %(campaign)s::bigint AND pair.line = 'free' AND pair.rank = %(priority)s::smallint
      AND pair.ring > %(after)s::int AND pair.ring <= %(up_to)s::int
    ORDER BY pair.ring LIMIT %(limit)s::int
) pair
LEFT JOIN LATERAL (
    SELECT seat.id, seat.state FROM annotator_assignment seat
    WHERE seat.member_id = %(member)s::bigint AND seat.pair_id = pair.id AND seat.kind = 'regular' LIMIT 1
) seat ON true
ORDER BY pair.ring
