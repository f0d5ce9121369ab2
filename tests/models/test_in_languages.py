"""Texts of managers that annotators read in their own language."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from annotator.campaigns.guidelines import publish_guideline
from annotator.errors import Invalid
from annotator.models import Question
from annotator.models.in_languages import validate_translations
from tests.factories import CampaignFactory


def test_the_text_is_that_of_the_language_or_the_first_one():
    question = Question(text="Which is better?", translations={"de": "Was ist besser?"})

    with translation.override("de"):
        assert (question.text_here, question.language_here) == ("Was ist besser?", "de")
    for other in ("fr", "en"):
        with translation.override(other):
            assert (question.text_here, question.language_here) == ("Which is better?", "")


@pytest.mark.parametrize("wrong", [["de"], {"tlh": "text"}, {"de": " "}, {"de": 3}, {"DE": "text"}])
def test_only_texts_of_the_site_s_languages_are_taken(wrong):
    with pytest.raises(ValidationError):
        validate_translations(wrong)


@pytest.mark.django_db
def test_a_guideline_in_a_language_that_is_none_is_not_published():
    campaign = CampaignFactory()

    with pytest.raises(Invalid) as error:
        publish_guideline(campaign=campaign, text="Look.", by=None, translations={"tlh": "yIlegh"})
    assert "'tlh' is not a language of this site" in error.value.errors["translations"][0]
    assert not campaign.guidelines.exists()
