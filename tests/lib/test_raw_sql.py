"""Rows of hand-written SQL, typed by name."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from annotator.lib.raw_sql import fetch_prepared, statement
from annotator.models import Member, User
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db


@dataclass
class Row:
    person: User
    place: int
    inviter: User | None


ROW_SQL = """
-- The first line says what it is for.
SELECT %(place)s::int AS place, person.username AS "person.username", person.id AS "person.id",
       NULL::int AS "inviter.id", NULL::text AS "inviter.username", %(place)s::int + %(more)s::int AS total
FROM annotator_user person WHERE person.id = %(user)s::bigint
"""


def test_parameters_are_numbered_in_their_order_and_comments_are_left_out():
    query = statement(ROW_SQL)

    assert query.names == ("place", "more", "user")
    assert "$1::int AS place" in query.text
    assert "$1::int + $2::int" in query.text
    assert "--" not in query.text
    assert "%(" not in query.text


def test_rows_are_read_by_name_and_what_is_left_out_is_deferred(django_assert_num_queries):
    member = MemberFactory()

    with django_assert_num_queries(1):
        result = fetch_prepared(statement(ROW_SQL), {"place": 2, "more": 40, "user": member.user_id, "unused": None})
    (row,) = result.as_rows(Row)

    assert (row.person, row.person.username, row.place, row.inviter) == (member.user, member.user.username, 2, None)
    assert result.rows[0][-1] == 42
    assert result.first(Row) == row
    with django_assert_num_queries(1):
        assert row.person.email == member.user.email


def test_no_rows_are_no_rows():
    result = fetch_prepared(statement(ROW_SQL), {"place": 2, "more": 40, "user": 0})

    assert result.as_rows(Row) == []
    with pytest.raises(IndexError):
        result.first(Row)


@dataclass
class Misnamed:
    position: int


@dataclass
class Unselected:
    owner: User


@pytest.mark.parametrize("shape", [Misnamed, Unselected])
def test_a_field_without_a_column_is_an_error(shape):
    member = MemberFactory()
    result = fetch_prepared(statement(ROW_SQL), {"place": 2, "more": 40, "user": member.user_id})

    with pytest.raises(ValueError, match="column"):
        result.as_rows(shape)


def test_values_are_never_part_of_the_statement():
    MemberFactory()
    hostile = "'; DELETE FROM annotator_member; --"

    assert fetch_prepared(statement("SELECT %(text)s::text AS text"), {"text": hostile}).rows == [(hostile,)]
    assert Member.objects.count() == 1
