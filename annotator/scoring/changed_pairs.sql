-- The pairs whose counts differ from what their consensus says, with the counts; zeros where the last vote was voided.
--
-- Everything a consensus says follows from the counts and the question's prior, so a row whose counts are right is right until
-- the prior is fitted again (rescore_verdicts.sql). The rows never leave the
-- server: a million pairs have a few hundred different counts, and numpy judges each of these once.
CREATE TEMP TABLE scoring_changed ON COMMIT DROP AS
SELECT question_id, pair_id, coalesce(fresh.n_a, 0) AS n_a, coalesce(fresh.n_b, 0) AS n_b,
       coalesce(fresh.n_both_good, 0) AS n_both_good, coalesce(fresh.n_both_bad, 0) AS n_both_bad,
       coalesce(known.n_a + known.n_b + known.n_both_good + known.n_both_bad, 0) AS n_before
FROM (
    SELECT question_id, pair_id,
           count(*) FILTER (WHERE choice = 'a') AS n_a,
           count(*) FILTER (WHERE choice = 'b') AS n_b,
           count(*) FILTER (WHERE choice = 'both_good') AS n_both_good,
           count(*) FILTER (WHERE choice = 'both_bad') AS n_both_bad
    FROM counted_vote
    WHERE question_id = ANY(%(questions)s) AND (%(pairs)s::bigint[] IS NULL OR pair_id = ANY (%(pairs)s::bigint[]))
    GROUP BY question_id, pair_id
) fresh
FULL JOIN (
    SELECT question_id, pair_id, n_a, n_b, n_both_good, n_both_bad FROM annotator_consensus
    WHERE question_id = ANY(%(questions)s) AND method = %(method)s
      AND (%(pairs)s::bigint[] IS NULL OR pair_id = ANY (%(pairs)s::bigint[]))
) known USING (question_id, pair_id)
WHERE (fresh.n_a, fresh.n_b, fresh.n_both_good, fresh.n_both_bad)
      IS DISTINCT FROM (known.n_a, known.n_b, known.n_both_good, known.n_both_bad)
