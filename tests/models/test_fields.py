"""Constraint builders: a foreign key of two columns says what it is, and costs one look-up."""

from __future__ import annotations

import re

import pytest
from django.db import connection

from annotator.models import (
    Campaign,
    Member,
    Pair,
)
from annotator.models.fields import SLUG_PATTERN, ForeignKeyPair, in_campaign, random_public_id
from tests import factories as make
from tests.models.constraint_cases import assert_refused, check_at_once

pytestmark = pytest.mark.django_db


def import_pairs(campaign: Campaign, count: int) -> None:
    """As many at once as a worker never writes, past every factory."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH prompt AS (INSERT INTO annotator_prompt (campaign_id, text, text_sha256, category, language, metadata)"
            " SELECT %(campaign)s, n, encode(sha256((%(count)s || '/' || n)::bytea), 'hex'), '', '', '{}'"
            " FROM generate_series(1, %(count)s) n RETURNING campaign_id, id),"
            " image AS (INSERT INTO annotator_image (public_id, prompt_id, parameters, sha256, format, width, height, byte_size)"
            " SELECT gen_random_uuid(), id, '{}', encode(sha256(k::text::bytea), 'hex'), 'PNG', 1, 1, 1"
            " FROM prompt, generate_series(1, 2) k RETURNING prompt_id, id),"
            " fresh AS MATERIALIZED (SELECT nextval(pg_get_serial_sequence('annotator_pair_seats', 'id')) AS id, both_images.*"
            " FROM (SELECT prompt_id, min(id) AS a, max(id) AS b FROM image GROUP BY prompt_id) both_images),"
            " seats AS (INSERT INTO annotator_pair_seats"
            " (id, campaign_id, state, votes_wanted, seats_taken, seats_a_on_left, priority, ring)"
            " SELECT id, %(campaign)s, 'open', 1, 0, 0, 0, 0 FROM fresh RETURNING id)"
            " INSERT INTO annotator_pair (id, campaign_id, prompt_id, image_a_id, image_b_id, metadata, gold_note, created_at)"
            " SELECT fresh.id, %(campaign)s, prompt_id, a, b, '{}', '', now() FROM seats JOIN fresh ON fresh.id = seats.id",
            {"campaign": campaign.pk, "count": count},
        )


def hand_out(member: Member, count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO annotator_assignment (campaign_id, member_id, pair_id, kind, state, a_on_left, created_at,"
            " lease_expires_at) SELECT campaign_id, %s, id, 'training', 'open', true, now(), now() FROM annotator_pair"
            " ORDER BY id DESC LIMIT %s",
            [member.pk, count],
        )


def rows_read() -> dict[str, int]:
    """In this transaction so far, by index or not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, coalesce(idx_tup_fetch, 0) + seq_tup_read FROM pg_stat_xact_user_tables")
        return {table.removeprefix("annotator_"): count for table, count in cursor.fetchall()}


@pytest.mark.parametrize("planned_for", [1, 300])
def test_a_reference_is_one_look_up_whatever_it_was_planned_for(planned_for):
    """A session plans the check of a foreign key once. A worker that began with the first pairs imports a million more."""
    with connection.cursor() as cursor:
        # As new: what autovacuum noted of tables that tests leave empty would have them read whole.
        cursor.execute(
            "TRUNCATE annotator_prompt, annotator_image, annotator_pair, annotator_pair_seats, annotator_member,"
            " annotator_assignment CASCADE"
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    member = make.MemberFactory()
    import_pairs(member.campaign, planned_for)
    hand_out(member, 1)
    before = rows_read()

    import_pairs(member.campaign, 3000)
    make.MemberFactory.create_batch(20, campaign=member.campaign)
    hand_out(member, 100)

    read = {table: count - before[table] for table, count in rows_read().items()}
    assert read["prompt"] == 3 * 3000  # for each pair, and for each of its images
    assert read["image"] == 2 * 3000
    assert read["pair"] == 100 + 100  # for each assignment, and to choose them
    assert read["pair_seats"] == 3000 + 3000  # for each pair: by its trigger, and by its foreign key
    assert read["member"] == 100


def test_a_foreign_key_of_two_columns_is_rebuilt_from_a_migration() -> None:
    [key] = [each for each in Pair._meta.constraints if each.name == "pair_image_a_of_prompt"]
    path, positional, named = key.deconstruct()
    assert path == "annotator.models.fields.ForeignKeyPair"
    assert ForeignKeyPair(*positional, **named) == key
    assert ForeignKeyPair(**named | {"name": "another"}) != key


def test_a_foreign_key_of_two_columns_can_be_dropped_and_made_again() -> None:
    key = in_campaign("prompt", "Prompt", name="pair_prompt_in_campaign")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Pair, key)
        editor.add_constraint(Pair, key)
    assert_refused(key.name, lambda: check_at_once(lambda: make.PairFactory(prompt=make.PromptFactory())))


@pytest.mark.parametrize(
    ("slug", "fits"), [("scenes", True), ("scenes-2.v1", True), ("Scenes", False), ("scenes-", False), ("", False)]
)
def test_a_slug_is_lower_case_with_single_signs_between(slug: str, fits: bool) -> None:
    assert bool(re.search(SLUG_PATTERN, slug)) == fits


def test_public_ids_are_random_hex_digits() -> None:
    ids = {random_public_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in ids)
