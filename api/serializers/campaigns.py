"""Campaigns: their rules, which fields can change, and who sees which fields."""

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
    "votes_to_come",
    "votes_live",
    "seats_open",
    "votes_last_hour",
    "annotators_last_hour",
]


class RulesBody(Body, serializers.ModelSerializer[Campaign]):
    """The rules of a campaign. In a new campaign, rules you leave out get their defaults."""

    # Made from the model, which declares each rule, with strict JSON types.
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
    """The fields to change. Fields you leave out stay as they are."""

    refused = dict.fromkeys(["slug", "questions", "guideline", "progress", "created_at", "member"], "This cannot be changed.")

    class Meta(RulesBody.Meta):
        fields = ["name", "description", "state", *SETTINGS]
        extra_kwargs = {"name": {"required": False}}


class NewCampaign(RulesBody):
    """A new campaign."""

    slug = PatternText(SLUG_PATTERN, max_length=96)
    state = serializers.ChoiceField([CampaignState.DRAFT, CampaignState.OPEN], default=CampaignState.DRAFT)
    questions = serializers.ListField(
        child=QuestionBody(),
        default=list,
        max_length=QUESTIONS_LIMIT,
        help_text="The first question is the primary one. Default: one question, which image is better overall.",
    )
    guideline = Text(
        max_length=200_000, allow_blank=True, default="", help_text="The first version of the guideline, in Markdown."
    )

    class Meta(RulesBody.Meta):
        fields = ["slug", "name", "description", "state", *SETTINGS, "questions", "guideline"]
        extra_kwargs = {"description": {"default": ""}}

    def validate_questions(self, questions: list[dict[str, str]]) -> list[dict[str, str]]:
        if len({question["slug"] for question in questions}) < len(questions):
            raise serializers.ValidationError("Each question needs a different slug.")
        return questions


class OwnPlaceSerializer(serializers.ModelSerializer[Member]):
    """Your membership in the campaign."""

    class Meta:
        model = Member
        fields = ["role", "state", "answered_count"]
        read_only_fields = fields


class ProgressSerializer(serializers.ModelSerializer[CampaignProgress]):
    """The progress of a campaign, updated every few seconds. Only reviewers and managers see the counts."""

    # With exact counts, an annotator who works alone could see whether their last vote counted, and so which pair was gold.
    # Without `context["sees_counts"]` there is only the share, in coarse steps.

    share = serializers.SerializerMethodField(
        help_text="Live votes as a share of votes wanted, 0 to 1. Annotators see it in steps of 0.05."
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
    """A campaign. Some fields depend on your role."""

    # The role is that of `context["user"]`. Needs the prefetches of `campaigns_for`.

    questions = QuestionSerializer(many=True)
    progress = serializers.SerializerMethodField(help_text="Only reviewers and managers see the counts.")
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
        extra_kwargs = {name: {"required": False, "help_text": "Only managers see this."} for name in MANAGERS_RULES}

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
    """The campaigns the user may see, with everything their JSON needs, in four queries for any number of campaigns."""
    own = Member.objects.filter(user=user)
    return (
        Campaign.objects.visible_to(user)
        .select_related("progress")
        .prefetch_related("questions", Prefetch("members", queryset=own, to_attr="own_places"))
    )
