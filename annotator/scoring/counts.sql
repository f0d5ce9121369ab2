-- The counted votes of questions by pair; of these pairs alone where they are given. Pairs without any are left out.
SELECT question_id, pair_id,
       count(*) FILTER (WHERE choice = 'a') AS n_a,
       count(*) FILTER (WHERE choice = 'b') AS n_b,
       count(*) FILTER (WHERE choice = 'both_good') AS n_both_good,
       count(*) FILTER (WHERE choice = 'both_bad') AS n_both_bad
FROM counted_vote
WHERE question_id = ANY(%(questions)s) AND (%(pairs)s::bigint[] IS NULL OR pair_id = ANY (%(pairs)s::bigint[]))
GROUP BY question_id, pair_id
