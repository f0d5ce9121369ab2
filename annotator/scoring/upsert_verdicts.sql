-- The consensus of the changed pairs: a verdict for each different set of counts.
INSERT INTO annotator_consensus
    (question_id, pair_id, method, computed_at, n_a, n_b, n_both_good, n_both_bad,
     p_a, p_b, p_both_good, p_both_bad, label, confidence, agreement)
SELECT changed.question_id, changed.pair_id, %(method)s, %(now)s, verdict.*
FROM scoring_changed changed
JOIN unnest(
    %(n_a)s::bigint[], %(n_b)s::bigint[], %(n_both_good)s::bigint[], %(n_both_bad)s::bigint[],
    %(p_a)s::float8[], %(p_b)s::float8[], %(p_both_good)s::float8[], %(p_both_bad)s::float8[],
    %(label)s::text[], %(confidence)s::float8[], %(agreement)s::float8[]
) AS verdict (n_a, n_b, n_both_good, n_both_bad, p_a, p_b, p_both_good, p_both_bad, label, confidence, agreement)
ON (verdict.n_a, verdict.n_b, verdict.n_both_good, verdict.n_both_bad)
   = (changed.n_a, changed.n_b, changed.n_both_good, changed.n_both_bad)
ON CONFLICT ON CONSTRAINT consensus_once_per_pair_question_method DO UPDATE SET
    computed_at = excluded.computed_at, label = excluded.label,
    n_a = excluded.n_a, n_b = excluded.n_b, n_both_good = excluded.n_both_good, n_both_bad = excluded.n_both_bad,
    p_a = excluded.p_a, p_b = excluded.p_b, p_both_good = excluded.p_both_good, p_both_bad = excluded.p_both_bad,
    confidence = excluded.confidence, agreement = excluded.agreement
