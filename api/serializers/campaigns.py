"""Campaigns: their rules, what may change, and what of them somebody sees."""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotator.campaigns.questions import QUESTIONS_LIMIT
from annotator.choices import CampaignState, MemberState, Role
from annotator.models import Campaign, CampaignProgress, Member, User
from annotator.models.campaign_rules import MANAGERS_RULES, RULES, SETTINGS
from annotator.models.fields import SLUG_PATTERN
from annotator.scoring.progress import coarse_share, share_done
from api.serializers.base import Body, PatternText, Share, Text, WholeNumber, YesOrNo
from api.serializers.questions import QuestionBody, QuestionSerializer

SEES_COUNTS = (Role.REVIEWER, Role.MANAGER)
COUNTS = [
    "pairs_total",
    "pairs_settled",
    "pairs_held",
    "votes_wanted",
    "votes_live",
    "seats_open",
    "votes_last_hour",
    "annotators_last_hour",
]


class RulesBody(Body, serializers.ModelSerializer[Campaign]):
    """How the campaign collects votes. What is left out stays, or is the default of a new campaign."""

    # Made from the model, where each rule is declared, with the strict types of JSON.
    serializer_field_mapping = {
        models.BooleanField: YesOrNo,
        models.CharField: Text,
        models.FloatField: Share,
        models.IntegerField: WholeNumber,
        models.TextField: Text,
    }

    class Meta:
        model = Campaign
        fields = SETTINGS

    def build_standard_field(self, field_name: str, model_field: models.Field[Any, Any]) -> tuple[type[Any], dict[str, Any]]:
        field_class, kwargs = super().build_standard_field(field_name, model_field)
        if field_name in RULES:
            kwargs["help_text"] += f" Default: {json.dumps(model_field.get_default())}."
        return field_class, kwargs


class CampaignChanges(RulesBody):
    """What is to be changed; what is left out stays."""

    refused = dict.fromkeys(["slug", "questions", "guideline", "progress", "created_at", "member"], "This cannot be changed.")

    class Meta(RulesBody.Meta):
        fields = ["name", "description", "state", *SETTINGS]
        extra_kwargs = {"name": {"required": False}}


class NewCampaign(RulesBody):
    """A campaign to be made."""

    slug = PatternText(SLUG_PATTERN, max_length=96)
    state = serializers.ChoiceField([CampaignState.DRAFT, CampaignState.OPEN], default=CampaignState.DRAFT)
    questions = serializers.ListField(
        child=QuestionBody(),
        default=list,
        max_length=QUESTIONS_LIMIT,
        help_text="The first is primary. Left out: which image is better overall.",
    )
    guideline = Text(max_length=200_000, allow_blank=True, default="", help_text="Its first guideline, in Markdown.")

    class Meta(RulesBody.Meta):
        fields = ["slug", "name", "description", "state", *SETTINGS, "questions", "guideline"]
        extra_kwargs = {"description": {"default": ""}}

    def validate_questions(self, questions: list[dict[str, str]]) -> list[dict[str, str]]:
        if len({question["slug"] for question in questions}) < len(questions):
            raise serializers.ValidationError("Each question needs a slug of its own.")
        return questions


class OwnPlaceSerializer(serializers.ModelSerializer[Member]):
    """The place in a campaign of the one who asks."""

    class Meta:
        model = Member
        fields = ["role", "state", "answered_count"]
        read_only_fields = fields


class ProgressSerializer(serializers.ModelSerializer[CampaignProgress]):
    """How far a campaign is, rolled up every few seconds. The counts are for its reviewers and managers only."""

    # Exact counts would tell an annotator who is alone whether their last vote counted, and so which pair was gold. Without
    # `context["sees_counts"]` there is only the share, in coarse steps.

    share = serializers.SerializerMethodField(
        help_text="Votes given of votes wanted, 0 to 1. For annotators in steps of a twentieth."
    )

    class Meta:
        model = CampaignProgress
        fields = ["share", "updated_at", *COUNTS]
        extra_kwargs = {name: {"required": False} for name in COUNTS}

    def get_share(self, progress: CampaignProgress) -> float:
        return round(share_done(progress), 4) if self.context["sees_counts"] else coarse_share(progress)

    def to_representation(self, progress: CampaignProgress) -> dict[str, Any]:
        shown = super().to_representation(progress)
        return shown if self.context["sees_counts"] else {name: shown[name] for name in ("share", "updated_at")}


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    """A campaign, as the one who asks may see it."""

    # That is `context["user"]`. Expects what `campaigns_for` prefetches.

    questions = QuestionSerializer(many=True)
    progress = serializers.SerializerMethodField(help_text="Counts are shown to reviewers and managers only.")
    member = serializers.SerializerMethodField()

    class Meta:
        model = Campaign
        fields = [
            "slug",
            "name",
            "description",
            "state",
            "questions",
            *SETTINGS,
            "progress",
            "member",
            "created_at",
        ]
        read_only_fields = fields
        extra_kwargs = {name: {"required": False, "help_text": "Shown to managers only."} for name in MANAGERS_RULES}

    def to_representation(self, campaign: Campaign) -> dict[str, Any]:
        shown = super().to_representation(campaign)
        place = own_place(campaign)
        is_manager = place is not None and place.role == Role.MANAGER and place.state == MemberState.ACTIVE
        if not is_manager and not self.context["user"].is_superuser:
            for name in MANAGERS_RULES:
                del shown[name]
        return shown

    @extend_schema_field(OwnPlaceSerializer(allow_null=True))
    def get_member(self, campaign: Campaign) -> dict[str, Any] | None:
        place = own_place(campaign)
        return OwnPlaceSerializer(place).data if place else None

    @extend_schema_field(ProgressSerializer(allow_null=True))
    def get_progress(self, campaign: Campaign) -> dict[str, Any] | None:
        progress = getattr(campaign, "progress", None)
        if progress is None:
            return None
        place = own_place(campaign)
        sees_counts = self.context["user"].is_superuser or (
            place is not None and place.role in SEES_COUNTS and place.state == MemberState.ACTIVE
        )
        return ProgressSerializer(progress, context={"sees_counts": sees_counts}).data


def own_place(campaign: Campaign) -> Member | None:
    places: list[Member] = campaign.own_places  # type: ignore[attr-defined]  # prefetched
    return places[0] if places else None


def campaigns_for(user: User) -> QuerySet[Campaign]:
    """The campaigns the user may see, with all that their JSON shows: four queries, however many there are."""
    own = Member.objects.filter(user=user)
    return (
        Campaign.objects.visible_to(user)
        .select_related("progress")
        .prefetch_related("questions", Prefetch("members", queryset=own, to_attr="own_places"))
    )
