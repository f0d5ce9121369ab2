-- Votes of one answer as whoever gave them gets them over REST, in the order of the questions, and these.
SELECT vote.id AS vote_id, seat.id AS assignment_id, seat.pair_id, question.slug AS question, member.public_id AS annotator_id,
       vote.choice, seat.a_on_left, vote.elapsed_ms, vote.conditions::text AS conditions, guideline.version AS guideline_version, vote.created_at, vote.void_reason,
       member.role <> 'annotator' OR member.kind = 'machine' AS knows_ids,
       (SELECT json_agg(json_build_object('slug', each.slug, 'text', each.text, 'choices', each.choices,
                                          'translations', each.translations) ORDER BY each.position)::text
        FROM annotator_question each WHERE each.campaign_id = vote.campaign_id) AS questions
FROM annotator_vote vote
JOIN annotator_assignment seat ON seat.id = vote.assignment_id
JOIN annotator_member member ON member.id = seat.member_id
JOIN annotator_question question ON question.id = vote.question_id
LEFT JOIN annotator_guideline guideline ON guideline.id = seat.guideline_id
WHERE vote.id = ANY (%(votes)s::bigint[])
ORDER BY question.position
