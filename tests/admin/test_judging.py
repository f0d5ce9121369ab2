"""Assignments, votes, flags and labels in the admin."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from annotator.models import Assignment, Flag, Member, Pair, Vote
from tests.admin.pages import address, one_of_each

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Assignment, Vote])
def test_judgments_are_found_by_pair_user_name_and_pseudonym(client: Client, model: type) -> None:
    rows, others = one_of_each(), one_of_each()
    member = rows[Member]
    for term in (str(rows[Pair].pk), member.user.username, member.public_id):
        page = client.get(address(model, "changelist"), {"q": term}).content.decode()
        assert address(model, "change", rows[model].pk) in page
        assert address(model, "change", others[model].pk) not in page


@pytest.mark.parametrize("term", ["0", "nobody", "9" * 30, "²"])
def test_a_search_that_finds_nothing_shows_nothing(client: Client, term: str) -> None:
    one_of_each()
    assert list(client.get(address(Vote, "changelist"), {"q": term}).context["cl"].result_list) == []


def test_flags_are_filtered_by_whether_they_are_resolved(client: Client) -> None:
    flag, resolved = one_of_each()[Flag], one_of_each()[Flag]
    Flag.objects.filter(pk=resolved.pk).update(resolved_at=timezone.now())
    for is_empty, found in ((1, flag), (0, resolved)):
        page = client.get(address(Flag, "changelist"), {"resolved_at__isempty": is_empty})
        assert list(page.context["cl"].result_list) == [found]
