-- The rows of the majority on a question, as those of another method: only those that differ are written.
INSERT INTO annotator_consensus
    (question_id, method, computed_at, pair_id, n_a, n_b, n_both_good, n_both_bad,
     p_a, p_b, p_both_good, p_both_bad, label, share, confidence, agreement)
SELECT question_id, %(method)s, %(now)s, pair_id, n_a, n_b, n_both_good, n_both_bad,
       p_a, p_b, p_both_good, p_both_bad, label, share, confidence, agreement
FROM annotator_consensus WHERE question_id = %(question)s AND method = %(majority)s
ON CONFLICT ON CONSTRAINT consensus_once_per_pair_question_method DO UPDATE SET
    computed_at = excluded.computed_at, label = excluded.label,
    n_a = excluded.n_a, n_b = excluded.n_b, n_both_good = excluded.n_both_good, n_both_bad = excluded.n_both_bad,
    p_a = excluded.p_a, p_b = excluded.p_b, p_both_good = excluded.p_both_good, p_both_bad = excluded.p_both_bad,
    share = excluded.share, confidence = excluded.confidence, agreement = excluded.agreement
WHERE (annotator_consensus.label, annotator_consensus.n_a, annotator_consensus.n_b, annotator_consensus.n_both_good,
       annotator_consensus.n_both_bad, annotator_consensus.p_a, annotator_consensus.p_b, annotator_consensus.p_both_good,
       annotator_consensus.p_both_bad, annotator_consensus.confidence, annotator_consensus.agreement)
    IS DISTINCT FROM
      (excluded.label, excluded.n_a, excluded.n_b, excluded.n_both_good,
       excluded.n_both_bad, excluded.p_a, excluded.p_b, excluded.p_both_good,
       excluded.p_both_bad, excluded.confidence, excluded.agreement)
