-- Pairs whose counters differ from their live regular seats, with the right values.
SELECT pair.id, seats.taken, seats.a_on_left
FROM annotator_pair_seats AS pair
CROSS JOIN LATERAL (
    SELECT count(*) AS taken, count(*) FILTER (WHERE seat.a_on_left) AS a_on_left
    FROM annotator_assignment AS seat
    WHERE seat.pair_id = pair.id AND seat.kind = 'regular' AND seat.state IN ('open', 'answered')
) AS seats
WHERE pair.campaign_id = %(campaign)s
  AND (%(ids)s::bigint[] IS NULL OR pair.id = ANY (%(ids)s::bigint[]))
  AND pair.id %% %(of)s::bigint = %(rest)s::bigint
  AND (pair.seats_taken, pair.seats_a_on_left) IS DISTINCT FROM (seats.taken, seats.a_on_left)
