-- A stretch of the ring of one priority: seats for a member, whose row the caller holds, in the order in which they are to be
-- met; the counters of the pairs; the member's balance of sides; and how far their cursor got. All in one statement.
--
-- The highest priority below `below` that has free seats is walked. A lap of its ring begins behind `start`, or where the member's
-- cursor stands, and ends there; `after` is how far an earlier stretch of this lap came. Of a stretch of `window` pairs those
-- are left out that the member has had, but for a lease that ran out. Pairs that somebody holds are skipped.
--
-- The LIMIT in the lateral query makes it one index probe per pair; without it the planner may read all that the member ever
-- judged. The part of the ring before the cursor is read only where that behind it did not fill the stretch.
WITH level AS MATERIALIZED (
    SELECT pair.rank AS priority FROM annotator_pair_seats pair
    WHERE pair.campaign_id = %(campaign)s::bigint AND pair.line = 'free' AND pair.rank < %(below)s::int
    ORDER BY pair.rank DESC LIMIT 1
), lap AS MATERIALIZED (
    SELECT level.priority, coalesce(%(after)s::int, place.start) AS after, place.start,
           CASE WHEN %(after)s::int < place.start THEN place.start ELSE 2147483647 END AS up_to
    FROM level CROSS JOIN LATERAL (
        SELECT coalesce(%(start)s::int, (SELECT ring FROM annotator_ringcursor ring_cursor
                                         WHERE ring_cursor.member_id = %(member)s::bigint
                                           AND ring_cursor.priority = level.priority), %(anywhere)s::int) AS start
    ) place
), ahead AS MATERIALIZED (
    SELECT pair.id, pair.ring FROM lap CROSS JOIN LATERAL (
        SELECT id, ring FROM annotator_pair_seats
        WHERE campaign_id = %(campaign)s::bigint AND line = 'free' AND rank = lap.priority
          AND ring > lap.after AND ring <= lap.up_to
        ORDER BY ring LIMIT %(window)s::int
    ) pair
), stretch AS MATERIALIZED (
    SELECT id, ring, row_number() OVER (ORDER BY ring) AS place FROM ahead
    UNION ALL
    SELECT pair.id, pair.ring, %(window)s::int + row_number() OVER (ORDER BY pair.ring) AS place
    FROM lap CROSS JOIN LATERAL (
        SELECT id, ring FROM annotator_pair_seats
        WHERE campaign_id = %(campaign)s::bigint AND line = 'free' AND rank = lap.priority
          AND ring > -1 AND ring <= lap.start
          AND lap.after >= lap.start AND (SELECT count(*) < %(window)s::int FROM ahead)
        ORDER BY ring LIMIT %(window)s::int
    ) pair
), candidate AS MATERIALIZED (
    SELECT stretch.id, stretch.ring, stretch.place, seat.id AS expired_id
    FROM stretch LEFT JOIN LATERAL (
        SELECT id, state FROM annotator_assignment
        WHERE member_id = %(member)s::bigint AND pair_id = stretch.id AND kind = 'regular' LIMIT 1
    ) seat ON true
    WHERE seat.id IS NULL OR seat.state = 'expired'
    ORDER BY stretch.place LIMIT %(wanted)s::int
), held AS MATERIALIZED (
    SELECT pair.id, pair.seats_taken, pair.seats_a_on_left, candidate.place, candidate.expired_id
    FROM candidate JOIN annotator_pair_seats pair ON pair.id = candidate.id
    WHERE pair.line = 'free'
    ORDER BY pair.id FOR NO KEY UPDATE OF pair SKIP LOCKED
), sided AS (
    -- What balances the pair, else (NULL) the member.
    SELECT id, place, expired_id,
           CASE WHEN 2 * seats_a_on_left <> seats_taken THEN 2 * seats_a_on_left < seats_taken END AS a_on_left
    FROM held
), leaning AS MATERIALIZED (
    -- How far the member leans to the left once the pairs have what they need.
    SELECT member.side_balance
               + (SELECT count(*) FILTER (WHERE a_on_left) - count(*) FILTER (WHERE NOT a_on_left) FROM sided) AS balance,
           random() < 0.5 AS coin
    FROM annotator_member member WHERE member.id = %(member)s::bigint
), regular AS MATERIALIZED (
    -- The first of the others bring the member back to balance; then each has the side that the one before had not.
    SELECT id AS pair_id, expired_id, row_number() OVER (ORDER BY place) AS nth,
           CASE WHEN a_on_left IS NOT NULL THEN a_on_left
                WHEN free_nth <= abs(balance) THEN balance < 0
                ELSE coin = (mod(free_nth - abs(balance), 2) = 1) END AS a_on_left
    FROM (SELECT sided.*, row_number() OVER (PARTITION BY a_on_left IS NULL ORDER BY place) AS free_nth FROM sided) sided, leaning
), extra AS MATERIALIZED (
    -- Nobody gets extras alone: where no regular pair is left, the work is done.
    SELECT * FROM unnest(%(pairs)s::bigint[], %(kinds)s::text[], %(sides)s::bool[], %(expired)s::bigint[])
        WITH ORDINALITY AS extra (pair_id, kind, a_on_left, expired_id, nth)
    WHERE nth <= (SELECT count(*) FROM regular)
), slot AS MATERIALIZED (
    -- Which of the places get an extra: any set of them as likely as any other.
    SELECT place, is_extra, row_number() OVER (PARTITION BY is_extra ORDER BY place) AS nth
    FROM (SELECT place, row_number() OVER (ORDER BY random()) <= (SELECT count(*) FROM extra) AS is_extra
          FROM generate_series(1, (SELECT count(*) FROM regular) + (SELECT count(*) FROM extra)) place) drawn
), taken AS MATERIALIZED (
    SELECT slot.place, regular.pair_id, 'regular' AS kind, regular.a_on_left, regular.expired_id
    FROM slot JOIN regular ON regular.nth = slot.nth AND NOT slot.is_extra
    UNION ALL
    SELECT slot.place, extra.pair_id, extra.kind, extra.a_on_left, extra.expired_id
    FROM slot JOIN extra ON extra.nth = slot.nth AND slot.is_extra
), fresh AS (
    INSERT INTO annotator_assignment
        (campaign_id, member_id, pair_id, kind, state, a_on_left, guideline_id, created_at, lease_expires_at)
    SELECT %(campaign)s::bigint, %(member)s::bigint, pair_id, kind, 'open', a_on_left, %(guideline)s::bigint,
           %(now)s::timestamptz, %(lease_expires_at)s::timestamptz
    FROM taken WHERE expired_id IS NULL ORDER BY place
), reopened AS (
    UPDATE annotator_assignment
    SET state = 'open', a_on_left = taken.a_on_left, guideline_id = %(guideline)s::bigint,
        lease_expires_at = %(lease_expires_at)s::timestamptz, shown_at = NULL, closed_at = NULL
    FROM taken WHERE annotator_assignment.id = taken.expired_id
), counted AS (
    UPDATE annotator_pair_seats
    SET seats_taken = seats_taken + 1, seats_a_on_left = seats_a_on_left + regular.a_on_left::int
    FROM regular WHERE annotator_pair_seats.id = regular.pair_id
), balanced AS (
    UPDATE annotator_member
    SET side_balance = side_balance
        + (SELECT count(*) FILTER (WHERE a_on_left) - count(*) FILTER (WHERE NOT a_on_left) FROM regular)
    WHERE id = %(member)s::bigint AND EXISTS (SELECT FROM regular)
), reached AS MATERIALIZED (
    -- The last pair that is needed; where there were too few, the last of the stretch.
    SELECT coalesce((SELECT ring FROM stretch
                     WHERE (SELECT count(*) FROM candidate) < %(wanted)s::int
                        OR place <= (SELECT max(place) FROM candidate)
                     ORDER BY place DESC LIMIT 1), lap.start) AS ring
    FROM lap
), moved AS (
    INSERT INTO annotator_ringcursor (member_id, priority, ring)
    SELECT %(member)s::bigint, lap.priority, reached.ring FROM lap, reached
    ON CONFLICT (member_id, priority) DO UPDATE SET ring = excluded.ring
)
SELECT lap.priority, lap.start, reached.ring AS reached, (SELECT count(*) FROM stretch) AS looked_at,
       (SELECT count(*) FROM candidate) AS candidates, (SELECT count(*) FROM regular) AS regular,
       (SELECT count(*) FROM extra) AS extras
FROM lap, reached
