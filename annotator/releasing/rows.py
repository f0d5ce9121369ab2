"""The rows of a release, all read in one snapshot of the database, so that its configs agree with each other.

They come as Arrow straight from COPY, without a Python object per value (adbc-driver-postgresql): a server-side cursor of the
ordinary driver gives a tenth of the rows in a second. The connection is one of its own, so that Django's stays free to say how
far the build has come.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from adbc_driver_postgresql import StatementOptions, dbapi
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

from annotator.choices import Choice, PairState
from annotator.consensus.majority import NO_LABEL, Majority, majority_of_counts
from annotator.models import Campaign
from annotator.releasing.cuts import split_bounds
from annotator.releasing.layouts import IMAGE_REFERENCE_TYPE, PAIRS, VOTES
from annotator.scoring import counts_sql

# The sort by vote and the joins to what was judged stay in memory up to this size. Per sort or join, only while a release reads.
WORK_MEM = "64MB"
BATCH_BYTES = "4000000"  # of a batch of rows; the driver's own 16 MB cost memory and gain no time

_SPLIT_SQL = sql.SQL("width_bucket(('x' || left(prompt.text_sha256, 8))::bit(32)::bigint, {bounds}::bigint[])")

# A person who withdrew consent is left out, whatever became of their votes.
_VOTES_SQL = sql.SQL("""
    SELECT vote.id, seat.pair_id, question.slug, member.public_id,
           (array_position({choices}::text[], vote.choice::text) - 1)::bigint,
           seat.a_on_left, seat.kind, vote.elapsed_ms, guideline.version, vote.created_at, vote.void_reason, {split}
    FROM annotator_vote vote
    JOIN annotator_question question ON question.id = vote.question_id
    JOIN annotator_assignment seat ON seat.id = vote.assignment_id
    JOIN annotator_member member ON member.id = seat.member_id
    JOIN annotator_pair pair ON pair.id = seat.pair_id
    JOIN annotator_prompt prompt ON prompt.id = pair.prompt_id
    LEFT JOIN annotator_guideline guideline ON guideline.id = seat.guideline_id
    WHERE question.campaign_id = {campaign} AND member.state <> 'withdrawn'
    ORDER BY vote.id
""")

_PAIRS_SQL = sql.SQL("""
    SELECT pair.id AS pair_id, prompt.id AS prompt_id, prompt.text AS prompt,
           nullif(prompt.category, '') AS category, nullif(prompt.language, '') AS language,
           maker_a.name AS generator_a, maker_b.name AS generator_b,
           coalesce(counts.n_a, 0) AS n_a, coalesce(counts.n_b, 0) AS n_b,
           coalesce(counts.n_both_good, 0) AS n_both_good, coalesce(counts.n_both_bad, 0) AS n_both_bad,
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
        self.campaign = campaign
        self.questions = self.query(
            sql.SQL(
                "SELECT id, slug, text, choices FROM annotator_question WHERE campaign_id = {campaign} ORDER BY position"
            ).format(campaign=sql.Literal(campaign.pk))
        )

    @property
    def primary_question(self) -> int | None:
        return self.questions[0]["id"] if self.questions else None

    def query(self, query: sql.Composable) -> list[dict[str, Any]]:
        """All rows of a small result."""
        with self.source.cursor() as cursor:
            cursor.execute(query.as_string())
            return cursor.fetch_arrow_table().to_pylist()

    def votes(self) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
        """The rows of the votes config by vote id, in batches of some megabytes, with the split of each."""
        query = _VOTES_SQL.format(
            campaign=sql.Literal(self.campaign.pk), choices=sql.Literal(list(Choice.values)), split=_split_sql()
        )
        schema = VOTES.schema
        for batch in self._stream(query):
            *columns, split = batch.columns
            yield pa.RecordBatch.from_arrays(columns, schema=schema), split.to_numpy()

    def judged_pairs(self) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
        """All pairs by id with what the counted votes on the primary question amount to, in batches, with the split of each.

        The columns are those of the pairs config, references in place of the images, and `is_held`.
        """
        query = _PAIRS_SQL.format(
            campaign=sql.Literal(self.campaign.pk),
            held=sql.Literal(PairState.HELD.value),
            split=_split_sql(),
            counts=counts_sql([self.primary_question] if self.primary_question else []),
        )
        for batch in self._stream(query):
            yield judge(batch), batch["split"].to_numpy()

    def _stream(self, query: sql.Composable) -> Iterator[pa.RecordBatch]:
        with self.source.cursor() as cursor:
            cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: BATCH_BYTES})
            cursor.execute(query.as_string())
            yield from cursor.fetch_record_batch()


@contextmanager
def snapshot_of(campaign: Campaign) -> Iterator[Snapshot]:
    """Read a campaign in one repeatable-read transaction. Sees only what is committed."""
    connection.ensure_connection()
    info = connection.connection.info
    with dbapi.connect(make_conninfo("", **info.get_parameters(), password=info.password or None)) as source:
        with source.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute(f"SET LOCAL work_mem = '{WORK_MEM}'")
        yield Snapshot(source, campaign)


def judge(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Add to pairs with counted votes the label, the soft label, and what else follows from the counts."""
    verdict = majority_of_counts(np.column_stack([batch[f"n_{choice}"].to_numpy() for choice in Choice.values]))
    columns = {name: batch[name] for name in batch.schema.names}
    columns |= verdict_columns(verdict)
    for slot in ("a", "b"):
        references = [batch[f"{name}_{slot}"] for name in ("sha256", "format", "size")]
        columns[f"image_{slot}"] = pa.StructArray.from_arrays(references, fields=list(IMAGE_REFERENCE_TYPE))
    schema = PAIRS.staged_schema.append(pa.field("is_held", pa.bool_()))
    return pa.RecordBatch.from_arrays([pc.cast(columns[field.name], field.type) for field in schema], schema=schema)


def verdict_columns(verdict: Majority) -> dict[str, pa.Array]:
    """The columns of the pairs config that the votes decide. Null where a number would need votes that are not there."""
    return {
        "n_votes": pa.array(verdict.counts.sum(axis=1)),
        **{f"p_{choice}": pa.array(verdict.shares[:, code], from_pandas=True) for code, choice in enumerate(Choice.values)},
        "label": pa.array(verdict.label, mask=verdict.label == NO_LABEL),
        "confidence": pa.array(verdict.confidence, from_pandas=True),
        "agreement": pa.array(verdict.agreement, from_pandas=True),
    }


def _split_sql() -> sql.Composed:
    """The split's index: how many of the bounds but the last are at or below the prompt's number (as cuts.split_of)."""
    return _SPLIT_SQL.format(bounds=sql.Literal(split_bounds()[:-1]))
