"""Every page of the admin opens, lists cost the same for any number of rows, and nobody may do more than they should."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client

from annotator import models
from annotator.admin.base import BoundedPaginator
from annotator.choices import PairState
from annotator.models import Member, Pair, User, Vote
from tests.admin.pages import address, one_of_each
from tests.factories import MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model.__name__)
READ_ONLY = {
    "ModerationAction",
    "Appeal",
    "HubAccount",
    "Publication",
    "ReleaseShard",
    "Assignment",
    "Consensus",
    "Flag",
    "Generator",
    "Image",
    "Import",
    "Prompt",
    "Release",
    "ReviewRule",
    "AnnotatorStats",
    "Vote",
}


INLINE = re.compile(r"<[^>]+\sstyle=|<style|<script(?![^>]*(\ssrc=|application/json|text/template))|<[^>]+\son[a-z]+=")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_page_opens_without_inline_scripts_or_styles(client: Client, model: type) -> None:
    row = one_of_each()[model]
    for page in (address(model, "changelist"), address(model, "change", row.pk)):
        response = client.get(page)
        assert response.status_code == 200
        assert not INLINE.search(response.content.decode())
    assert client.get(address(model, "history", row.pk)).status_code == 200
    is_made_here = admin.site._registry[model].has_add_permission(response.wsgi_request)
    assert client.get(address(model, "add")).status_code == (200 if is_made_here else 403)
    assert client.get(address(model, "changelist"), {"q": "x'\"%_7"}).status_code == 200
    assert client.get(address(model, "changelist"), {"nonsense": "1"}).status_code in (200, 302)


def test_lists_cost_the_same_for_ten_times_the_rows(client: Client, django_assert_max_num_queries) -> None:
    def queries(model: type) -> int:
        with django_assert_max_num_queries(12, info=model.__name__) as captured:
            assert client.get(address(model, "changelist")).status_code == 200
        return len(captured)

    one_of_each()
    client.get(address(User, "changelist"))
    few = {model.__name__: queries(model) for model in MODELS}
    for _ in range(9):
        one_of_each()
    assert {model.__name__: queries(model) for model in MODELS} == few


def test_nothing_is_deleted_that_the_database_protects(client: Client) -> None:
    rows = one_of_each()
    for model in MODELS:
        row = rows[model]
        data = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        assert client.post(address(model, "changelist"), data).status_code in (200, 302), model
        response = client.post(address(model, "delete", row.pk), {"post": "yes"})
        assert response.status_code == (302 if model is Group else 200 if model is User else 403), model
        assert model.objects.filter(pk=row.pk).exists() == (model is not Group), model


@pytest.mark.parametrize("name", sorted(READ_ONLY))
def test_what_people_said_and_what_follows_from_it_is_read_only(client: Client, name: str) -> None:
    model = getattr(models, name)
    row = one_of_each()[model]
    before = model.objects.filter(pk=row.pk).values().get()
    assert client.post(address(model, "add"), {}).status_code == 403
    assert client.post(address(model, "change", row.pk), {"choice": "b", "state": "failed"}).status_code == 403
    assert model.objects.filter(pk=row.pk).values().get() == before
    page = client.get(address(model, "change", row.pk)).content.decode()
    assert 'name="_save"' not in page


def test_staff_without_rights_see_nothing_and_those_with_rights_see_what_they_may() -> None:
    rows = one_of_each()
    helper = UserFactory(is_staff=True)
    client = Client()
    client.force_login(helper)
    assert client.get(address(Vote, "changelist")).status_code == 403
    helper.user_permissions.add(Permission.objects.get(codename="view_vote"))
    assert client.get(address(Vote, "changelist")).status_code == 200
    assert client.get(address(Vote, "change", rows[Vote].pk)).status_code == 200
    assert client.get(address(Pair, "changelist")).status_code == 403
    helper.user_permissions.add(Permission.objects.get(codename="view_pair"))
    answer = client.post(address(Pair, "changelist"), {"action": "hold", "_selected_action": [rows[Pair].pk]})
    assert answer.status_code in (200, 302, 403)
    rows[Pair].refresh_from_db()
    assert rows[Pair].state == PairState.OPEN


def test_strangers_are_sent_to_the_log_in() -> None:
    assert Client().get(address(Vote, "changelist")).status_code == 302


# --- lists of any length


def test_a_small_list_is_counted_exactly() -> None:
    MemberFactory.create_batch(3)
    assert BoundedPaginator(Member.objects.order_by("-pk"), 2).count == 3


def test_a_long_list_is_not_counted_to_its_end(monkeypatch, django_assert_num_queries) -> None:
    monkeypatch.setattr(BoundedPaginator, "EXACT_UP_TO", 3)
    monkeypatch.setattr(BoundedPaginator, "LAST_PAGE", 2)
    MemberFactory.create_batch(5)
    with django_assert_num_queries(2) as captured:
        whole = BoundedPaginator(Member.objects.order_by("-pk"), 1)
        assert whole.count >= 4
    assert "LIMIT 4" in captured[0]["sql"]
    assert "reltuples" in captured[1]["sql"]
    assert whole.num_pages == 2
    assert BoundedPaginator(Member.objects.filter(pk__gt=0), 1).count == 4
