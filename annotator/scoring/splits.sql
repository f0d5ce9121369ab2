-- How many pairs have each set of counts: those of the changed pairs, and of the others as their consensus says.
SELECT question_id, n_a, n_b, n_both_good, n_both_bad, count(*)
FROM (
    SELECT question_id, n_a, n_b, n_both_good, n_both_bad FROM scoring_changed
    WHERE question_id = ANY(%(questions)s) AND n_a + n_b + n_both_good + n_both_bad > 0
    UNION ALL
    SELECT known.question_id, known.n_a, known.n_b, known.n_both_good, known.n_both_bad
    FROM annotator_consensus known
    WHERE known.question_id = ANY(%(questions)s) AND known.method = %(method)s
      AND NOT EXISTS (
          SELECT FROM scoring_changed changed
          WHERE changed.question_id = known.question_id AND changed.pair_id = known.pair_id
      )
) AS counts
GROUP BY question_id, n_a, n_b, n_both_good, n_both_bad
ORDER BY question_id, n_a, n_b, n_both_good, n_both_bad
