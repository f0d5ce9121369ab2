"""Assignments: what is shown of a pair, and what may be answered."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotator.choices import Choice, FlagReason
from annotator.importing.images import DISPLAY_WIDTHS
from annotator.judging.voting import COMMENT_LIMIT, ELAPSED_MS_LIMIT, FLAG_NOTE_LIMIT
from annotator.models import Assignment
from api.serializers.base import Body, Text, WholeNumber
from api.serializers.questions import QuestionSerializer

ELAPSED_MS: dict[str, Any] = {
    "min_value": 0,
    "max_value": ELAPSED_MS_LIMIT,
    "required": False,
    "allow_null": True,
    "help_text": "Milliseconds from both images shown to the answer. Not kept when the pair was handed out later than that.",
}
COMMENT: dict[str, Any] = {
    "max_length": COMMENT_LIMIT,
    "allow_blank": True,
    "default": "",
    "help_text": "In your own words; kept where the campaign asks for comments.",
}


class SideSerializer(serializers.Serializer[Any]):
    """One image as it stands on the page."""

    slot = serializers.ChoiceField([Choice.A, Choice.B], help_text="What to post as the choice when this image is better.")
    url = serializers.URLField()
    width = serializers.IntegerField(help_text="Of the original image, in pixels.")
    height = serializers.IntegerField(help_text="Of the original image, in pixels.")


class AssignmentSerializer(serializers.ModelSerializer[Assignment]):
    """A pair to be judged, as it is to be shown."""

    # Nothing here may differ between a regular, a gold and a repeated pair, and nothing names a generator.
    # Needs `request` and the campaign's `questions` in the context.

    prompt = serializers.CharField(source="pair.prompt.text")
    left = serializers.SerializerMethodField()
    right = serializers.SerializerMethodField()
    questions = serializers.SerializerMethodField()
    expires_at = serializers.DateTimeField(source="lease_expires_at")

    class Meta:
        model = Assignment
        fields = ["id", "prompt", "left", "right", "questions", "expires_at"]

    @extend_schema_field(SideSerializer)
    def get_left(self, assignment: Assignment) -> dict[str, Any]:
        return self.side(assignment, Choice.A if assignment.a_on_left else Choice.B)

    @extend_schema_field(SideSerializer)
    def get_right(self, assignment: Assignment) -> dict[str, Any]:
        return self.side(assignment, Choice.B if assignment.a_on_left else Choice.A)

    @extend_schema_field(QuestionSerializer(many=True))
    def get_questions(self, assignment: Assignment) -> list[dict[str, Any]]:
        return self.context["questions"]

    def side(self, assignment: Assignment, slot: Choice) -> dict[str, Any]:
        image = assignment.pair.image_a if slot == Choice.A else assignment.pair.image_b
        address = reverse("image", args=[image.public_id, max(DISPLAY_WIDTHS)])
        url = self.context["request"].build_absolute_uri(address)
        return {"slot": slot.value, "url": url, "width": image.width, "height": image.height}


@extend_schema_field({"type": "object", "minProperties": 1, "additionalProperties": {"type": "string", "enum": Choice.values}})
class ChoicesField(serializers.DictField):
    """Question slug to choice. Which questions and choices there are is the campaign's to say."""


class ChoiceBody(Body):
    """The answer to the only question."""

    choice = serializers.ChoiceField(Choice.choices)
    elapsed_ms = WholeNumber(**ELAPSED_MS)
    comment = Text(**COMMENT)


class ChoicesBody(Body):
    """An answer to every question: its slug and the choice."""

    refused = {"choice": "Send either `choice` or `choices`."}

    choices = ChoicesField(child=Text(max_length=16), allow_empty=False)
    elapsed_ms = WholeNumber(**ELAPSED_MS)
    comment = Text(**COMMENT)


class FlagBody(Body):
    """What is wrong with the pair."""

    reason = serializers.ChoiceField(FlagReason.choices)
    note = Text(max_length=FLAG_NOTE_LIMIT, allow_blank=True, default="", help_text="For the managers, in your own words.")


class OutcomeSerializer(serializers.ModelSerializer[Assignment]):
    """An assignment, and the state it is in now."""

    class Meta:
        model = Assignment
        fields = ["id", "state"]
        read_only_fields = fields
