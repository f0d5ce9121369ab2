"""Releases and their files."""

from __future__ import annotations

from rest_framework import serializers

from annotator.choices import ReleaseConfig
from annotator.models import Release, ReleaseFile, TakeDown
from annotator.releasing.lifecycle import SHARD_BYTES_MAX, SHARD_BYTES_MIN, SHARD_COUNT_MAX
from annotator.releasing.withdrawal import REASON_LIMIT
from api.serializers.base import Body, PatternText, Text, WholeNumber


class NewRelease(Body):
    """What a release is to hold, and how it is cut into files. Everything is optional."""

    configs = serializers.ListField(
        child=serializers.ChoiceField(choices=ReleaseConfig.choices),
        required=False,
        allow_empty=False,
        max_length=len(ReleaseConfig),
        help_text="The configs besides `votes`, `leaderboard` and `leaderboards`, which are always there. Default: `pairs`, "
        "`binarized` and `diffusion_dpo`. A config that goes by one question is there for each: `binarized_beauty` for the "
        "question `beauty`.",
    )
    shard_bytes = WholeNumber(
        required=False,
        allow_null=True,
        min_value=SHARD_BYTES_MIN,
        max_value=SHARD_BYTES_MAX,
        help_text="About how many bytes each file holds. Default: 500,000,000.",
    )
    shard_count = WholeNumber(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=SHARD_COUNT_MAX,
        help_text="Into how many files each split of a config is cut, instead of `shard_bytes`.",
    )


class ReleaseFileSerializer(serializers.ModelSerializer[ReleaseFile]):
    """A file of a release."""

    class Meta:
        model = ReleaseFile
        fields = ["path", "size", "sha256"]
        read_only_fields = fields


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    """An immutable, numbered snapshot of a campaign in Hub format. It lists its files when it is ready.

    One that is `yanked` can no longer be read. Its manifest stays, and `yank_reason` says why.
    """

    files = ReleaseFileSerializer(many=True)
    replaced_by = serializers.SlugRelatedField("number", read_only=True, allow_null=True)  # type: ignore[var-annotated]
    configs = serializers.ListField(
        child=serializers.CharField(), help_text="What it holds besides the votes and leaderboards. Empty: the usual configs."
    )

    class Meta:
        model = Release
        fields = [
            "number",
            "revision",
            "state",
            "progress",
            "configs",
            "shard_bytes",
            "shard_count",
            "files",
            "created_at",
            "error",
            "yank_reason",
            "replaced_by",
        ]
        read_only_fields = fields


class Yank(Body):
    reason = Text(max_length=REASON_LIMIT, help_text="Why. Everybody who asks for the release reads it.")


class NewTakeDown(Body):
    sha256 = PatternText(r"^[0-9a-f]{64}$", help_text="Of the imported file: `sha256_a` or `sha256_b` of a pair.")
    reason = Text(max_length=REASON_LIMIT)


class TakeDownSerializer(serializers.ModelSerializer[TakeDown]):
    """An image that was taken down in the campaign."""

    class Meta:
        model = TakeDown
        fields = ["sha256", "reason", "created_at"]
        read_only_fields = fields


class TakenDownSerializer(serializers.Serializer[object]):
    """What a take-down did, in all campaigns that you manage."""

    sha256 = serializers.CharField()
    campaigns = serializers.ListField(child=serializers.CharField(), help_text="Slugs of those it was taken down in.")
    pairs_held = serializers.IntegerField(help_text="Pairs that were taken out of circulation.")
    releases_yanked = serializers.IntegerField()
    remains_elsewhere = serializers.BooleanField(
        help_text="Whether a campaign that you do not manage has the same file, so that it stays in storage."
    )


class WithdrawnReleaseSerializer(serializers.ModelSerializer[Release]):
    """A release with votes of people who withdrew since it was built."""

    withdrawn = serializers.IntegerField(help_text="How many people.")

    class Meta:
        model = Release
        fields = ["number", "withdrawn"]
        read_only_fields = fields
