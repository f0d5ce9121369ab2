-- The consensus of the changed pairs: a verdict for each different set of counts of a question.
INSERT INTO annotator_consensus
    (question_id, pair_id, method, computed_at, n_a, n_b, n_both_good, n_both_bad,
     p_a, p_b, p_both_good, p_both_bad, label, share, confidence, agreement)
SELECT changed.question_id, changed.pair_id, %(method)s, %(now)s,
       verdict.n_a, verdict.n_b, verdict.n_both_good, verdict.n_both_bad,
       verdict.p_a, verdict.p_b, verdict.p_both_good, verdict.p_both_bad,
       verdict.label, verdict.share, verdict.confidence, verdict.agreement
FROM scoring_changed changed
JOIN unnest(
    %(question)s::bigint[], %(n_a)s::bigint[], %(n_b)s::bigint[], %(n_both_good)s::bigint[], %(n_both_bad)s::bigint[],
    %(p_a)s::float8[], %(p_b)s::float8[], %(p_both_good)s::float8[], %(p_both_bad)s::float8[],
    %(label)s::text[], %(share)s::float8[], %(confidence)s::float8[], %(agreement)s::float8[]
) AS verdict (
    question_id, n_a, n_b, n_both_good, n_both_bad, p_a, p_b, p_both_good, p_both_bad, label, share, confidence, agreement
)
ON verdict.question_id = changed.question_id AND (verdict.n_a, verdict.n_b, verdict.n_both_good, verdict.n_both_bad)
   = (changed.n_a, changed.n_b, changed.n_both_good, changed.n_both_bad)
ON CONFLICT ON CONSTRAINT consensus_once_per_pair_question_method DO UPDATE SET
    computed_at = excluded.computed_at, label = excluded.label,
    n_a = excluded.n_a, n_b = excluded.n_b, n_both_good = excluded.n_both_good, n_both_bad = excluded.n_both_bad,
    p_a = excluded.p_a, p_b = excluded.p_b, p_both_good = excluded.p_both_good, p_both_bad = excluded.p_both_bad,
    share = excluded.share, confidence = excluded.confidence, agreement = excluded.agreement
