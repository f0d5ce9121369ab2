-- The settled pairs that lost a vote, locked; see complete_pairs.sql. Such a pair has a free seat or one that is open again, and
-- only those are counted.
SELECT pair.id FROM annotator_pair pair
WHERE pair.campaign_id = %(campaign)s AND pair.state = 'settled' AND pair.gold_choice IS NULL
  AND (pair.seats_taken < pair.votes_wanted
       OR pair.id IN (SELECT pair_id FROM annotator_assignment WHERE state = 'open' AND kind = 'regular'))
  AND (SELECT count(*) FROM annotator_assignment seat
       WHERE seat.pair_id = pair.id AND seat.kind = 'regular' AND seat.state = 'answered') < pair.votes_wanted
FOR NO KEY UPDATE SKIP LOCKED
