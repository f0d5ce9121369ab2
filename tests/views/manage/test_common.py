"""What the console's pages share."""

from __future__ import annotations

import pytest
from django import forms
from django.test import RequestFactory

from annotator.models import Pair
from annotator.views.manage.common import OpenEndedPaginator, posted, status_of
from tests.factories import CampaignFactory, PairFactory


class NameForm(forms.Form):
    name = forms.CharField()


def test_only_a_post_fills_a_form_in():
    factory = RequestFactory()

    assert posted(factory.get("/", {"name": "birds"})) is None
    assert posted(factory.head("/", {"name": "birds"})) is None
    filled = posted(factory.post("/?name=cats", {"name": "birds"}))
    assert filled is not None
    assert filled.getlist("name") == ["birds"]
    assert posted(factory.post("/")) == {}  # an empty form is a filled one


@pytest.mark.parametrize(("data", "status"), [(None, 200), ({"name": "birds"}, 200), ({"name": ""}, 400), ({}, 400)])
def test_a_form_with_errors_answers_400(data, status):
    assert status_of(NameForm(data)) == status


@pytest.mark.django_db
class TestOpenEndedPages:
    @pytest.fixture
    def paginator(self, monkeypatch):
        monkeypatch.setattr(OpenEndedPaginator, "COUNTED", 3)
        PairFactory.create_batch(5, campaign=CampaignFactory())
        return OpenEndedPaginator(Pair.objects.order_by("pk"), 2)

    def test_they_follow_each_other_to_the_last(self, paginator):
        pages = [paginator.get_page(number) for number in ("1", "2", "3")]

        assert [pair for page in pages for pair in page] == list(Pair.objects.order_by("pk"))
        assert [(page.has_previous(), page.has_next()) for page in pages] == [(False, True), (True, True), (True, False)]
        assert pages[0].next_page_number() == 2

    @pytest.mark.parametrize("number", [None, "", "0", "-1", "nonsense", "4", "²", str(10**30)])
    def test_where_there_is_no_such_page_it_is_the_first(self, paginator, number):
        assert paginator.get_page(number).number == 1

    def test_they_are_counted_up_to_a_limit(self, paginator):
        assert paginator.in_words == "more than 3"
        assert OpenEndedPaginator(Pair.objects.order_by("pk")[:3], 2).in_words == "3"
