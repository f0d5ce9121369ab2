-- A vote that is as it should be, in one statement, and so in one transaction of its own: the votes, the end of the
-- assignment, its member's counter, and the head of the queue after it (as in queue_head.sql).
--
-- Where anything is not as it should be it writes nothing and returns nothing; voting.py then asks eligibility.py for the
-- reason. The member must still be active when it is written, so that a suspension that commits first wins. A time longer than
-- the pair was with the annotator is not kept.
WITH seat AS MATERIALIZED (
    SELECT seat.* FROM annotator_assignment seat
    WHERE seat.id = %(assignment)s::bigint AND seat.state = 'open' AND seat.lease_expires_at > %(now)s::timestamptz
      AND EXISTS (SELECT FROM annotator_member member JOIN annotator_campaign campaign ON campaign.id = member.campaign_id
                  WHERE member.id = seat.member_id AND member.user_id = %(user)s::bigint AND member.state = 'active'
                    AND campaign.state = ANY (%(campaign_states)s::text[]))
    FOR NO KEY UPDATE OF seat
), answer AS MATERIALIZED (
    SELECT question.id, given.choice, question.position = 0 AND campaign.asks_comment AS takes_comment
    FROM seat JOIN annotator_campaign campaign ON campaign.id = seat.campaign_id
    JOIN annotator_question question ON question.campaign_id = seat.campaign_id
    LEFT JOIN unnest(%(slugs)s::text[], %(choices)s::text[]) AS given (slug, choice)
      ON given.slug = question.slug AND given.choice = ANY (question.choices)
), counted AS (
    UPDATE annotator_member SET answered_count = answered_count + 1 FROM seat
    WHERE annotator_member.id = seat.member_id AND annotator_member.state = 'active'
      AND (SELECT count(*) = count(choice) AND count(*) = cardinality(%(slugs)s::text[]) FROM answer)
    RETURNING annotator_member.id
), closed AS (
    UPDATE annotator_assignment SET state = 'answered', closed_at = %(now)s::timestamptz
    FROM counted WHERE annotator_assignment.id = %(assignment)s::bigint
    RETURNING annotator_assignment.id, annotator_assignment.campaign_id, annotator_assignment.member_id
), vote AS (
    INSERT INTO annotator_vote (campaign_id, assignment_id, question_id, choice, elapsed_ms, comment, created_at)
    SELECT closed.campaign_id, closed.id, answer.id, answer.choice,
           CASE WHEN seat.shown_at IS NULL OR %(elapsed_ms)s::int
                     <= extract(epoch FROM %(now)s::timestamptz - seat.shown_at) * 1000 + %(clocks_differ_ms)s::int
                THEN %(elapsed_ms)s::int END,
           CASE WHEN answer.takes_comment THEN %(comment)s::text ELSE '' END, %(now)s::timestamptz
    FROM closed JOIN seat ON seat.id = closed.id, answer
    RETURNING id, question_id, elapsed_ms
), owner AS (
    SELECT closed.member_id AS id, campaign.lease_seconds * interval '1 second' AS lease
    FROM closed JOIN annotator_campaign campaign ON campaign.id = closed.campaign_id AND campaign.state = 'open'
), head AS (
    SELECT next.*, owner.lease, count(*) OVER () AS queue_length
    FROM owner CROSS JOIN LATERAL (
        SELECT * FROM annotator_assignment WHERE member_id = owner.id AND state = 'open' ORDER BY id LIMIT 100
    ) next
    WHERE next.lease_expires_at > %(now)s::timestamptz AND next.id <> %(assignment)s::bigint
    ORDER BY next.id LIMIT %(count)s::int
), stale AS (
    SELECT next.id, head.lease FROM head JOIN annotator_assignment next ON next.id = head.id
    WHERE next.state = 'open'
      AND (head.shown_at IS NULL OR head.lease_expires_at < %(now)s::timestamptz + %(renew_below)s::float8 * head.lease)
    FOR NO KEY UPDATE OF next SKIP LOCKED
), renewed AS (
    UPDATE annotator_assignment
    SET lease_expires_at = %(now)s::timestamptz + stale.lease, shown_at = coalesce(shown_at, %(now)s::timestamptz)
    FROM stale WHERE annotator_assignment.id = stale.id
)
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
       campaign.asks_comment AS "campaign.asks_comment", campaign.lease_seconds AS "campaign.lease_seconds",
       campaign.training_pairs AS "campaign.training_pairs", campaign.consent_text_id AS "campaign.consent_text_id",
       campaign.guideline_id AS "campaign.guideline_id",
       progress.campaign_id AS "progress.campaign_id", progress.pairs_total AS "progress.pairs_total",
       progress.pairs_held AS "progress.pairs_held", progress.votes_wanted AS "progress.votes_wanted",
       progress.votes_live AS "progress.votes_live", progress.seats_open AS "progress.seats_open",
       (SELECT json_agg(json_build_object('id', question.id, 'campaign_id', question.campaign_id, 'slug', question.slug,
                                          'text', question.text, 'position', question.position, 'choices', question.choices)
                        ORDER BY question.position)::text
        FROM annotator_question question WHERE question.campaign_id = campaign.id) AS questions,
       (SELECT json_object_agg(vote.question_id, vote.id)::text FROM vote) AS vote_ids,
       (SELECT max(vote.elapsed_ms) FROM vote) AS elapsed_ms,
       head.id AS "seat.id", head.campaign_id AS "seat.campaign_id", head.member_id AS "seat.member_id",
       head.pair_id AS "seat.pair_id", head.kind AS "seat.kind", head.state AS "seat.state",
       head.a_on_left AS "seat.a_on_left", head.guideline_id AS "seat.guideline_id",
       head.lease_expires_at AS "seat.lease_expires_at", head.shown_at AS "seat.shown_at",
       pair.id AS "pair.id", pair.campaign_id AS "pair.campaign_id", pair.prompt_id AS "pair.prompt_id",
       pair.image_a_id AS "pair.image_a_id", pair.image_b_id AS "pair.image_b_id", pair.external_id AS "pair.external_id",
       prompt.id AS "prompt.id", prompt.text AS "prompt.text", prompt.category AS "prompt.category",
       prompt.language AS "prompt.language",
       a.id AS "image_a.id", a.public_id AS "image_a.public_id", a.width AS "image_a.width", a.height AS "image_a.height",
       b.id AS "image_b.id", b.public_id AS "image_b.public_id", b.width AS "image_b.width", b.height AS "image_b.height",
       head.queue_length
FROM closed
JOIN seat ON seat.id = closed.id
JOIN annotator_member member ON member.id = seat.member_id
JOIN annotator_campaign campaign ON campaign.id = member.campaign_id
LEFT JOIN annotator_campaignprogress progress ON progress.campaign_id = campaign.id
LEFT JOIN (head
    JOIN annotator_pair pair ON pair.id = head.pair_id
    JOIN annotator_prompt prompt ON prompt.id = pair.prompt_id
    JOIN annotator_image a ON a.id = pair.image_a_id
    JOIN annotator_image b ON b.id = pair.image_b_id) ON true
ORDER BY head.id
