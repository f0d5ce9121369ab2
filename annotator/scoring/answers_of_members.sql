-- Members whose counter differs from their answers that they have not undone, with the right value. One join of all: counted
-- for each member by itself, all votes of a small campaign would be read for each.
SELECT member.id, count(vote.id) AS given
FROM annotator_member AS member
LEFT JOIN (
    annotator_assignment AS seat
    JOIN annotator_vote AS vote ON vote.assignment_id = seat.id AND vote.void_reason IS DISTINCT FROM 'undone'
    JOIN annotator_question AS question ON question.id = vote.question_id AND question.position = 0
) ON seat.member_id = member.id
WHERE member.campaign_id = %(campaign)s
  AND (%(ids)s::bigint[] IS NULL OR member.id = ANY (%(ids)s::bigint[]))
  AND member.id %% %(of)s::bigint = %(rest)s::bigint
GROUP BY member.id, member.answered_count
HAVING member.answered_count <> count(vote.id)
