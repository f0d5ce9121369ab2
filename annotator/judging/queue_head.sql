-- The oldest open assignments of a member, with all that is shown of them.
--
-- A lease is renewed when it was never shown or less than most of it is left, so that what somebody is looking at stays
-- theirs, and a look rewrites one row and not the whole queue. Those that another transaction holds are not renewed: it does
-- that itself, or they have just been answered. One that nobody has seen and another transaction takes away (FOR UPDATE, in
-- seats.py and last_seats.sql) is not shown.
--
-- Each is looked up by itself, as long as some are wanted (LIMIT 1): the planner cannot read all that a member ever had.
WITH owner AS (
    SELECT member.id, campaign.lease_seconds * interval '1 second' AS lease
    FROM annotator_member member JOIN annotator_campaign campaign ON campaign.id = member.campaign_id
    WHERE member.id = %(member)s::bigint
), head AS MATERIALIZED (
    SELECT seat.*, owner.lease,
           (SELECT count(*) FROM annotator_waiting_seat WHERE member_id = owner.id AND state = 'open') AS queue_length
    FROM owner CROSS JOIN LATERAL (
        SELECT seat.* FROM annotator_waiting_seat waiting CROSS JOIN LATERAL (
            SELECT * FROM annotator_assignment
            WHERE id = waiting.assignment_id AND lease_expires_at > %(now)s::timestamptz LIMIT 1
        ) seat
        WHERE waiting.member_id = owner.id AND waiting.state = 'open'
        ORDER BY waiting.assignment_id LIMIT %(count)s::int
    ) seat
), stale AS (
    SELECT seat.id, head.lease FROM head JOIN annotator_assignment seat ON seat.id = head.id
    WHERE seat.state = 'open'
      AND (head.shown_at IS NULL OR head.lease_expires_at < %(now)s::timestamptz + %(renew_below)s::float8 * head.lease)
    FOR NO KEY UPDATE OF seat SKIP LOCKED
), theirs AS (
    SELECT seat.id FROM head JOIN annotator_assignment seat ON seat.id = head.id
    WHERE seat.state = 'open' AND head.shown_at IS NULL AND head.id NOT IN (SELECT id FROM stale)
    FOR KEY SHARE OF seat SKIP LOCKED
), renewed AS (
    UPDATE annotator_assignment
    SET lease_expires_at = %(now)s::timestamptz + stale.lease, shown_at = coalesce(shown_at, %(now)s::timestamptz)
    FROM stale WHERE annotator_assignment.id = stale.id
)
SELECT head.id AS "seat.id", head.campaign_id AS "seat.campaign_id", head.member_id AS "seat.member_id",
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
FROM head
JOIN annotator_pair pair ON pair.id = head.pair_id
JOIN annotator_prompt prompt ON prompt.id = pair.prompt_id
JOIN annotator_image a ON a.id = pair.image_a_id
JOIN annotator_image b ON b.id = pair.image_b_id
WHERE head.shown_at IS NOT NULL OR head.id IN (SELECT id FROM stale UNION ALL SELECT id FROM theirs)
ORDER BY head.id
