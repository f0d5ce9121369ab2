-- Members whose counter differs from their answers that they have not undone, with the right value. Each step is made once: the
-- planner expects one member of a slice, and would count all votes again for each.
WITH chosen AS MATERIALIZED (
    SELECT id, answered_count FROM annotator_member
    WHERE campaign_id = %(campaign)s
      AND (%(ids)s::bigint[] IS NULL OR id = ANY (%(ids)s::bigint[]))
      AND id %% %(of)s::bigint = %(rest)s::bigint
), answers AS MATERIALIZED (
    SELECT seat.member_id, count(*) AS given
    FROM chosen
    JOIN annotator_assignment AS seat ON seat.member_id = chosen.id
    JOIN annotator_vote AS vote ON vote.assignment_id = seat.id AND vote.void_reason IS DISTINCT FROM 'undone'
    JOIN annotator_question AS question ON question.id = vote.question_id AND question.position = 0
    GROUP BY seat.member_id
)
SELECT chosen.id, coalesce(answers.given, 0) AS given
FROM chosen LEFT JOIN answers ON answers.member_id = chosen.id
WHERE chosen.answered_count <> coalesce(answers.given, 0)
