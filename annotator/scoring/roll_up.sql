-- One statement, so that all counters are of the same moment; machines are in none of them. Votes are not counted: a live vote
-- is a taken seat that is not open any more, and seats stand on the pairs. The answers of the last hour come from
-- `vote_of_member`.
WITH pairs AS (
    SELECT count(*) AS total,
           count(*) FILTER (WHERE state = %(settled)s) AS settled,
           count(*) FILTER (WHERE state = %(held)s) AS held,
           count(*) FILTER (WHERE line = 'free') AS waiting,
           count(*) FILTER (WHERE line = 'free' AND seats_taken = 0) AS untouched,
           coalesce(sum(votes_wanted) FILTER (WHERE state <> %(held)s AND NOT is_gold), 0) AS votes_wanted,
           coalesce(sum(seats_taken) FILTER (WHERE state <> %(held)s AND NOT is_gold), 0) AS seats_taken
    FROM annotator_pair_seats
    WHERE campaign_id = %(campaign)s
), seats AS (
    SELECT count(*) AS open,
           count(*) FILTER (WHERE assignment.lease_expires_at <= %(now)s) AS overdue,
           count(*) FILTER (
               WHERE assignment.kind = %(regular)s AND pair.state <> %(held)s AND NOT pair.is_gold
           ) AS open_and_taken
    FROM annotator_member AS member
    JOIN annotator_waiting_seat AS waiting ON waiting.member_id = member.id AND waiting.state = %(open)s
    JOIN annotator_assignment AS assignment ON assignment.id = waiting.assignment_id
    JOIN annotator_pair_seats AS pair ON pair.id = assignment.pair_id
    WHERE member.campaign_id = %(campaign)s AND member.kind = %(human)s
), recent AS (
    SELECT coalesce(sum(answers.regular), 0) AS votes,
           count(*) FILTER (WHERE answers.any_kind > 0) AS annotators
    FROM annotator_member AS member
    CROSS JOIN LATERAL (
        SELECT count(*) AS any_kind, count(DISTINCT vote.assignment_id) FILTER (
                   -- Each by itself: without statistics a join would read all there are.
                   WHERE (SELECT kind FROM annotator_assignment WHERE id = vote.assignment_id) = %(regular)s
               ) AS regular
        FROM annotator_vote AS vote
        WHERE vote.member_id = member.id AND vote.created_at > %(recent_since)s AND vote.void_reason IS NULL
    ) AS answers
    WHERE member.campaign_id = %(campaign)s AND member.kind = %(human)s
), labels AS (
    SELECT coalesce(jsonb_object_agg(label, pairs), '{}') AS counts
    FROM (
        SELECT label, count(*) AS pairs
        FROM annotator_consensus
        WHERE question_id = (SELECT id FROM annotator_question WHERE campaign_id = %(campaign)s AND position = 0)
          AND method = (SELECT consensus_method FROM annotator_campaign WHERE id = %(campaign)s)
        GROUP BY label
    ) AS by_label
)
INSERT INTO annotator_campaignprogress AS progress (
    campaign_id, pairs_total, pairs_settled, pairs_held, pairs_waiting, pairs_untouched, votes_wanted, votes_to_come, votes_live,
    seats_open, seats_overdue, votes_last_hour, annotators_last_hour, label_counts, updated_at
)
SELECT %(campaign)s, pairs.total, pairs.settled, pairs.held, pairs.waiting, pairs.untouched,
       pairs.votes_wanted + %(votes_to_come)s, %(votes_to_come)s,
       greatest(pairs.seats_taken - seats.open_and_taken, 0), seats.open, seats.overdue, recent.votes, recent.annotators, labels.counts, %(now)s
FROM pairs, seats, recent, labels
ON CONFLICT (campaign_id) DO UPDATE SET
    pairs_total = excluded.pairs_total,
    pairs_settled = excluded.pairs_settled,
    pairs_held = excluded.pairs_held,
    pairs_waiting = excluded.pairs_waiting,
    pairs_untouched = excluded.pairs_untouched,
    votes_wanted = excluded.votes_wanted,
    votes_to_come = excluded.votes_to_come,
    votes_live = excluded.votes_live,
    seats_open = excluded.seats_open,
    seats_overdue = excluded.seats_overdue,
    votes_last_hour = excluded.votes_last_hour,
    annotators_last_hour = excluded.annotators_last_hour,
    label_counts = excluded.label_counts,
    updated_at = excluded.updated_at
-- A count from the future is one from before the clock was set back.
WHERE progress.updated_at <= excluded.updated_at OR progress.updated_at > excluded.updated_at + interval '1 minute'
