-- The settled audit pairs that want fewer votes than the campaign now gives at most, locked; see complete_pairs.sql. There are some
-- after the campaign raised that number, or went from fixed to adaptive overlap. With fixed overlap audit pairs are like any other.
SELECT pair.id FROM annotator_pair pair
JOIN annotator_campaign campaign ON campaign.id = pair.campaign_id
WHERE pair.campaign_id = %(campaign)s AND pair.is_audit AND pair.state = 'settled' AND pair.gold_choice IS NULL
  AND campaign.votes_max > campaign.votes_wanted AND pair.votes_wanted < campaign.votes_max
  AND pair.seats_taken = pair.votes_wanted
FOR NO KEY UPDATE OF pair SKIP LOCKED
