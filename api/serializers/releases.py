"""Releases and their files."""

from __future__ import annotations

from rest_framework import serializers

from annotator.choices import ReleaseConfig
from annotator.models import Release, ReleaseFile
from annotator.releasing.lifecycle import SHARD_BYTES_MAX, SHARD_BYTES_MIN, SHARD_COUNT_MAX
from api.serializers.base import Body, WholeNumber


class NewRelease(Body):
    """What a release is to hold, and how it is cut into files. Everything is optional."""

    configs = serializers.ListField(
        child=serializers.ChoiceField(choices=ReleaseConfig.choices),
        required=False,
        allow_empty=False,
        max_length=len(ReleaseConfig),
        help_text="The configs besides `votes`, `leaderboard` and `leaderboards`, which are always there. Default: `pairs`, "
        "`binarized` and `diffusion_dpo`.",
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
    """An immutable, numbered snapshot of a campaign in Hub format. It lists its files when it is ready."""

    files = ReleaseFileSerializer(many=True)
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
        ]
        read_only_fields = fields
