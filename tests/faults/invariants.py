"""What must hold of the tables after any attack: a query for each invariant, which finds the rows that break it.

Beside the application's tables the queries read two that `load` makes of the annotators' record: `hammer_vote`, how often
each choice was posted to an assignment and with what outcome, and `hammer_suspended`, the members who ever were.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import connection

from tests.faults.record import Answered

_LOAD_SQL = """
DROP TABLE IF EXISTS hammer_vote, hammer_suspended;
CREATE TEMP TABLE hammer_vote (
    assignment_id bigint, choice text, acknowledged int, possible int, undo_acknowledged int, undo_sent int,
    PRIMARY KEY (assignment_id, choice)
);
CREATE TEMP TABLE hammer_suspended (member_id bigint PRIMARY KEY);
"""

# Votes by assignment and choice, of the primary question.
_VOTES = """
    SELECT vote.assignment_id, vote.choice, seat.member_id, count(*) AS votes,
           count(*) FILTER (WHERE vote.void_reason = 'undone') AS undone,
           count(*) FILTER (WHERE vote.void_reason IS NOT NULL AND vote.void_reason <> 'undone') AS otherwise_void
    FROM annotator_vote vote
    JOIN annotator_assignment seat ON seat.id = vote.assignment_id
    JOIN annotator_question question ON question.id = vote.question_id AND question.position = 0
    GROUP BY vote.assignment_id, vote.choice, seat.member_id
"""

QUERIES = {
    "every acknowledged vote is there": f"""
        SELECT told.*, found.votes FROM hammer_vote told
        LEFT JOIN ({_VOTES}) found USING (assignment_id, choice)
        WHERE told.acknowledged > coalesce(found.votes, 0)
    """,
    "every vote is there once, and only votes that were given": f"""
        SELECT found.*, told.possible FROM ({_VOTES}) found
        LEFT JOIN hammer_vote told USING (assignment_id, choice)
        WHERE found.votes > coalesce(told.possible, 0)
    """,
    "votes are undone by those who undid them": f"""
        SELECT found.*, told.undo_acknowledged, told.undo_sent FROM ({_VOTES}) found
        LEFT JOIN hammer_vote told USING (assignment_id, choice)
        WHERE found.undone < coalesce(told.undo_acknowledged, 0) OR found.undone > coalesce(told.undo_sent, 0)
    """,
    "other votes are void only of members who were suspended": f"""
        SELECT found.* FROM ({_VOTES}) found
        WHERE found.otherwise_void > 0 AND found.member_id NOT IN (SELECT member_id FROM hammer_suspended)
    """,
    "no vote of a suspended member counts": """
        SELECT vote.id, seat.member_id FROM annotator_vote vote
        JOIN annotator_assignment seat ON seat.id = vote.assignment_id
        JOIN annotator_member member ON member.id = seat.member_id
        WHERE vote.void_reason IS NULL AND seat.kind = 'regular' AND member.state = 'suspended'
    """,
    "one live vote per assignment and question at most": """
        SELECT assignment_id, question_id, count(*) FROM annotator_vote WHERE void_reason IS NULL
        GROUP BY assignment_id, question_id HAVING count(*) > 1
    """,
    "an assignment is answered where it has a live vote to every question": """
        SELECT seat.id, seat.state, count(vote.id) AS votes, asked.questions
        FROM annotator_assignment seat
        JOIN annotator_pair pair ON pair.id = seat.pair_id
        JOIN (SELECT campaign_id, count(*) AS questions FROM annotator_question GROUP BY campaign_id) asked
          ON asked.campaign_id = pair.campaign_id
        LEFT JOIN annotator_vote vote ON vote.assignment_id = seat.id AND vote.void_reason IS NULL
        GROUP BY seat.id, asked.questions
        HAVING count(vote.id) <> CASE WHEN seat.state = 'answered' THEN asked.questions ELSE 0 END
    """,
    "no pair has more live seats than it wants votes": """
        SELECT pair.id, pair.votes_wanted, count(*) AS seats FROM annotator_pair_seats pair
        JOIN annotator_assignment seat ON seat.pair_id = pair.id
        WHERE seat.kind = 'regular' AND seat.state IN ('open', 'answered')
        GROUP BY pair.id HAVING count(*) > pair.votes_wanted
    """,
    "the seats counted on a pair are the seats there are": """
        SELECT pair.id, pair.seats_taken, pair.seats_a_on_left, count(seat.id) AS seats,
               count(seat.id) FILTER (WHERE seat.a_on_left) AS a_on_left
        FROM annotator_pair_seats pair
        LEFT JOIN annotator_assignment seat
          ON seat.pair_id = pair.id AND seat.kind = 'regular' AND seat.state IN ('open', 'answered')
        GROUP BY pair.id
        HAVING pair.seats_taken <> count(seat.id)
            OR pair.seats_a_on_left <> count(seat.id) FILTER (WHERE seat.a_on_left)
    """,
    "one regular assignment per member and pair": """
        SELECT member_id, pair_id, count(*) FROM annotator_assignment WHERE kind = 'regular'
        GROUP BY member_id, pair_id HAVING count(*) > 1
    """,
    "the answers counted of a member are the answers there are": """
        SELECT member.id, member.answered_count, count(vote.id) AS answers FROM annotator_member member
        LEFT JOIN annotator_assignment seat ON seat.member_id = member.id
        LEFT JOIN annotator_vote vote ON vote.assignment_id = seat.id AND vote.void_reason IS DISTINCT FROM 'undone'
          AND vote.question_id IN (SELECT id FROM annotator_question WHERE position = 0)
        GROUP BY member.id HAVING member.answered_count <> count(vote.id)
    """,
    "the seats that wait are the seats there are": """
        SELECT * FROM (
            SELECT member_id, state, assignment_id FROM annotator_waiting_seat
            EXCEPT SELECT member_id, state, id FROM annotator_assignment
        ) gone
        UNION ALL SELECT * FROM (
            SELECT member_id, state, id FROM annotator_assignment WHERE state = 'open' OR (state = 'expired' AND kind = 'machine')
            EXCEPT SELECT member_id, state, assignment_id FROM annotator_waiting_seat
        ) missing
    """,
    "a vote is of the member whose assignment it answers": """
        SELECT vote.id, vote.member_id, seat.member_id FROM annotator_vote vote
        JOIN annotator_assignment seat ON seat.id = vote.assignment_id WHERE seat.member_id <> vote.member_id
    """,
    "every seat whose lease is over came back": """
        SELECT id, member_id, lease_expires_at FROM annotator_assignment WHERE state = 'open' AND lease_expires_at <= now()
    """,
    "every pair that can be finished is finished": """
        SELECT pair.id, pair.state, pair.seats_taken, pair.votes_wanted FROM annotator_pair_seats pair
        WHERE pair.state = 'open' AND NOT pair.is_gold AND (
            pair.seats_taken >= pair.votes_wanted
            OR EXISTS (
                SELECT 1 FROM annotator_member member
                WHERE member.campaign_id = pair.campaign_id AND member.state = 'active' AND member.role = 'annotator'
                  AND NOT EXISTS (
                      SELECT 1 FROM annotator_assignment seat
                      WHERE seat.member_id = member.id AND seat.pair_id = pair.id AND seat.kind = 'regular'
                        AND seat.state NOT IN ('open', 'expired')
                  )
            )
        )
    """,
    "a settled pair has all its votes": """
        SELECT pair.id, pair.seats_taken, pair.votes_wanted, count(seat.id) AS answered FROM annotator_pair_seats pair
        LEFT JOIN annotator_assignment seat ON seat.pair_id = pair.id AND seat.kind = 'regular' AND seat.state = 'answered'
        WHERE pair.state = 'settled' AND NOT pair.is_gold
        GROUP BY pair.id HAVING count(seat.id) < pair.votes_wanted
    """,
}
FINISHED = "every pair that can be finished is finished"
RETURNED = "every seat whose lease is over came back"
SETTLED = "a settled pair has all its votes"


def load(sent: Iterable[Answered], suspended: Iterable[str]) -> None:
    """Put the record beside the tables, for as long as the connection lives."""
    counts: defaultdict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for answered in sent:
        row = counts[answered.assignment, answered.choice]
        row[0] += answered.acknowledged
        row[1] += answered.acknowledged or answered.in_doubt
        row[2] += answered.undo_acknowledged
        row[3] += answered.undo_sent
    with connection.cursor() as cursor:
        cursor.execute(_LOAD_SQL)
        rows: list[list[Any]] = [[assignment, choice, *row] for (assignment, choice), row in counts.items()]
        cursor.executemany("INSERT INTO hammer_vote VALUES (%s, %s, %s, %s, %s, %s)", rows)
        cursor.execute(
            """INSERT INTO hammer_suspended SELECT member.id FROM annotator_member member
               JOIN annotator_user who ON who.id = member.user_id WHERE who.username = ANY(%s)""",
            [list(suspended)],
        )


def offenders(name: str) -> list[tuple[Any, ...]]:
    """The rows that break an invariant."""
    with connection.cursor() as cursor:
        cursor.execute(QUERIES[name])
        return cursor.fetchall()


def holds(name: str) -> bool:
    return not offenders(name)
