-- How many assignments a member has before them, and how many of theirs are overdue. The bound of 100 holds the planner to the
-- index of open assignments, as in queue_head.sql.
SELECT count(*) FILTER (WHERE lease_expires_at > %(now)s::timestamptz) AS leased,
       count(*) FILTER (WHERE lease_expires_at <= %(now)s::timestamptz) AS overdue
FROM (SELECT lease_expires_at FROM annotator_assignment
      WHERE member_id = %(member)s::bigint AND state = 'open' ORDER BY id LIMIT 100) seat
