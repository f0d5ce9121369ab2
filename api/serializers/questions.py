"""The questions of a campaign."""

from __future__ import annotations

from rest_framework import serializers

from annotator.choices import Choice
from annotator.models import Question
from annotator.models.campaigns import QUESTION_SLUG_PATTERN
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

    def validate_choices(self, choices: list[str]) -> list[str]:
        if not {Choice.A, Choice.B} <= set(choices):
            raise serializers.ValidationError("Include `a` and `b`.")
        return choices


class QuestionSerializer(serializers.ModelSerializer[Question]):
    choices = serializers.ListField(child=serializers.ChoiceField(Choice.choices))

    class Meta:
        model = Question
        fields = ["slug", "text", "choices"]
