"""The JSON of the API: what bodies may say, and what answers look like.

The docstrings of these classes are read by the API's users, in the OpenAPI document; reasons stand in comments.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.core.validators import RegexValidator, URLValidator
from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotator.campaigns.lifecycle import MANAGERS_RULES, RULES
from annotator.campaigns.questions import QUESTIONS_LIMIT
from annotator.choices import (
    CAMPAIGN_EVENTS,
    AssignmentKind,
    CampaignState,
    Choice,
    ConsensusMethod,
    FlagReason,
    MemberState,
    PairingRule,
    Role,
    VoidReason,
)
from annotator.importing.images import DISPLAY_WIDTHS
from annotator.judging.voting import COMMENT_LIMIT, ELAPSED_MS_LIMIT, FLAG_NOTE_LIMIT
from annotator.models import (
    Assignment,
    Campaign,
    CampaignProgress,
    Delivery,
    Import,
    LineError,
    Member,
    Question,
    Release,
    ReleaseFile,
    User,
    Vote,
    Webhook,
)
from annotator.models.campaigns import (
    CITATION_LIMIT,
    COMPLETION_CODE_LIMIT,
    GOLD_RATE_LIMIT,
    LEASE_SECONDS_LIMITS,
    LICENCE_PATTERN,
    LICENCE_WORDS,
    REPEAT_RATE_LIMIT,
    RETURN_URL_LIMIT,
    SPLIT_SHARE_LIMIT,
    TRAINING_PAIRS_LIMIT,
    VOTES_WANTED_LIMIT,
)
from annotator.models.fields import SLUG_PATTERN
from annotator.models.webhooks import URL_LIMIT
from annotator.scoring.progress import coarse_share, share_done

SEES_COUNTS = (Role.REVIEWER, Role.MANAGER)
LIMIT_MAX = 1_000_000_000
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


class Text(serializers.CharField):
    """A JSON string; a number is not taken for one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeNumber(serializers.IntegerField):
    """A JSON number without a fraction; `"5"`, `5.0` and `true` are not."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class Share(serializers.FloatField):
    """A JSON number; text and `true` are not."""

    def to_internal_value(self, data: Any) -> float:
        if type(data) not in (int, float):
            self.fail("invalid")
        return super().to_internal_value(data)


class YesOrNo(serializers.BooleanField):
    """A JSON true or false; no word and no number is taken for one."""

    def to_internal_value(self, data: Any) -> bool:
        if type(data) is not bool:
            self.fail("invalid")
        return data


class PatternText(Text, serializers.RegexField):
    pass


class Body(serializers.Serializer[Any]):
    """What a client sends. A field that is not known is an error."""

    # Otherwise a misspelt rule would be no rule, and nobody would know.
    refused: Mapping[str, str] = {}  # what to say of fields that somebody may well expect here

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            for name in data.keys() - self.fields.keys():
                errors[name] = [self.refused.get(name, "There is no such field.")]
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            errors.update(cast("dict[str, Any]", error.detail))
        if errors:
            raise serializers.ValidationError(errors)
        return values


class NoBody(Body):
    """A call that says all in its address."""


# --- campaigns


class RulesBody(Body):
    """How the campaign collects votes. What is left out stays, or is the default of a new campaign."""

    votes_wanted = WholeNumber(
        required=False,
        min_value=1,
        max_value=VOTES_WANTED_LIMIT,
        help_text="How many people judge each pair at first. A change holds at once. Default 3.",
    )
    votes_max = WholeNumber(
        required=False,
        min_value=1,
        max_value=VOTES_WANTED_LIMIT,
        help_text="How many at most, where those at first do not agree. The same as votes_wanted: just as many for every pair.",
    )
    stop_confidence = Share(
        required=False,
        min_value=0.5,
        max_value=0.999,
        help_text="How probable the leading answer must be for a pair to need no further vote. Default 0.9.",
    )
    lease_seconds = WholeNumber(
        required=False,
        min_value=LEASE_SECONDS_LIMITS[0],
        max_value=LEASE_SECONDS_LIMITS[1],
        help_text="How long an assignment waits for its annotator before somebody else gets the seat. Default 1800.",
    )
    pairing_rule = serializers.ChoiceField(
        PairingRule.choices, required=False, help_text="How k images of one prompt become pairs, from the next import on."
    )
    consensus_method = serializers.ChoiceField(
        ConsensusMethod.choices, required=False, help_text="How votes become the label of a pair. Default majority."
    )
    limit_per_day = WholeNumber(
        required=False, allow_null=True, min_value=1, max_value=LIMIT_MAX, help_text="Votes of one annotator in a day (UTC)."
    )
    limit_total = WholeNumber(
        required=False, allow_null=True, min_value=1, max_value=LIMIT_MAX, help_text="Votes of one annotator in all."
    )
    limit_share = Share(
        required=False,
        allow_null=True,
        min_value=0.001,
        max_value=1,
        help_text="Share of the votes the campaign wants that one annotator may give.",
    )
    flags_to_hold = WholeNumber(
        required=False,
        min_value=1,
        max_value=VOTES_WANTED_LIMIT,
        help_text="How many annotators must flag a pair before it is taken out until a manager decides. Default 2.",
    )
    undo_votes = WholeNumber(
        required=False, min_value=0, max_value=100, help_text="How many of their last votes annotators may undo. Default 10."
    )
    undo_minutes = WholeNumber(
        required=False, min_value=1, max_value=24 * 60, help_text="For how many minutes after the vote. Default 15."
    )
    gold_rate = Share(
        required=False,
        min_value=0,
        max_value=GOLD_RATE_LIMIT,
        help_text="Share of everybody's pairs whose answer is known, at places nobody can foresee. Default 0.1.",
    )
    repeat_rate = Share(
        required=False,
        min_value=0,
        max_value=REPEAT_RATE_LIMIT,
        help_text="Share of everybody's pairs that are earlier ones of theirs, with the sides swapped. Default 0.05.",
    )
    repeat_after = WholeNumber(
        required=False,
        min_value=1,
        max_value=10_000,
        help_text="How many other votes lie at least between a pair and its repeat. Default 20.",
    )
    training_pairs = WholeNumber(
        required=False,
        min_value=0,
        max_value=TRAINING_PAIRS_LIMIT,
        help_text="How many training pairs people judge, with feedback, before they are let in. Default 0: no training.",
    )
    training_pass_mark = Share(
        required=False, min_value=0, max_value=1, help_text="Share of them that must be right. Default 0.8."
    )
    training_tries = WholeNumber(
        required=False, min_value=1, max_value=100, help_text="How often somebody may do the training. Default 2."
    )
    completion_code = Text(
        required=False,
        allow_blank=True,
        max_length=COMPLETION_CODE_LIMIT,
        help_text="What people from a crowd platform are shown at the end, to enter there. Default empty: none.",
    )
    return_url = Text(
        required=False,
        allow_blank=True,
        max_length=RETURN_URL_LIMIT,
        validators=[URLValidator(schemes=["https"], message="Use an address that begins with https://.")],
        help_text="Where they go back to at the end. Default empty: nowhere.",
    )
    asks_comment = serializers.BooleanField(
        required=False, help_text="Whether annotators may write a comment beside their answer. Default false."
    )
    data_is_public = YesOrNo(
        required=False, help_text="Whether anybody may read the releases over the Hub's protocol. Default false."
    )
    licence = Text(
        required=False,
        allow_blank=True,
        max_length=64,
        validators=[RegexValidator(LICENCE_PATTERN, LICENCE_WORDS)],
        help_text="What others may do with the releases: the Hub's short name of a licence, such as cc-by-4.0. Default empty.",
    )
    citation = Text(
        required=False, allow_blank=True, max_length=CITATION_LIMIT, help_text="How to cite the releases. Default empty."
    )
    share_validation = Share(
        required=False,
        min_value=0,
        max_value=SPLIT_SHARE_LIMIT,
        help_text="Share of the prompts in the validation split of releases. Default 0.1.",
    )
    share_test = Share(
        required=False, min_value=0, max_value=SPLIT_SHARE_LIMIT, help_text="Of those in the test split. Default 0.1."
    )


class QuestionBody(Body):
    """What is asked of a pair."""

    slug = PatternText(r"^[a-z][a-z0-9_]*$", max_length=48)
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


class CampaignChanges(RulesBody):
    """What is to be changed; what is left out stays."""

    refused = dict.fromkeys(["slug", "questions", "guideline", "progress", "created_at", "member"], "This cannot be changed.")

    name = Text(max_length=200, required=False)
    description = Text(max_length=20_000, allow_blank=True, required=False)
    state = serializers.ChoiceField(CampaignState.choices, required=False)


class NewCampaign(RulesBody):
    """A campaign to be made."""

    slug = PatternText(SLUG_PATTERN, max_length=96)
    name = Text(max_length=200)
    description = Text(max_length=20_000, allow_blank=True, default="")
    state = serializers.ChoiceField([CampaignState.DRAFT, CampaignState.OPEN], default=CampaignState.DRAFT)
    questions = serializers.ListField(
        child=QuestionBody(),
        default=list,
        max_length=QUESTIONS_LIMIT,
        help_text="The first is primary. Left out: which image is better overall.",
    )
    guideline = Text(max_length=200_000, allow_blank=True, default="", help_text="Its first guideline, in Markdown.")

    def validate_questions(self, questions: list[dict[str, str]]) -> list[dict[str, str]]:
        if len({question["slug"] for question in questions}) < len(questions):
            raise serializers.ValidationError("Each question needs a slug of its own.")
        return questions


class QuestionSerializer(serializers.ModelSerializer[Question]):
    choices = serializers.ListField(child=serializers.ChoiceField(Choice.choices))

    class Meta:
        model = Question
        fields = ["slug", "text", "choices"]


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
            *RULES,
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


# --- imports


class ImportUpload(serializers.Serializer[Any]):
    """A form with a file."""

    # For the OpenAPI document only: the view reads the form itself.

    file = serializers.FileField(help_text="JSONL, CSV, parquet, or a ZIP of one of them with its images.")
    map = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Columns that are called otherwise, as ours=theirs."
    )


class LineErrorSerializer(serializers.ModelSerializer[LineError]):
    """Why a line was refused."""

    class Meta:
        model = LineError
        fields = ["number", "field", "message"]
        read_only_fields = fields


class ImportSerializer(serializers.ModelSerializer[Import]):
    """One file, or request body, of pairs on its way in."""

    map = serializers.DictField(source="column_map", child=serializers.CharField(), read_only=True)

    class Meta:
        model = Import
        fields = [
            "id",
            "file_name",
            "map",
            "state",
            "error",
            "lines_total",
            "lines_done",
            "lines_failed",
            "pairs_added",
            "pairs_known",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields


class ImportDetailSerializer(ImportSerializer):
    """An import with the lines that were refused, up to a thousand at a time."""

    line_errors = serializers.SerializerMethodField()
    line_errors_next = serializers.SerializerMethodField(help_text="The address that shows the refused lines after these.")

    class Meta(ImportSerializer.Meta):
        fields = [*ImportSerializer.Meta.fields, "line_errors", "line_errors_next"]
        read_only_fields = fields

    @extend_schema_field(LineErrorSerializer(many=True))
    def get_line_errors(self, import_: Import) -> Any:
        return LineErrorSerializer(self.context["line_errors"], many=True).data

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_line_errors_next(self, import_: Import) -> str | None:
        return self.context["line_errors_next"]


# --- judging

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


class OwnVoteSerializer(serializers.ModelSerializer[Vote]):
    """A vote in the columns of the `votes` config, as its annotator gets it back."""

    # Which of their pairs were gold or repeats is not theirs to know, so `kind` is null.

    vote_id = serializers.IntegerField(source="pk")
    pair_id = serializers.IntegerField(source="assignment.pair_id")
    question = serializers.CharField(source="question.slug")
    annotator_id = serializers.CharField(source="assignment.member.public_id")
    a_on_left = serializers.BooleanField(source="assignment.a_on_left")
    kind = serializers.SerializerMethodField(help_text="Always null here; exports have it.")
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
            "guideline_version",
            "created_at",
            "void_reason",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "nullable": True})
    def get_kind(self, vote: Vote) -> None:
        return None


class AnswerSerializer(serializers.Serializer[Any]):
    """The votes of an answer that was sent as `choices`, in the order of the questions."""

    assignment = serializers.IntegerField()
    votes = OwnVoteSerializer(many=True)


class ExportedVoteSerializer(serializers.Serializer[Any]):
    """A vote in the columns of the `votes` config. Of somebody who withdrew, only that there was one."""

    # For the OpenAPI document: the database makes the JSON (following.py).

    vote_id = serializers.IntegerField()
    pair_id = serializers.IntegerField()
    question = serializers.CharField()
    annotator_id = serializers.CharField(help_text="A pseudonym; the same person has another one in another campaign.")
    choice = serializers.ChoiceField(Choice.choices, allow_null=True, help_text="Null where its annotator withdrew.")
    a_on_left = serializers.BooleanField(allow_null=True)
    kind = serializers.ChoiceField(AssignmentKind.choices, help_text="Only regular votes make labels; `machine`: of a machine.")
    elapsed_ms = serializers.IntegerField(allow_null=True)
    guideline_version = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    void_reason = serializers.ChoiceField(VoidReason.choices, allow_null=True, help_text="Null for a vote that counts.")


class VotePageSerializer(serializers.Serializer[Any]):
    """Votes in the order of their last change, the oldest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ExportedVoteSerializer(many=True)


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


# --- releases


class ReleaseFileSerializer(serializers.ModelSerializer[ReleaseFile]):
    """A file of a release."""

    class Meta:
        model = ReleaseFile
        fields = ["path", "size", "sha256"]
        read_only_fields = fields


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    """An immutable, numbered snapshot of a campaign in Hub format, with its files once it is ready."""

    files = ReleaseFileSerializer(many=True)

    class Meta:
        model = Release
        fields = ["number", "revision", "state", "progress", "files", "created_at", "error"]
        read_only_fields = fields


# --- webhooks


class NewWebhook(Body):
    """An address to tell, and of what."""

    url = Text(max_length=URL_LIMIT, help_text="https, and out on the internet; or in a network of WEBHOOK_NETWORKS.")
    events = serializers.ListField(child=serializers.ChoiceField([(event.value, event.label) for event in CAMPAIGN_EVENTS]))


class WebhookChanges(Body):
    """What is left out stays."""

    url = Text(required=False, max_length=URL_LIMIT)
    events = serializers.ListField(
        required=False, child=serializers.ChoiceField([(event.value, event.label) for event in CAMPAIGN_EVENTS])
    )
    active = YesOrNo(required=False)


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    """An address that is told what happens in a campaign."""

    active = serializers.BooleanField(source="is_active")
    events = serializers.ListField(child=serializers.ChoiceField([(event.value, event.label) for event in CAMPAIGN_EVENTS]))

    class Meta:
        model = Webhook
        fields = ["id", "url", "events", "active", "created_at"]
        read_only_fields = fields


class WebhookWithSecretSerializer(WebhookSerializer):
    """A new webhook."""

    secret = serializers.CharField(help_text="Signs what is sent. Keep it: it is shown this once.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One event on its way to one webhook. `id` is that of the body."""

    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = Delivery
        fields = ["id", "event", "state", "attempts", "status", "error", "created_at", "last_attempt_at", "next_attempt_at"]
        read_only_fields = fields
