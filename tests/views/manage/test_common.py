"""What the console's pages share."""

from __future__ import annotations

import pytest
from django import forms
from django.test import RequestFactory

from annotator.views.manage.common import posted, status_of


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
