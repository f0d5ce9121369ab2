-- What is left for each of these members: their open assignments, and of the pairs with a free seat those that they have not had.
--
-- `looked_at` says of how many pairs with a free seat it is known; as many as the bound means that there may be more.
SELECT member.id AS member_id, queue.queued, pairs.looked_at, pairs.fresh, %(bound)s::int AS bound
FROM annotator_member member
CROSS JOIN LATERAL (
    SELECT count(*) AS queued FROM annotator_waiting_seat waiting WHERE waiting.member_id = member.id AND waiting.state = 'open'
) queue
CROSS JOIN LATERAL (
    SELECT count(*) AS looked_at, count(*) FILTER (WHERE own.id IS NULL OR own.state = 'expired') AS fresh
    FROM (
        SELECT id FROM annotator_pair_seats
        WHERE campaign_id = member.campaign_id AND line = 'free' ORDER BY rank DESC, ring DESC LIMIT %(bound)s::int
    ) pair LEFT JOIN LATERAL (
        SELECT id, state FROM annotator_assignment
        WHERE member_id = member.id AND pair_id = pair.id AND kind = 'regular' LIMIT 1
    ) own ON true
) pairs
WHERE member.id = ANY (%(members)s::bigint[])
