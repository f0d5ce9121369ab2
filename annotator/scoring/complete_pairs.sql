-- The pairs in circulation all of whose seats are answered, locked.
--
-- Pairs that somebody is taking or freeing a seat of at this moment are left for the next time, so that nobody waits here for a
-- lock and no two transactions wait for each other. A count per pair, and the pairs found first and changed then: a plan for all
-- of it at once hangs on statistics that are older than the votes, and one that was wrong took minutes.
SELECT pair.id FROM annotator_pair pair
WHERE pair.campaign_id = %(campaign)s AND pair.state = 'open' AND pair.gold_choice IS NULL
  AND pair.seats_taken = pair.votes_wanted
  AND (SELECT count(*) FROM annotator_assignment seat
       WHERE seat.pair_id = pair.id AND seat.kind = 'regular' AND seat.state = 'answered') >= pair.votes_wanted
FOR NO KEY UPDATE SKIP LOCKED
