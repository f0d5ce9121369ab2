-- The consensus of pairs whose counts are as they were, where a new prior says something else of these counts.
UPDATE annotator_consensus consensus SET
    computed_at = %(now)s, confidence = verdict.confidence,
    p_a = verdict.p_a, p_b = verdict.p_b, p_both_good = verdict.p_both_good, p_both_bad = verdict.p_both_bad
FROM unnest(
    %(question)s::bigint[], %(n_a)s::bigint[], %(n_b)s::bigint[], %(n_both_good)s::bigint[], %(n_both_bad)s::bigint[],
    %(p_a)s::float8[], %(p_b)s::float8[], %(p_both_good)s::float8[], %(p_both_bad)s::float8[], %(confidence)s::float8[]
) AS verdict (question_id, n_a, n_b, n_both_good, n_both_bad, p_a, p_b, p_both_good, p_both_bad, confidence)
WHERE consensus.question_id = verdict.question_id AND consensus.method = %(method)s
  AND (consensus.n_a, consensus.n_b, consensus.n_both_good, consensus.n_both_bad)
      = (verdict.n_a, verdict.n_b, verdict.n_both_good, verdict.n_both_bad)
  AND (consensus.confidence, consensus.p_a, consensus.p_b, consensus.p_both_good, consensus.p_both_bad)
      IS DISTINCT FROM (verdict.confidence, verdict.p_a, verdict.p_b, verdict.p_both_good, verdict.p_both_bad)
