"""The small tables of a release: who voted and how well, what reviewers decided, and which answers were known beforehand.

They are in one split, for they are about people and the campaign, and pairs of all splits. Nobody who withdrew is in any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from annotator.choices import AdjudicationOutcome, MemberKind, RetireReason
from annotator.releasing.dataset.columns import CHOICE, Column, value
from annotator.releasing.dataset.layout import Layout

TIME = value("timestamp[us, tz=UTC]")
TRUST_DIGITS = 3  # sums that are brought up to date differ in later digits from those that are counted anew

ANNOTATORS = Layout(
    config="annotators",
    row_is="an annotator with a vote in this release, or a machine",
    columns=(
        Column("annotator_id", value("string"), "a pseudonym, as in `votes`"),
        Column("kind", value("string"), " or ".join(f"`{kind}`" for kind in MemberKind.values)),
        Column("state", value("string"), "`active`, `paused`, or `suspended`: the votes of the latter are void"),
        Column("votes", value("int64"), "regular votes that count, on all questions"),
        Column("votes_void", value("int64"), "votes that do not, such as those that were undone"),
        Column("median_elapsed_ms", value("float64"), "median time of the regular votes that count"),
        Column("gold_answers", value("int64"), "pairs with a known answer that they judged; the first answer on each"),
        Column("gold_right", value("int64"), "how many of those answers are the known one"),
        Column("gold_accuracy", value("float64"), "`gold_right` of `gold_answers`; null without any"),
        Column("repeats", value("int64"), "pairs that they judged a second time, with the sides swapped"),
        Column("repeats_same", value("int64"), "how often they answered as before"),
        Column("consistency", value("float64"), "`repeats_same` of `repeats`; null without any"),
        Column("trust", value("float64"), "log odds of careful answers, whatever the taste, against guessing; null: unknown"),
        Column("trust_of_checks", value("float64"), "the same from gold and repeats alone"),
        Column("skill", value("float64"), "1: answers as careful annotators mostly do; 0: no relation; below 0: the opposite"),
        Column("skill_lower", value("float64"), "lower end of the 95 % interval of `skill`"),
        Column("skill_upper", value("float64"), "upper end of the interval"),
    ),
)

ADJUDICATIONS = Layout(
    config="adjudications",
    row_is="a decision of a reviewer about a pair. It stands beside the votes and changes no label",
    columns=(
        Column("adjudication_id", value("int64"), "the decision"),
        Column("pair_id", value("int64"), "the pair"),
        Column("outcome", value("string"), ", ".join(f"`{outcome}`" for outcome in AdjudicationOutcome.values)),
        Column("question", value("string"), "the question that was decided; null for other outcomes"),
        Column("choice", CHOICE, "what was decided; null for other outcomes"),
        Column("reason", value("string"), f"why the pair was retired: {', '.join(RetireReason.values)}"),
        Column("unsafe_a", value("bool"), "whether image `a` is unsafe"),
        Column("unsafe_b", value("bool"), "whether image `b` is unsafe"),
        Column("note", value("string"), "the reviewer's reason, or the message that was sent"),
        Column("annotator_id", value("string"), "the pseudonym of who was sent the message"),
        Column("reviewer_id", value("string"), "the pseudonym of the reviewer; null: not a member of the campaign"),
        Column("cause_id", value("int64"), "the decision about another pair with the same unsafe image that led to this one"),
        Column("decided_at", TIME, "when it was decided"),
        Column("undone_at", TIME, "when it was undone; null: it counts"),
    ),
)

GOLD = Layout(
    config="gold",
    row_is="a pair that has or had a known answer",
    columns=(
        Column("pair_id", value("int64"), "the pair"),
        Column("choice", CHOICE, "the known answer; null: it has none any more"),
        Column("is_in_review", value("bool"), "whether the known answer is in doubt: such answers are held against nobody"),
        Column("answers", value("int64"), "the annotators' answers to it as gold, live ones of people"),
        Column("answers_right", value("int64"), "how many of them are the known answer"),
        Column("decisions", value("string"), "what was decided about the known answer, as JSON, the oldest first"),
    ),
)


# Of gold and repeats the first answer counts, undone or not, as in the review (quality/answers.py).
_ANNOTATORS_SQL = """
    WITH cast_votes AS (
        SELECT vote.id, vote.member_id, vote.choice, vote.void_reason, vote.elapsed_ms, vote.question_id, seat.kind, seat.pair_id
        FROM annotator_vote vote
        JOIN annotator_assignment seat ON seat.id = vote.assignment_id
        JOIN annotator_member member ON member.id = seat.member_id
        WHERE member.campaign_id = {own} AND member.state <> 'withdrawn'
    ),
    counted AS (
        SELECT member_id, count(*) FILTER (WHERE void_reason IS NULL AND kind IN ('regular', 'machine')) AS votes,
               count(*) FILTER (WHERE void_reason IS NOT NULL) AS votes_void,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY elapsed_ms)
                   FILTER (WHERE void_reason IS NULL AND kind = 'regular') AS median_elapsed_ms
        FROM cast_votes GROUP BY member_id
    ),
    checks AS (
        SELECT DISTINCT ON (member_id, pair_id, kind) member_id, pair_id, kind, choice FROM cast_votes
        WHERE kind IN ('gold', 'repeat')
          AND question_id = (SELECT id FROM annotator_question WHERE campaign_id = {own} AND position = 0)
        ORDER BY member_id, pair_id, kind, id
    ),
    before AS (
        SELECT DISTINCT ON (member_id, pair_id) member_id, pair_id, choice FROM cast_votes
        WHERE kind = 'regular' AND question_id = (SELECT id FROM annotator_question WHERE campaign_id = {own} AND position = 0)
          AND void_reason IS DISTINCT FROM 'undone'
        ORDER BY member_id, pair_id, id DESC
    ),
    gold AS (
        SELECT checks.member_id, count(*) AS gold_answers, count(*) FILTER (WHERE checks.choice = pair.gold_choice) AS gold_right
        FROM checks JOIN annotator_pair pair ON pair.id = checks.pair_id
        WHERE checks.kind = 'gold' AND pair.gold_choice IS NOT NULL AND pair.gold_in_review_since IS NULL
        GROUP BY checks.member_id
    ),
    repeats AS (
        SELECT checks.member_id, count(*) AS repeats, count(*) FILTER (WHERE checks.choice = before.choice) AS repeats_same
        FROM checks JOIN before USING (member_id, pair_id) WHERE checks.kind = 'repeat' GROUP BY checks.member_id
    )
    SELECT member.public_id AS annotator_id, member.kind, member.state, counted.votes, counted.votes_void,
           counted.median_elapsed_ms, coalesce(gold.gold_answers, 0) AS gold_answers, coalesce(gold.gold_right, 0) AS gold_right,
           gold.gold_right::float8 / gold.gold_answers AS gold_accuracy, coalesce(repeats.repeats, 0) AS repeats,
           coalesce(repeats.repeats_same, 0) AS repeats_same, repeats.repeats_same::float8 / repeats.repeats AS consistency,
           stats.trust, stats.own_trust AS trust_of_checks, stats.skill, stats.skill_lower, stats.skill_upper
    FROM counted
    JOIN annotator_member member ON member.id = counted.member_id
    LEFT JOIN gold ON gold.member_id = member.id
    LEFT JOIN repeats ON repeats.member_id = member.id
    LEFT JOIN annotator_standing stats ON stats.member_id = member.id AND member.kind = 'human'
    ORDER BY member.public_id
"""
_ADJUDICATIONS_SQL = """
    SELECT adjudication.id AS adjudication_id, adjudication.pair_id, adjudication.outcome, question.slug AS question,
           adjudication.choice, adjudication.reason, adjudication.unsafe_a, adjudication.unsafe_b,
           nullif(adjudication.note, '') AS note, member.public_id AS annotator_id, reviewer.public_id AS reviewer_id,
           adjudication.cause_id, adjudication.at AS decided_at, adjudication.undone_at
    FROM annotator_adjudication adjudication
    LEFT JOIN annotator_question question ON question.id = adjudication.question_id
    LEFT JOIN annotator_member member ON member.id = adjudication.member_id
    LEFT JOIN annotator_member reviewer ON reviewer.campaign_id = {own} AND reviewer.user_id = adjudication.by_id
        AND reviewer.state <> 'withdrawn'
    WHERE adjudication.campaign_id = {own} AND (member.id IS NULL OR member.state <> 'withdrawn')
    ORDER BY adjudication.id
"""
_GOLD_SQL = """
    SELECT pair.id AS pair_id, pair.gold_choice AS choice, pair.gold_in_review_since IS NOT NULL AS is_in_review,
           coalesce(given.answers, 0) AS answers, coalesce(given.answers_right, 0) AS answers_right,
           coalesce(said.decisions, '[]') AS decisions
    FROM annotator_pair pair
    LEFT JOIN LATERAL (
        SELECT count(*) AS answers, count(*) FILTER (WHERE vote.choice = pair.gold_choice) AS answers_right
        FROM annotator_assignment seat
        JOIN annotator_vote vote ON vote.assignment_id = seat.id AND vote.void_reason IS NULL
        JOIN annotator_member member ON member.id = seat.member_id
        WHERE seat.pair_id = pair.id AND seat.kind = 'gold' AND {is_released}
          AND vote.question_id = (SELECT id FROM annotator_question WHERE campaign_id = {own} AND position = 0)
    ) given ON true
    LEFT JOIN LATERAL (
        SELECT json_agg(json_build_object(
            'kind', decision.kind, 'choice', decision.gold_choice, 'answers', decision.answers,
            'answers_wrong', decision.answers_wrong, 'is_automatic', decision.decided_by_id IS NULL,
            'decided_at', to_char(decision.decided_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        ) ORDER BY decision.id)::text AS decisions
        FROM annotator_golddecision decision WHERE decision.pair_id = pair.id
    ) said ON true
    WHERE pair.campaign_id = {own} AND (pair.gold_choice IS NOT NULL OR said.decisions IS NOT NULL)
    ORDER BY pair.id
"""


def read_records(query: Callable[[str], list[dict[str, Any]]]) -> list[tuple[Layout, list[dict[str, Any]]]]:
    """The rows of each of these tables. `query` is that of the snapshot."""
    annotators = query(_ANNOTATORS_SQL)
    for row in annotators:
        for name in ("trust", "trust_of_checks", "skill", "skill_lower", "skill_upper"):
            row[name] = None if row[name] is None else round(row[name], TRUST_DIGITS)
    decided = (ADJUDICATIONS, query(_ADJUDICATIONS_SQL)), (GOLD, query(_GOLD_SQL))
    for _, rows in decided:
        for row in rows:
            row["choice"] = None if row["choice"] is None else CHOICE["names"].index(row["choice"])
    return [(ANNOTATORS, annotators), *decided]
