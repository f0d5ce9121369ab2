-- Those of the candidates that still have a free seat, locked in the order of their ids. Who holds one is waited for.
SELECT pair.id AS pair_id, pair.seats_taken, pair.seats_a_on_left FROM annotator_pair pair
WHERE pair.id = ANY (%(pairs)s::bigint[])
  AND pair.state = 'open' AND pair.gold_choice IS NULL AND pair.seats_taken < pair.votes_wanted
ORDER BY pair.id FOR NO KEY UPDATE
