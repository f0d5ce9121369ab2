"""The questions of a campaign."""

from __future__ import annotations

from rest_framework import serializers

from annotator.choices import Choice
from annotator.models import Question
from annotator.models.campaigns import QUESTION_SLUG_PATTERN
from api.serializers.base import Body, PatternText, Text


class QuestionBody(Body):
    """What is asked of a pair."""

    slug = PatternText(QUESTION_SLUG_PATTERN, max_length=48)
    text = Text(max_length=300)
    choices = serializers.ListField(
        child=serializers.ChoiceField(Choice.choices),
        default=lambda: list(Choice.values),
        help_text="What may be answered: `a` and `b`, and `both_good` or `both_bad` where they are wanted. All four if left out.",
    )

    def validate_choices(self, choices: list[str]) -> list[str]:
        if not {Choice.A, Choice.B} <= set(choices):
            raise serializers.ValidationError("`a` and `b` must be among them.")
        return choices


class QuestionSerializer(serializers.ModelSerializer[Question]):
    choices = serializers.ListField(child=serializers.ChoiceField(Choice.choices))

    class Meta:
        model = Question
        fields = ["slug", "text", "choices"]
