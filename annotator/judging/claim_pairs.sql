-- Those of the candidates that still have a free seat, locked in the order of their ids. Who holds one is waited for.
SELECT pair.id AS pair_id, pair.seats_taken, pair.seats_a_on_left FROM annotator_pair_seats pair
WHERE pair.id = ANY (%(pairs)s::bigint[])
  AND pair.line = 'free'
ORDER BY pair.id FOR NO KEY UPDATE
