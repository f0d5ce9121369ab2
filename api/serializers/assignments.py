"""Assignments: what annotators see of a pair, and the answers they send."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotator.choices import Choice, FlagReason
from annotator.importing.images import DISPLAY_WIDTHS
from annotator.judging.conditions import problem_with
from annotator.judging.voting import COMMENT_LIMIT, ELAPSED_MS_LIMIT, FLAG_NOTE_LIMIT
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment
from api.serializers.base import Body, ShownId, Text, WholeNumber
from api.serializers.questions import QuestionSerializer

ELAPSED_MS: dict[str, Any] = {
    "min_value": 0,
    "max_value": ELAPSED_MS_LIMIT,
    "required": False,
    "allow_null": True,
    "help_text": "Milliseconds from both images shown to the answer. Ignored if longer than the time since assignment.",
}
COMMENT: dict[str, Any] = {
    "max_length": COMMENT_LIMIT,
    "allow_blank": True,
    "default": "",
    "help_text": "A free-text comment. Stored only if the campaign asks for comments.",
}


class SideSerializer(serializers.Serializer[Any]):
    """One of the two images."""

    slot = serializers.ChoiceField([Choice.A, Choice.B], help_text="Send this as the choice if this image is better.")
    url = serializers.URLField()
    width = serializers.IntegerField(help_text="In pixels, of the original image.")
    height = serializers.IntegerField(help_text="In pixels, of the original image.")


class AssignmentSerializer(serializers.ModelSerializer[Assignment]):
    """A pair to judge, with the side of each image."""

    # Regular, gold and repeated pairs must look the same here, and nothing may name a generator.
    # Needs `request` and the campaign's `questions` in the context.

    id = ShownId(ASSIGNMENTS, source="pk")
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
    """Maps question slugs to choices. The campaign defines the questions and their choices."""


class ConditionsField(serializers.JSONField):
    """The viewing conditions of an answer: `judging.conditions` says what they can be."""

    def to_internal_value(self, data: Any) -> Any:
        if problem := problem_with(data):
            raise serializers.ValidationError(": ".join(filter(None, problem)))
        return data


CONDITIONS: dict[str, Any] = {
    "required": False,
    "allow_null": True,
    "help_text": "How the pair was seen and answered. See the documentation for its fields.",
}


class ChoiceBody(Body):
    """The answer in a campaign with one question."""

    choice = serializers.ChoiceField(Choice.choices)
    elapsed_ms = WholeNumber(**ELAPSED_MS)
    comment = Text(**COMMENT)
    conditions = ConditionsField(**CONDITIONS)


class ChoicesBody(Body):
    """The answers to all questions of the campaign."""

    refused = {"choice": "Send either `choice` or `choices`."}

    choices = ChoicesField(child=Text(max_length=16), allow_empty=False)
    elapsed_ms = WholeNumber(**ELAPSED_MS)
    comment = Text(**COMMENT)
    conditions = ConditionsField(**CONDITIONS)


class FlagBody(Body):
    """The problem with a pair."""

    reason = serializers.ChoiceField(FlagReason.choices)
    note = Text(max_length=FLAG_NOTE_LIMIT, allow_blank=True, default="", help_text="A free-text note for the managers.")


class OutcomeSerializer(serializers.ModelSerializer[Assignment]):
    """An assignment and its current state."""

    id = ShownId(ASSIGNMENTS, source="pk")

    class Meta:
        model = Assignment
        fields = ["id", "state"]
        read_only_fields = fields
