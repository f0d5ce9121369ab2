"""The rows of a release, all read in one snapshot of the database, so that its configs agree with each other.

The connection is one of its own, so that Django's stays free to say how far the build has come.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from adbc_driver_postgresql import dbapi
from psycopg import sql

from annotator.choices import Choice, PairState
from annotator.lib.arrow import arrow_source, record_batches
from annotator.models import Campaign
from annotator.releasing.dataset.configs import VOTES
from annotator.releasing.dataset.splits import split_bounds

# The sort by vote and the joins to what was judged stay in memory up to this size. Per sort or join, only while a release reads.
WORK_MEM = "64MB"

_SPLIT_SQL = sql.SQL("width_bucket(('x' || left(prompt.text_sha256, 8))::bit(32)::bigint, {bounds}::bigint[])")
_CHOICE_SQL = sql.SQL("(array_position({choices}::text[], vote.choice::text) - 1)::bigint").format(
    choices=sql.Literal(list(Choice.values))
)

# Whose votes are in a release at all. Somebody who withdrew consent is left out, whatever became of their votes. A machine is:
# nothing in a row of `votes` would tell it from a person.
_IS_RELEASED = sql.SQL("member.state <> 'withdrawn' AND member.kind = 'human'")

_VOTES_SQL = sql.SQL("""
    SELECT vote.id, seat.pair_id, question.slug, member.public_id, {choice},
           seat.a_on_left, seat.kind, vote.elapsed_ms, guideline.version, vote.created_at, vote.void_reason, {split}
    FROM annotator_vote vote
    JOIN annotator_question question ON question.id = vote.question_id
    JOIN annotator_assignment seat ON seat.id = vote.assignment_id
    JOIN annotator_member member ON member.id = seat.member_id
    JOIN annotator_pair pair ON pair.id = seat.pair_id
    JOIN annotator_prompt prompt ON prompt.id = pair.prompt_id
    LEFT JOIN annotator_guideline guideline ON guideline.id = seat.guideline_id
    WHERE question.campaign_id = {campaign} AND {is_released}
    ORDER BY vote.id
""")

_COUNTED_SQL = sql.SQL("""
    SELECT vote.pair_id, vote.member_id, {choice} AS choice
    FROM counted_vote vote
    WHERE vote.question_id = {question}
    ORDER BY vote.id
""")

_COUNTS_SQL = sql.SQL("""
    SELECT vote.pair_id, {columns}
    FROM counted_vote vote
    WHERE vote.question_id = ANY({questions})
    GROUP BY vote.pair_id
""")
_COUNT_SQL = sql.SQL("count(*) FILTER (WHERE vote.question_id = {question} AND vote.choice = {choice}) AS {name}")

_PAIRS_SQL = sql.SQL("""
    SELECT pair.id AS pair_id, prompt.id AS prompt_id, prompt.text AS prompt,
           nullif(prompt.category, '') AS category, nullif(prompt.language, '') AS language,
           maker_a.name AS generator_a, maker_b.name AS generator_b, {counts_columns},
           pair.gold_choice IS NOT NULL AS is_gold, pair.state = {held} AS is_held, {split} AS split,
           image_a.sha256 AS sha256_a, image_a.format AS format_a, image_a.byte_size::bigint AS size_a,
           image_b.sha256 AS sha256_b, image_b.format AS format_b, image_b.byte_size::bigint AS size_b
    FROM annotator_pair pair
    JOIN annotator_prompt prompt ON prompt.id = pair.prompt_id
    JOIN annotator_image image_a ON image_a.id = pair.image_a_id
    JOIN annotator_image image_b ON image_b.id = pair.image_b_id
    LEFT JOIN annotator_generator maker_a ON maker_a.id = image_a.generator_id
    LEFT JOIN annotator_generator maker_b ON maker_b.id = image_b.generator_id
    LEFT JOIN ({counts}) counts ON counts.pair_id = pair.id
    WHERE pair.campaign_id = {campaign}
    ORDER BY pair.id
""")


class Snapshot:
    """A campaign as it is at one moment. Votes that are cast or voided meanwhile are not seen."""

    def __init__(self, source: dbapi.Connection, campaign: Campaign) -> None:
        self.source = source
        self.own = sql.Literal(campaign.pk)
        [self.campaign] = self.query(
            "SELECT slug, name, description, licence, citation, consensus_method, share_validation, share_test, pairing_rule,"
            " votes_wanted, votes_max, stop_confidence, gold_rate, repeat_rate, limit_per_day, limit_total, limit_share"
            " FROM annotator_campaign WHERE id = {own}"
        )
        self.questions = self.query(
            "SELECT id, slug, text, choices FROM annotator_question WHERE campaign_id = {own} ORDER BY position"
        )

    @property
    def secondary_questions(self) -> list[str]:
        """The slugs of the questions after the first."""
        return [question["slug"] for question in self.questions[1:]]

    @property
    def shares(self) -> tuple[float, float, float]:
        """Of the prompts, per split."""
        validation, test = self.campaign["share_validation"], self.campaign["share_test"]
        return (1 - validation - test, validation, test)

    def query(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """All rows of a small result. {own} is the campaign's id; {is_released} says who is in a release."""
        composed = sql.SQL(query).format(
            own=self.own,
            is_released=_IS_RELEASED,
            **{name: sql.Literal(value) for name, value in values.items()},
        )
        with self.source.cursor() as cursor:
            cursor.execute(composed.as_string())
            rows: list[dict[str, Any]] = cursor.fetch_arrow_table().to_pylist()
        return rows

    def votes(self) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
        """The rows of the votes config by vote id, in batches of some megabytes, with the split of each."""
        schema = VOTES.schema
        for batch in self._stream(self.votes_query()):
            *columns, split = batch.columns
            yield pa.RecordBatch.from_arrays(columns, schema=schema), split.to_numpy()

    def votes_query(self) -> sql.Composed:
        return _VOTES_SQL.format(campaign=self.own, choice=_CHOICE_SQL, split=self._split(), is_released=_IS_RELEASED)

    def counted(self, question_id: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pair, member and choice of every vote that counts, by vote id. All in memory: 24 bytes a vote."""
        query = _COUNTED_SQL.format(choice=_CHOICE_SQL, question=sql.Literal(question_id))
        batches = list(self._stream(query))
        table = pa.Table.from_batches(batches) if batches else None
        if table is None:
            return (np.zeros(0, np.int64),) * 3
        pair, member, choice = (table[name].to_numpy() for name in ("pair_id", "member_id", "choice"))
        return pair, member, choice

    def pairs(self) -> Iterator[pa.RecordBatch]:
        """All pairs by id with the counts of the counted votes on every question, in batches. The counts of question k are
        `n{k}_{choice}`."""
        names = [
            (question["id"], choice, sql.Identifier(count_name(place, choice)))
            for place, question in enumerate(self.questions)
            for choice in Choice.values
        ]
        counts = _COUNTS_SQL.format(
            columns=sql.SQL(", ").join(
                _COUNT_SQL.format(question=sql.Literal(question), choice=sql.Literal(choice), name=name)
                for question, choice, name in names
            ),
            questions=sql.Literal([question["id"] for question in self.questions]),
        )
        query = _PAIRS_SQL.format(
            campaign=self.own,
            held=sql.Literal(PairState.HELD.value),
            split=self._split(),
            counts=counts,
            counts_columns=sql.SQL(", ").join(sql.SQL("coalesce(counts.{0}, 0) AS {0}").format(name) for *_, name in names),
        )
        yield from self._stream(query)

    def _split(self) -> sql.Composed:
        """The split's index: how many of the bounds but the last are at or below the prompt's number (as cuts.split_of)."""
        return _SPLIT_SQL.format(bounds=sql.Literal(split_bounds(self.shares)[:-1]))

    def _stream(self, query: sql.Composable) -> Iterator[pa.RecordBatch]:
        return record_batches(self.source, query)


def count_name(place: int, choice: str) -> str:
    """The column of `pairs` that counts a choice on the question at this place."""
    return f"n{place}_{choice}"


@contextmanager
def snapshot_of(campaign: Campaign) -> Iterator[Snapshot]:
    """Read a campaign in one repeatable-read transaction. Sees only what is committed."""
    with arrow_source() as source:
        with source.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute(f"SET LOCAL work_mem = '{WORK_MEM}'")
        yield Snapshot(source, campaign)
