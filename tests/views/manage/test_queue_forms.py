"""What the buttons of the review queue post."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from annotator.views.manage.queue_forms import DecideForm
from tests.factories import CampaignFactory, QuestionFactory

pytestmark = pytest.mark.django_db


def test_only_what_was_answered_is_decided() -> None:
    beauty = QuestionFactory(campaign=CampaignFactory(), slug="beauty", position=1)
    questions = list(beauty.campaign.questions.order_by("position"))
    form = DecideForm(QueryDict("seen=0&decide=&choice_beauty=both_bad"), questions=questions)

    assert form.is_valid()
    assert form.choices() == {"beauty": "both_bad"}
    assert [bound.name for bound in form.secondary_fields()] == ["choice_beauty"]
