"""The rows of a release, all read in one snapshot of the database, so that its configs agree with each other.

The connection is one of its own, so that Django's stays free to say how far the build has come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from psycopg import sql

from annotator.choices import Choice, PairState
from annotator.consensus.codes import Bools, Ints
from annotator.lib.arrow import Snapshot, snapshot
from annotator.models import Campaign
from annotator.releasing.dataset.configs import MACHINE_VOTES, VOTES
from annotator.releasing.dataset.splits import split_bounds

# The sort by vote and the joins to what was judged stay in memory up to this size. Per sort or join, only while a release reads.
WORK_MEM = "64MB"

ProgressCallback = Callable[[float], None]  # takes the share that is done, 0 to 1

_SPLIT_SQL = sql.SQL("width_bucket(('x' || left(prompt.text_sha256, 8))::bit(32)::bigint, {bounds}::bigint[])")
_CHOICE_SQL = sql.SQL("(array_position({choices}::text[], vote.choice::text) - 1)::bigint").format(
    choices=sql.Literal(list(Choice.values))
)

# Whose votes are in a release at all. Somebody who withdrew consent is left out, whatever became of their votes. Those of
# machines are in a config of their own: nothing in a row of `votes` would tell them from a person's.
_IS_RELEASED = sql.SQL("member.state <> 'withdrawn' AND member.kind = 'human'")
_IS_MACHINE = sql.SQL("member.state <> 'withdrawn' AND member.kind = 'machine'")

_VOTES_SQL = sql.SQL("""
    SELECT vote.id, seat.pair_id, question.slug, member.public_id, {choice},
           seat.a_on_left, seat.kind, vote.elapsed_ms, vote.conditions::text, guideline.version, vote.created_at,
           vote.void_reason, pair.external_id, pair.metadata::text, nullif(vote.comment, ''), {split}
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

_PAIRS_SQL = """
    SELECT pair.id AS pair_id, prompt.id AS prompt_id, prompt.text AS prompt,
           nullif(prompt.category, '') AS category, nullif(prompt.language, '') AS language,
           maker_a.name AS generator_a, maker_b.name AS generator_b,
           seats.is_gold, seats.is_audit, pair.inclusion_probability,
           seats.state = {held} AS is_held, {split} AS split,
           image_a.sha256 AS sha256_a, image_a.format AS format_a, image_a.byte_size::bigint AS size_a,
           image_b.sha256 AS sha256_b, image_b.format AS format_b, image_b.byte_size::bigint AS size_b,
           nullif(concat(CASE WHEN gone_a.id IS NOT NULL THEN 'a' END, CASE WHEN gone_b.id IS NOT NULL THEN 'b' END), '')
               AS taken_down,
           coalesce(pair.metadata->>'evolution', prompt.metadata->>'evolution') AS evolution,
           coalesce(pair.metadata->>'sub_category', prompt.metadata->>'sub_category') AS sub_category,
           pair.external_id, pair.metadata::text AS metadata,
           prompt.external_id AS prompt_external_id, prompt.metadata::text AS prompt_metadata,
           image_a.seed AS seed_a, image_a.parameters::text AS parameters_a, image_a.width AS width_a, image_a.height AS height_a,
           image_b.seed AS seed_b, image_b.parameters::text AS parameters_b, image_b.width AS width_b, image_b.height AS height_b
    FROM annotator_pair pair
    JOIN annotator_pair_seats seats ON seats.id = pair.id
    JOIN annotator_prompt prompt ON prompt.id = pair.prompt_id
    JOIN annotator_image image_a ON image_a.id = pair.image_a_id
    JOIN annotator_image image_b ON image_b.id = pair.image_b_id
    LEFT JOIN annotator_takedown gone_a ON gone_a.campaign_id = pair.campaign_id AND gone_a.sha256 = image_a.sha256
    LEFT JOIN annotator_takedown gone_b ON gone_b.campaign_id = pair.campaign_id AND gone_b.sha256 = image_b.sha256
    LEFT JOIN annotator_generator maker_a ON maker_a.id = image_a.generator_id
    LEFT JOIN annotator_generator maker_b ON maker_b.id = image_b.generator_id
    -- Who looks at a release has not agreed to see what a reviewer found unsafe.
    WHERE pair.campaign_id = {campaign} AND NOT image_a.is_unsafe AND NOT image_b.is_unsafe
    ORDER BY pair.id
"""


# Each file once, in the order in which they came.
_IMAGES_SQL = """
    SELECT first.* FROM (
        SELECT DISTINCT ON (image.sha256) image.id, image.sha256, image.format, image.byte_size::bigint AS size,
               image.width, image.height
        FROM annotator_image image JOIN annotator_prompt prompt ON prompt.id = image.prompt_id
        WHERE prompt.campaign_id = {campaign} AND NOT EXISTS (
            SELECT FROM annotator_takedown gone WHERE gone.campaign_id = {campaign} AND gone.sha256 = image.sha256
        )
        ORDER BY image.sha256, image.id
    ) first ORDER BY first.id
"""


class CampaignSnapshot:
    """A campaign as it is at one moment. Votes that are cast or voided meanwhile are not seen."""

    def __init__(self, database: Snapshot, campaign: Campaign) -> None:
        self.database = database
        self.own = campaign.pk
        [self.campaign] = self.query("SELECT * FROM annotator_campaign WHERE id = {own}")
        self.questions = self.query(
            "SELECT id, slug, text, choices FROM annotator_question WHERE campaign_id = {own} ORDER BY position"
        )
        validation, test = self.campaign["share_validation"], self.campaign["share_test"]
        self.shares = (1 - validation - test, validation, test)  # of the prompts, per split

    @property
    def secondary_questions(self) -> list[str]:
        """The slugs of the questions after the first."""
        return [question["slug"] for question in self.questions[1:]]

    def put_all_in_train(self) -> None:
        """From now on, every prompt is in the first split."""
        self.shares = (1.0, 0.0, 0.0)

    def query(self, query: str) -> list[dict[str, Any]]:
        """All rows of a small result. {own} is the campaign's id, {is_released} whose votes are in a release."""
        rows: list[dict[str, Any]] = self.database.table(query, own=self.own, is_released=_IS_RELEASED).to_pylist()
        return rows

    def votes(self, first_votes: Ints) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
        """The rows of the votes config by vote id, in batches of some megabytes, with the split of each.

        `first_votes` are the ids of the votes that are first ones, sorted.
        """
        schema = VOTES.schema
        for batch in self.database.batches(self.votes_query()):
            *columns, external_id, metadata, comment, split = batch.columns
            is_first = pa.array(_are_among(batch.column(0).to_numpy(), first_votes))
            rows = [*columns, is_first, external_id, metadata, comment]
            yield pa.RecordBatch.from_arrays(rows, schema=schema), split.to_numpy()

    def machine_votes(self) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
        """The rows of the config of machines' votes, in the same way."""
        for batch in self.database.batches(self.votes_query(_IS_MACHINE)):
            *columns, split = batch.columns
            yield pa.RecordBatch.from_arrays(columns, schema=MACHINE_VOTES.schema), split.to_numpy()

    def votes_query(self, is_released: sql.SQL = _IS_RELEASED) -> sql.Composed:
        return _VOTES_SQL.format(campaign=sql.Literal(self.own), choice=_CHOICE_SQL, split=self._split(), is_released=is_released)

    def pairs(self) -> Iterator[pa.RecordBatch]:
        """All pairs by id, in batches."""
        yield from self.database.batches(_PAIRS_SQL, campaign=self.own, held=PairState.HELD.value, split=self._split())

    def annotators(self) -> list[int]:
        """Whose votes are read, void ones too, and who sent or was sent what an adjudication says."""
        query = (
            "SELECT DISTINCT vote.member_id AS id FROM annotator_vote vote JOIN annotator_member member"
            " ON member.id = vote.member_id WHERE vote.campaign_id = {own} AND {is_released}"
            " UNION SELECT member.id FROM annotator_adjudication said JOIN annotator_member member"
            " ON member.campaign_id = {own} AND (member.id = said.member_id OR member.user_id = said.by_id)"
            " WHERE said.campaign_id = {own} AND member.state <> 'withdrawn'"
        )
        return sorted(row["id"] for row in self.query(query))

    def images(self) -> pa.Table:
        """Every image file of the campaign once, whichever prompts it is under: a hundred bytes for each."""
        return self.database.table(_IMAGES_SQL, campaign=self.own)

    def _split(self) -> sql.Composed:
        """The split's index: how many of the bounds but the last are at or below the prompt's number (as splits.split_of)."""
        return _SPLIT_SQL.format(bounds=sql.Literal(split_bounds(self.shares)[:-1]))


def _are_among(ids: Ints, known: Ints) -> Bools:
    """Whether each id is known; both are sorted, so that a batch costs a look-up for each of its rows."""
    if not len(known):
        return np.zeros(len(ids), dtype=np.bool_)
    place = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.asarray(known[place] == ids)


@contextmanager
def snapshot_of(campaign: Campaign) -> Iterator[CampaignSnapshot]:
    """Read a campaign in one repeatable-read transaction. Sees only what is committed."""
    with snapshot(work_mem=WORK_MEM) as database:
        yield CampaignSnapshot(database, campaign)
