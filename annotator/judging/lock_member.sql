-- The member whose queue is filled, held until that is done, with what a refill goes by.
SELECT member.id AS "member.id", member.campaign_id AS "member.campaign_id", member.kind AS "member.kind",
       member.role AS "member.role", member.state AS "member.state", member.answered_count AS "member.answered_count",
       campaign.id AS "campaign.id", campaign.state AS "campaign.state", campaign.guideline_id AS "campaign.guideline_id",
       campaign.lease_seconds AS "campaign.lease_seconds", campaign.gold_rate AS "campaign.gold_rate",
       campaign.repeat_rate AS "campaign.repeat_rate", campaign.repeat_after AS "campaign.repeat_after",
       campaign.limit_per_day AS "campaign.limit_per_day", campaign.limit_total AS "campaign.limit_total",
       campaign.limit_share AS "campaign.limit_share"
FROM annotator_member member JOIN annotator_campaign campaign ON campaign.id = member.campaign_id
WHERE member.id = %(member)s::bigint FOR NO KEY UPDATE OF member
