-- Members whose counter differs from their answers that they have not undone, with the right value.
SELECT member.id, answers.given
FROM annotator_member AS member
CROSS JOIN LATERAL (
    SELECT count(*) AS given
    FROM annotator_assignment AS seat
    JOIN annotator_vote AS vote ON vote.assignment_id = seat.id AND vote.void_reason IS DISTINCT FROM 'undone'
    JOIN annotator_question AS question ON question.id = vote.question_id AND question.position = 0
    WHERE seat.member_id = member.id
) AS answers
WHERE member.campaign_id = %(campaign)s
  AND (%(ids)s::bigint[] IS NULL OR member.id = ANY (%(ids)s::bigint[]))
  AND member.id %% %(of)s::bigint = %(rest)s::bigint
  AND member.answered_count <> answers.given
