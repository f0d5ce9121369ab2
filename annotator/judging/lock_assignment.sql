-- An assignment of the user's, locked, with all that an answer to it is judged by.
SELECT seat.id AS "assignment.id", seat.campaign_id AS "assignment.campaign_id", seat.member_id AS "assignment.member_id",
       seat.pair_id AS "assignment.pair_id", seat.kind AS "assignment.kind", seat.state AS "assignment.state",
       seat.a_on_left AS "assignment.a_on_left", seat.guideline_id AS "assignment.guideline_id",
       seat.created_at AS "assignment.created_at", seat.lease_expires_at AS "assignment.lease_expires_at",
       seat.shown_at AS "assignment.shown_at", seat.closed_at AS "assignment.closed_at",
       member.id AS "member.id", member.campaign_id AS "member.campaign_id", member.user_id AS "member.user_id",
       member.role AS "member.role", member.state AS "member.state", member.kind AS "member.kind",
       member.public_id AS "member.public_id", member.guideline_accepted_id AS "member.guideline_accepted_id",
       member.consent_accepted_id AS "member.consent_accepted_id", member.training_passed_at AS "member.training_passed_at",
       member.notice_id AS "member.notice_id", member.answered_count AS "member.answered_count",
       campaign.id AS "campaign.id", campaign.slug AS "campaign.slug", campaign.name AS "campaign.name",
       campaign.state AS "campaign.state", campaign.votes_wanted AS "campaign.votes_wanted",
       campaign.limit_per_day AS "campaign.limit_per_day", campaign.limit_total AS "campaign.limit_total",
       campaign.limit_share AS "campaign.limit_share", campaign.flags_to_hold AS "campaign.flags_to_hold",
       campaign.undo_votes AS "campaign.undo_votes", campaign.undo_minutes AS "campaign.undo_minutes",
       campaign.asks_comment AS "campaign.asks_comment", campaign.answer_ms_min AS "campaign.answer_ms_min",
       campaign.lease_seconds AS "campaign.lease_seconds",
       campaign.training_pairs AS "campaign.training_pairs", campaign.consent_text_id AS "campaign.consent_text_id",
       campaign.guideline_id AS "campaign.guideline_id",
       progress.campaign_id AS "progress.campaign_id", progress.pairs_total AS "progress.pairs_total",
       progress.pairs_held AS "progress.pairs_held", progress.votes_wanted AS "progress.votes_wanted",
       progress.votes_live AS "progress.votes_live", progress.seats_open AS "progress.seats_open",
       (SELECT json_agg(json_build_object('id', question.id, 'campaign_id', question.campaign_id, 'slug', question.slug,
                                          'text', question.text, 'position', question.position, 'choices', question.choices)
                        ORDER BY question.position)::text
        FROM annotator_question question WHERE question.campaign_id = campaign.id) AS questions
FROM annotator_assignment seat
JOIN annotator_member member ON member.id = seat.member_id
JOIN annotator_campaign campaign ON campaign.id = member.campaign_id
LEFT JOIN annotator_campaignprogress progress ON progress.campaign_id = campaign.id
WHERE seat.id = %(assignment)s::bigint AND member.user_id = %(user)s::bigint
FOR NO KEY UPDATE OF seat
