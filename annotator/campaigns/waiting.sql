-- What waits for somebody in a campaign. Each count looks at no more than %(most)s rows, found by an index of its own.
SELECT
    (
        SELECT count(DISTINCT pair_id) FROM (
            SELECT seat.pair_id FROM annotator_flag flag JOIN annotator_assignment seat ON seat.id = flag.assignment_id
            WHERE flag.campaign_id = %(campaign)s::bigint AND flag.resolved_at IS NULL ORDER BY flag.id LIMIT %(most)s::int
        ) AS flagged
    )::int AS flagged_pairs,
    (
        SELECT count(*) FROM (
            SELECT FROM annotator_appeal appeal JOIN annotator_member member ON member.id = appeal.member_id
            WHERE member.campaign_id = %(campaign)s::bigint AND appeal.state = 'open' AND member.state <> 'withdrawn'
            LIMIT %(most)s::int
        ) AS appeals
    )::int AS appeals,
    (
        SELECT count(*) FROM (
            SELECT FROM annotator_pair pair
            WHERE campaign_id = %(campaign)s::bigint AND gold_in_review_since IS NOT NULL LIMIT %(most)s::int
        ) AS gold
    )::int AS disputed_gold,
    (
        SELECT count(*) FROM annotator_reviewrule
        WHERE campaign_id = %(campaign)s::bigint AND asks_since IS NOT NULL
    )::int AS asking_rules,
    (
        -- A failed file waits until a later one went well.
        SELECT count(*) FROM annotator_import
        WHERE campaign_id = %(campaign)s::bigint AND state = 'failed' AND id > coalesce(
            (SELECT max(id) FROM annotator_import WHERE campaign_id = %(campaign)s::bigint AND state = 'done'), 0
        )
    )::int AS failed_imports
