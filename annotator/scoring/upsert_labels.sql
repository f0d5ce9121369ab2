-- The rows of a label method that changed, a row for each pair.
INSERT INTO annotator_consensus
    (question_id, method, computed_at, pair_id, n_a, n_b, n_both_good, n_both_bad,
     p_a, p_b, p_both_good, p_both_bad, label, share, confidence, agreement)
SELECT %(question)s, %(method)s, %(now)s, fresh.* FROM unnest(
    %(pair)s::bigint[], %(n_a)s::int[], %(n_b)s::int[], %(n_both_good)s::int[], %(n_both_bad)s::int[],
    %(p_a)s::float8[], %(p_b)s::float8[], %(p_both_good)s::float8[], %(p_both_bad)s::float8[],
    %(label)s::text[], %(share)s::float8[], %(confidence)s::float8[], %(agreement)s::float8[]
) AS fresh
ON CONFLICT ON CONSTRAINT consensus_once_per_pair_question_method DO UPDATE SET
    computed_at = excluded.computed_at, label = excluded.label,
    n_a = excluded.n_a, n_b = excluded.n_b, n_both_good = excluded.n_both_good, n_both_bad = excluded.n_both_bad,
    p_a = excluded.p_a, p_b = excluded.p_b, p_both_good = excluded.p_both_good, p_both_bad = excluded.p_both_bad,
    share = excluded.share, confidence = excluded.confidence, agreement = excluded.agreement
