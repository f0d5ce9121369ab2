"""The rules of the review, what they would do, and what was done."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotator.models import Member, ModerationAction, ReviewRule
from annotator.models.campaign_rules import RULES
from annotator.quality.rule_preview import Preview, RulePreview
from annotator.quality.rules import is_undecided
from api.serializers.base import Body, Share, WholeNumber, YesOrNo

SHARE_MAX, TOO_FAST = (RULES[name].validators for name in ("review_share_max", "too_fast_ms"))


class RuleSerializer(serializers.ModelSerializer[ReviewRule]):
    """A rule of the review. `decided` is false while it is off because an update brought it or changed its test."""

    decided = serializers.SerializerMethodField()

    class Meta:
        model = ReviewRule
        fields = [
            *("id", "outcome", "measure", "threshold", "minimum", "enabled"),
            *("version", "test_version", "decided", "asks_since"),
        ]
        read_only_fields = fields

    def get_decided(self, rule: ReviewRule) -> bool:
        return not is_undecided(rule)


class WantedRule(Body):
    """A rule as it would be. Fields you leave out stay as they are."""

    id = WholeNumber()
    threshold = Share(required=False, min_value=-1000, max_value=1000)
    minimum = WholeNumber(required=False, min_value=1, max_value=100_000)
    enabled = YesOrNo(required=False)


class PreviewBody(Body):
    """The rules as they would be. Rules and fields you leave out stay as they are."""

    rules = serializers.ListField(child=WantedRule(), required=False, max_length=100)
    review_share_max = Share(required=False, validators=SHARE_MAX)
    too_fast_ms = WholeNumber(required=False, validators=TOO_FAST)


class FoundMember(serializers.ModelSerializer[Member]):
    annotator_id = serializers.CharField(source="public_id")
    name = serializers.CharField(source="user.username")

    class Meta:
        model = Member
        fields = ["annotator_id", "name"]


class RulePreviewSerializer(serializers.Serializer[RulePreview]):
    """What one rule would do. `asks`: it would not act but ask a manager first."""

    id = serializers.IntegerField(source="rule.pk")
    outcome = serializers.CharField(source="rule.outcome")
    measure = serializers.CharField(source="rule.measure")
    version = serializers.IntegerField(source="rule.version")
    asks = serializers.BooleanField()
    annotators = FoundMember(source="people", many=True)


class PreviewSerializer(serializers.Serializer[Preview]):
    """What the next review would do. Nothing has changed."""

    warned = serializers.IntegerField()
    paused = serializers.IntegerField()
    suspended = serializers.IntegerField()
    votes_voided = serializers.IntegerField(source="votes")
    rules = RulePreviewSerializer(many=True)
    measured_at = serializers.DateTimeField()


class RuleOfAction(serializers.ModelSerializer[ModerationAction]):
    """The rule as it was at that time. The versions are null for actions from before versions were kept."""

    id = serializers.IntegerField(source="rule_id")
    outcome = serializers.CharField(source="rule.outcome")
    measure = serializers.CharField(source="rule.measure")
    version = serializers.IntegerField(source="rule_version", allow_null=True)

    class Meta:
        model = ModerationAction
        fields = ["id", "outcome", "measure", "version", "test_version"]


class ActionSerializer(serializers.ModelSerializer[ModerationAction]):
    """Something that was done about a member. `figures` has the measured value, and the rule's threshold and minimum then."""

    annotator_id = serializers.CharField(source="member.public_id")
    automatic = serializers.SerializerMethodField(help_text="Whether a rule acted by itself.")
    rule = serializers.SerializerMethodField()
    actor = serializers.CharField(source="actor.username", allow_null=True, default=None)
    figures = serializers.DictField()

    class Meta:
        model = ModerationAction
        fields = ["id", "annotator_id", "kind", "automatic", "rule", "figures", "actor", "note", "at"]
        read_only_fields = fields

    def get_automatic(self, action: ModerationAction) -> bool:
        return action.rule_id is not None and action.actor_id is None

    @extend_schema_field(RuleOfAction(allow_null=True))
    def get_rule(self, action: ModerationAction) -> dict[str, object] | None:
        return dict(RuleOfAction(action).data) if action.rule_id is not None else None
