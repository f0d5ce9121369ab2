"""Model instances out of written SQL."""

from __future__ import annotations

import pytest
from django.core.exceptions import FieldDoesNotExist

from annotator.lib.raw_sql import Columns, Reader, fetch
from annotator.models import Campaign, Member, User
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db


def test_a_row_is_an_instance_with_all_its_fields(django_assert_num_queries):
    member = MemberFactory(role="manager", answered_count=7)
    columns = Columns(Member, "somebody")
    sql = f"SELECT {columns.sql} FROM annotator_member somebody WHERE somebody.id = %(id)s::bigint"

    with django_assert_num_queries(1):
        (row,) = fetch(sql, {"id": member.pk})
        found = columns.instance(row)
        assert found == member
        assert not found.get_deferred_fields()
        assert (found.role, found.answered_count, found.campaign_id) == ("manager", 7, member.campaign_id)
    found.role = "reviewer"
    found.save()
    assert Member.objects.get().role == "reviewer"


def test_columns_that_were_not_selected_are_deferred(django_assert_num_queries):
    member = MemberFactory()
    columns = Columns(User, "person", "username", "id")
    (row,) = fetch(f"SELECT {columns.sql} FROM annotator_user person WHERE id = %(id)s::bigint", {"id": member.user_id})

    found = columns.instance(row)

    assert (found.pk, found.username) == (member.user_id, member.user.username)
    assert "email" in found.get_deferred_fields()
    with django_assert_num_queries(1):
        assert found.email == member.user.email


def test_a_row_of_several_models_is_taken_apart_in_its_order():
    member = MemberFactory()
    people, campaigns = Columns(User, "person", "id", "username"), Columns(Campaign, "campaign", "id", "slug")
    sql = (
        f"SELECT {people.sql}, 41 + 1, {campaigns.sql}, 'last' FROM annotator_member member"
        " JOIN annotator_user person ON person.id = member.user_id"
        " JOIN annotator_campaign campaign ON campaign.id = member.campaign_id"
    )
    reader = Reader(fetch(sql, {})[0])

    assert reader.peek() == member.user_id
    assert reader.take(people) == member.user
    assert reader.take_value() == 42
    assert reader.take(campaigns).slug == member.campaign.slug
    assert reader.take_value() == "last"


def test_values_are_never_part_of_the_statement():
    MemberFactory()
    hostile = "'; DELETE FROM annotator_member; --"

    assert fetch("SELECT %(text)s::text", {"text": hostile}) == [(hostile,)]
    assert Member.objects.count() == 1


def test_a_name_that_is_no_field_is_refused():
    with pytest.raises(FieldDoesNotExist):
        Columns(User, "person", "username", "nickname")
