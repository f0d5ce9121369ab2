-- Seats in the order in which they are to be met; the counters of the pairs with regular ones, which are locked; the member's
-- balance of sides over these; and how far their cursors got.
WITH taken AS (
    SELECT * FROM unnest(%(pairs)s::bigint[], %(kinds)s::text[], %(sides)s::bool[], %(expired)s::bigint[])
        WITH ORDINALITY AS taken (pair_id, kind, a_on_left, expired_id, place)
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
), pair AS (
    UPDATE annotator_pair_seats
    SET seats_taken = seats_taken + 1, seats_a_on_left = seats_a_on_left + taken.a_on_left::int
    FROM taken WHERE annotator_pair_seats.id = taken.pair_id AND taken.kind = 'regular'
), member AS (
    UPDATE annotator_member SET side_balance = %(side_balance)s::int WHERE id = %(member)s::bigint AND EXISTS (SELECT FROM taken)
)
INSERT INTO annotator_ringcursor (member_id, priority, ring)
SELECT %(member)s::bigint, * FROM unnest(%(priorities)s::smallint[], %(rings)s::int[])
ON CONFLICT (member_id, priority) DO UPDATE SET ring = excluded.ring
RETURNING ring
