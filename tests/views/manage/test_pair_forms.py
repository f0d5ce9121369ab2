"""The filters of the list of pairs, as its address has them."""

from __future__ import annotations

from dataclasses import fields

import pytest
from django.http import QueryDict

from annotator.scoring.pair_list import PairFilter
from annotator.views.manage.pair_forms import PairFilterForm
from tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


def test_every_filter_has_a_field_and_an_empty_form_asks_for_all_pairs() -> None:
    form = PairFilterForm(QueryDict("after=3"), campaign=CampaignFactory())

    assert set(form.fields) == {field.name for field in fields(PairFilter)}
    assert {bound.name for bound in (*form.first_fields(), *form.further_fields())} == set(form.fields)
    assert form.is_valid()
    assert form.filter() == PairFilter()
    assert form.query() == {}
    assert not form.uses_further_fields()
