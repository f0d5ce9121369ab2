-- Answers of one member that are as they should be, in one statement, and so in one transaction of its own: the votes, the end
-- of their assignments, the member's counter, and the head of the queue after them (as in queue_head.sql).
--
-- An answer that is not as it should be is left out; where none is left, nothing is written and nothing returned, and voting.py
-- asks eligibility.py for the reason. The member must still be active when it is written, so that a suspension that commits
-- first wins. A time longer than the pair was with the annotator is not kept, and an answer in less time than a person needs to
-- see the pair is not as it should be.
--
-- Who asks was found out before. Where that is some time ago, what showed it is asked for here once more (`proof`), so that a
-- session that ended or a password that was changed a moment ago counts at once.
WITH owner AS MATERIALIZED (
    SELECT member.id, member.campaign_id, member.notice_id,
           CASE member.kind WHEN 'human' THEN campaign.answer_ms_min ELSE 0 END AS ms_min,
           campaign.slug, campaign.state, campaign.asks_comment, campaign.undo_votes, campaign.lease_seconds,
           num_nonnulls(campaign.limit_per_day, campaign.limit_total, campaign.limit_share) > 0 AS has_limits,
           coalesce(campaign.consent_text_id <> coalesce(member.consent_accepted_id, 0), false)
               OR coalesce(campaign.guideline_id <> coalesce(member.guideline_accepted_id, 0), false) AS has_to_read,
           campaign.training_pairs > 0 AND member.training_passed_at IS NULL AND member.kind = 'human'
               AND member.role = 'annotator' AS may_need_training
    FROM annotator_assignment first
    JOIN annotator_member member ON member.id = first.member_id
    JOIN annotator_campaign campaign ON campaign.id = member.campaign_id
    WHERE first.id = %(first)s::bigint AND member.user_id = %(user)s::bigint
      AND member.state = 'active' AND campaign.state IN ('open', 'paused')
      AND (%(password)s::text IS NULL OR EXISTS (
          SELECT FROM annotator_user WHERE id = %(user)s::bigint AND is_active AND password = %(password)s::text))
      AND (%(session)s::text IS NULL OR EXISTS (
          SELECT FROM django_session
          WHERE session_key = %(session)s::text AND session_data = %(session_data)s::text AND expire_date > %(now)s::timestamptz))
), given AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(answers)s::json) AS given (id bigint, place int, elapsed_ms int, comment text, conditions jsonb, choices json)
), said AS MATERIALIZED (
    SELECT given.id, said.key AS slug, said.value AS choice FROM given CROSS JOIN json_each_text(given.choices) AS said
), seat AS MATERIALIZED (
    SELECT seat.id, given.elapsed_ms, given.comment, given.conditions,
           %(now)s::timestamptz + given.place * interval '1 microsecond' AS at,  -- so that undo takes back the last one first
           seat.shown_at IS NULL OR given.elapsed_ms
               <= extract(epoch FROM %(now)s::timestamptz - seat.shown_at) * 1000 + %(clocks_differ_ms)s::int AS is_possible
    FROM owner CROSS JOIN given JOIN annotator_assignment seat ON seat.id = given.id
    WHERE seat.member_id = owner.id AND seat.state = 'open' AND seat.lease_expires_at > %(now)s::timestamptz
      AND coalesce(given.elapsed_ms >= owner.ms_min, true)
    ORDER BY seat.id
    FOR NO KEY UPDATE OF seat
), answer AS MATERIALIZED (
    SELECT seat.id, question.id AS question_id, said.choice, question.position = 0 AND owner.asks_comment AS takes_comment
    FROM owner CROSS JOIN seat
    JOIN annotator_question question ON question.campaign_id = owner.campaign_id
    LEFT JOIN said ON said.id = seat.id AND said.choice = ANY (question.choices)
      AND (said.slug = question.slug OR (said.slug = '' AND question.position = 0))
), whole AS MATERIALIZED (
    SELECT id FROM answer GROUP BY id
    HAVING count(*) = count(choice) AND count(*) = (SELECT count(*) FROM said WHERE said.id = answer.id)
), counted AS (
    UPDATE annotator_member SET answered_count = answered_count + (SELECT count(*) FROM whole) FROM owner
    WHERE annotator_member.id = owner.id AND annotator_member.state = 'active' AND EXISTS (SELECT FROM whole)
    RETURNING annotator_member.answered_count
), head AS MATERIALIZED (
    SELECT next.* FROM owner CROSS JOIN LATERAL (
        SELECT seat.* FROM annotator_waiting_seat waiting CROSS JOIN LATERAL (
            SELECT id, pair_id, a_on_left, lease_expires_at, shown_at FROM annotator_assignment
            WHERE id = waiting.assignment_id AND lease_expires_at > %(now)s::timestamptz LIMIT 1
        ) seat
        WHERE waiting.member_id = owner.id AND waiting.state = 'open' AND seat.id NOT IN (SELECT id FROM whole)
        ORDER BY waiting.assignment_id LIMIT %(count)s::int
    ) next
    WHERE owner.state = 'open' AND NOT owner.has_to_read AND NOT owner.may_need_training AND NOT owner.has_limits
      AND EXISTS (SELECT FROM counted)
), stale AS (
    SELECT next.id FROM owner CROSS JOIN head JOIN annotator_assignment next ON next.id = head.id
    WHERE next.state = 'open'
      AND (head.shown_at IS NULL OR head.lease_expires_at
           < %(now)s::timestamptz + %(renew_below)s::float8 * owner.lease_seconds * interval '1 second')
    FOR NO KEY UPDATE OF next SKIP LOCKED
), theirs AS (
    SELECT next.id FROM head JOIN annotator_assignment next ON next.id = head.id
    WHERE next.state = 'open' AND head.shown_at IS NULL AND head.id NOT IN (SELECT id FROM stale)
    FOR KEY SHARE OF next SKIP LOCKED
), changed AS (
    -- Both in one UPDATE: to begin one costs more than to write a row.
    UPDATE annotator_assignment
    SET state = change.state, closed_at = change.closed_at,
        lease_expires_at = coalesce(change.lease_expires_at, annotator_assignment.lease_expires_at),
        shown_at = coalesce(annotator_assignment.shown_at, change.shown_at)
    FROM (
        SELECT whole.id, 'answered' AS state, seat.at AS closed_at, NULL AS lease_expires_at, NULL AS shown_at
        FROM counted CROSS JOIN whole JOIN seat ON seat.id = whole.id
        UNION ALL
        SELECT stale.id, 'open', NULL, %(now)s::timestamptz + owner.lease_seconds * interval '1 second', %(now)s::timestamptz
        FROM owner CROSS JOIN stale
    ) change
    WHERE annotator_assignment.id = change.id
    RETURNING annotator_assignment.id, annotator_assignment.campaign_id, annotator_assignment.member_id,
              annotator_assignment.kind, annotator_assignment.a_on_left, annotator_assignment.closed_at
), closed AS (
    SELECT changed.*, seat.elapsed_ms, seat.comment, seat.conditions, seat.is_possible
    FROM changed JOIN seat ON seat.id = changed.id WHERE changed.closed_at IS NOT NULL
), vote AS (
    INSERT INTO annotator_vote
        (campaign_id, member_id, assignment_id, question_id, choice, elapsed_ms, comment, conditions, created_at)
    SELECT closed.campaign_id, closed.member_id, closed.id, answer.question_id, answer.choice,
           CASE WHEN closed.is_possible THEN closed.elapsed_ms END,
           CASE WHEN answer.takes_comment THEN closed.comment ELSE '' END, closed.conditions, closed.closed_at
    FROM closed JOIN answer ON answer.id = closed.id
    RETURNING id
), done AS (
    SELECT array_agg(id ORDER BY id) AS answered, array_agg(kind ORDER BY id) AS kinds, array_agg(a_on_left ORDER BY id) AS sides,
           count(*) FILTER (WHERE NOT is_possible) AS times_dropped
    FROM closed
)
SELECT done.*, (SELECT array_agg(id) FROM vote) AS votes,
       owner.id AS member_id, owner.slug AS campaign_slug, owner.state AS campaign_state, owner.notice_id, owner.undo_votes,
       counted.answered_count, progress.votes_live, progress.votes_wanted,
       owner.has_limits, owner.has_to_read, owner.may_need_training, owner.lease_seconds,
       head.id AS seat_id, head.a_on_left AS seat_a_on_left, head.lease_expires_at, head.shown_at,
       CASE WHEN head.id IS NOT NULL THEN
           (SELECT count(*) FROM owner JOIN annotator_waiting_seat waiting ON waiting.member_id = owner.id
            WHERE waiting.state = 'open') - (SELECT count(*) FROM whole) END AS queue_length,
       prompt.text AS prompt, prompt.language,
       a.public_id AS a_id, a.width AS a_width, a.height AS a_height,
       b.public_id AS b_id, b.width AS b_width, b.height AS b_height
FROM owner CROSS JOIN counted CROSS JOIN done
LEFT JOIN annotator_campaignprogress progress ON progress.campaign_id = owner.campaign_id
LEFT JOIN (head
    JOIN annotator_pair pair ON pair.id = head.pair_id
    JOIN annotator_prompt prompt ON prompt.id = pair.prompt_id
    JOIN annotator_image a ON a.id = pair.image_a_id
    JOIN annotator_image b ON b.id = pair.image_b_id)
    ON head.shown_at IS NOT NULL OR head.id IN (SELECT id FROM stale UNION ALL SELECT id FROM theirs)
ORDER BY head.id
