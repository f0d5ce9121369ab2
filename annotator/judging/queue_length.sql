-- How many assignments a member has before them, and how many of theirs are overdue. Each is looked up by itself (LIMIT 1), as in
-- queue_head.sql.
SELECT count(*) FILTER (WHERE seat.lease_expires_at > %(now)s::timestamptz) AS leased,
       count(*) FILTER (WHERE seat.lease_expires_at <= %(now)s::timestamptz) AS overdue
FROM annotator_waiting_seat waiting CROSS JOIN LATERAL (
    SELECT lease_expires_at FROM annotator_assignment WHERE id = waiting.assignment_id LIMIT 1
) seat
WHERE waiting.member_id = %(member)s::bigint AND waiting.state = 'open'
