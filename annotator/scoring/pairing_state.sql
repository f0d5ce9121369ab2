-- How far the pairing rule has come with each prompt: how many comparisons it may still make, and whether a pair of it is still
-- waiting for votes. A comparison is `votes_wanted` votes on a pair: on a new one, or, where the rule asks again, on a settled
-- one that stays within `votes_max`. Nobody judges a pair twice, so no pair is asked about more often than there are people: it
-- would wait for ever, and its prompt with it.
--
-- Only images that the rule pairs, and pairs of two of them. Gold and held pairs are no comparisons that could be asked for.
-- Audit pairs get `votes_max` whatever the rule says, and what they have beyond the first votes is not taken from it.
WITH people AS (
    SELECT count(*) AS number FROM annotator_member
    WHERE campaign_id = %(campaign)s AND kind = 'human' AND state = 'active' AND (role = 'annotator' OR answered_count > 0)
), rule AS (
    SELECT id, pairs_per_image, votes_wanted AS each, pairing_rule = 'information_gain' AS asks_again,
           least(votes_max, greatest(votes_wanted, people.number)) AS votes_most
    FROM annotator_campaign CROSS JOIN people WHERE id = %(campaign)s
), pool AS (
    SELECT image.prompt_id, count(*) AS images
    FROM annotator_prompt prompt JOIN annotator_image image ON image.prompt_id = prompt.id
    WHERE prompt.campaign_id = %(campaign)s AND image.is_paired_by_rule
      AND (%(prompts)s::bigint[] IS NULL OR prompt.id = ANY (%(prompts)s::bigint[]))
    GROUP BY image.prompt_id
), made AS (
    SELECT pair.prompt_id, count(*) AS pairs,
           count(*) FILTER (WHERE NOT seats.is_gold) AS asked,
           sum(CASE WHEN seats.is_audit THEN least(seats.votes_wanted, rule.each) ELSE seats.votes_wanted END)
               FILTER (WHERE NOT seats.is_gold) AS votes,
           sum(greatest(0, rule.votes_most - seats.votes_wanted) / rule.each)
               FILTER (WHERE NOT seats.is_gold AND seats.state <> 'held' AND NOT seats.is_audit) AS again,
           bool_or(NOT seats.is_gold AND seats.state = 'open') AS is_open
    FROM rule
    JOIN annotator_pair pair ON pair.campaign_id = rule.id
    JOIN annotator_pair_seats seats ON seats.id = pair.id
    JOIN annotator_image image_a ON image_a.id = pair.image_a_id AND image_a.is_paired_by_rule
    JOIN annotator_image image_b ON image_b.id = pair.image_b_id AND image_b.is_paired_by_rule
    WHERE %(prompts)s::bigint[] IS NULL OR pair.prompt_id = ANY (%(prompts)s::bigint[])
    GROUP BY pair.prompt_id
), counted AS (
    SELECT pool.prompt_id, coalesce(made.is_open, false) AS is_open, rule.each, rule.asks_again, rule.votes_most,
           (pool.images * rule.pairs_per_image + 1) / 2 AS planned,
           pool.images * (pool.images - 1) / 2 - coalesce(made.pairs, 0) AS unmade,
           coalesce(made.asked, 0) AS asked, coalesce(made.votes, 0) AS votes, coalesce(made.again, 0) AS again,
           rule.votes_most / rule.each AS most
    FROM rule CROSS JOIN pool LEFT JOIN made ON made.prompt_id = pool.prompt_id
)
SELECT prompt_id, is_open,
       greatest(0, CASE WHEN asks_again THEN least((planned * each - votes) / each, unmade * most + again)
                   ELSE least(planned - asked, unmade) END)::bigint AS comparisons_left,
       votes_most
FROM counted
