"""Votes, as annotators and as reviewers get them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotator.choices import AssignmentKind, Choice, VoidReason
from annotator.lib.public_ids import PAIRS, VOTES
from annotator.models import Vote
from api.serializers.assignments import AssignmentSerializer
from api.serializers.base import ShownId


class OwnVoteSerializer(serializers.ModelSerializer[Vote]):
    """Your vote, with those columns of the `votes` config that say nothing of the pair."""

    # Annotators must not learn which pairs were gold or repeats, so `kind` is null, and ids are other numbers than in exports:
    # rows are numbered as they are made. Needs `knows_ids` in the context for those who can read exports.

    vote_id = ShownId(VOTES, source="pk", help_text="For annotators, another number than in exports.")
    pair_id = ShownId(PAIRS, source="assignment.pair_id", help_text="For annotators, another number than in exports.")
    question = serializers.CharField(source="question.slug")
    annotator_id = serializers.CharField(source="assignment.member.public_id")
    a_on_left = serializers.BooleanField(source="assignment.a_on_left")
    kind = serializers.SerializerMethodField(help_text="Always null here. Exports contain it.")
    guideline_version = serializers.IntegerField(source="assignment.guideline.version", default=None, allow_null=True)

    class Meta:
        model = Vote
        fields = [
            "vote_id",
            "pair_id",
            "question",
            "annotator_id",
            "choice",
            "a_on_left",
            "kind",
            "elapsed_ms",
            "conditions",
            "guideline_version",
            "created_at",
            "void_reason",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "nullable": True})
    def get_kind(self, vote: Vote) -> None:
        return None


class AnswerSerializer(serializers.Serializer[Any]):
    """The votes of an answer sent as `choices`, in the order of the questions. `assignment` is the number in the address."""

    assignment = serializers.IntegerField()
    votes = OwnVoteSerializer(many=True)


NEXT: dict[str, Any] = {"many": True, "default": list, "help_text": "With `next`: what you judge next, the oldest first."}


class CastVoteSerializer(OwnVoteSerializer):
    """Your vote, and your next assignments if you asked for them."""

    next = AssignmentSerializer(**NEXT)

    class Meta(OwnVoteSerializer.Meta):
        fields = [*OwnVoteSerializer.Meta.fields, "next"]
        read_only_fields = fields


class CastAnswerSerializer(AnswerSerializer):
    """The votes of an answer, and your next assignments if you asked for them."""

    next = AssignmentSerializer(**NEXT)


class ExportedVoteSerializer(serializers.Serializer[Any]):
    """A vote, with the columns of the `votes` config. If the annotator withdrew consent, the answer is removed."""

    # For the OpenAPI document: the database makes the JSON (feeds/vote_feed.py).

    vote_id = serializers.IntegerField()
    pair_id = serializers.IntegerField()
    question = serializers.CharField()
    annotator_id = serializers.CharField(help_text="A pseudonym. A person has a different one in each campaign.")
    choice = serializers.ChoiceField(Choice.choices, allow_null=True, help_text="Null if the annotator withdrew consent.")
    a_on_left = serializers.BooleanField(allow_null=True)
    kind = serializers.ChoiceField(
        AssignmentKind.choices, help_text="Only regular votes become labels. `machine`: cast by a machine annotator."
    )
    elapsed_ms = serializers.IntegerField(allow_null=True)
    conditions = serializers.JSONField(allow_null=True, help_text="How the pair was seen and answered.")
    guideline_version = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    void_reason = serializers.ChoiceField(VoidReason.choices, allow_null=True, help_text="Null for a live vote.")
    external_id = serializers.CharField(allow_null=True, help_text="Your `external_id` of the pair.")
    metadata = serializers.DictField(help_text="Your `metadata` of the pair.")
    comment = serializers.CharField(allow_null=True, help_text="What the annotator wrote with the answer.")


class VotePageSerializer(serializers.Serializer[Any]):
    """Votes in the order of their last change, oldest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ExportedVoteSerializer(many=True)
