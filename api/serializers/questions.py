"""The questions of a campaign."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from rest_framework import serializers

from annotator.choices import Choice
from annotator.models import Question
from annotator.models.campaigns import QUESTION_SLUG_PATTERN
from annotator.models.in_languages import validate_translations
from api.serializers.base import Body, PatternText, Text


class QuestionBody(Body):
    """A question about each pair."""

    slug = PatternText(QUESTION_SLUG_PATTERN, max_length=48)
    text = Text(max_length=300)
    choices = serializers.ListField(
        child=serializers.ChoiceField(Choice.choices),
        default=lambda: list(Choice.values),
        help_text="The possible answers: `a` and `b`, and optionally `both_good` and `both_bad`. Default: all four.",
    )

    translations = serializers.DictField(
        child=Text(max_length=300),
        required=False,
        help_text="The question in other languages, by the code of a language of the site, such as `de`. Annotators read theirs.",
    )

    def validate_translations(self, translations: dict[str, str]) -> dict[str, str]:
        try:
            validate_translations(translations)
        except ValidationError as error:
            raise serializers.ValidationError(error.messages) from error
        return translations

    def validate_choices(self, choices: list[str]) -> list[str]:
        if not {Choice.A, Choice.B} <= set(choices):
            raise serializers.ValidationError("Include `a` and `b`.")
        return choices


class QuestionSerializer(serializers.ModelSerializer[Question]):
    choices = serializers.ListField(child=serializers.ChoiceField(Choice.choices))
    translations = serializers.DictField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Question
        fields = ["slug", "text", "choices", "translations"]
